package dev.jdiffusion.cuda.backend;

import dev.jdiffusion.cuda.driver.GpuDriver;
import dev.jdiffusion.cuda.driver.GpuException;
import dev.jdiffusion.cuda.driver.GpuGraph;
import dev.jdiffusion.cuda.driver.GpuStream;
import dev.jdiffusion.tensor.OutOfDeviceMemoryException;
import dev.jdiffusion.tensor.Recorder;
import dev.jdiffusion.tensor.Recording;
import dev.jdiffusion.tensor.RecordingRefusedException;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/** Recordings that are CUDA graphs. */
final class CudaRecorder implements Recorder {
  private final GpuDriver driver;
  private final GpuStream stream;
  private final CudaMemory memory;
  private final Set<Graph> live = new LinkedHashSet<>();

  CudaRecorder(GpuDriver driver, GpuStream stream, CudaMemory memory) {
    this.driver = driver;
    this.stream = stream;
    this.memory = memory;
    memory.allocator().whenShortOfMemory(this::dropAll);
  }

  /** Gives the memory of all recordings back. */
  private void dropAll() {
    List.copyOf(live).forEach(Graph::drop);
  }

  @Override
  public Recording record(Runnable work) {
    if (memory.isRecording()) {
      throw new RecordingRefusedException("another recording is being made");
    }
    memory.beginRecording();
    boolean recorded = false;
    try {
      GpuGraph graph = capture(work);
      recorded = true;
      Graph recording = new Graph(graph);
      live.add(recording);
      return recording;
    } catch (GpuException | OutOfDeviceMemoryException e) {
      throw new RecordingRefusedException(String.valueOf(e.getMessage()), e);
    } finally {
      memory.endRecording(recorded);
    }
  }

  private GpuGraph capture(Runnable work) {
    driver.beginCapture(stream);
    try {
      work.run();
    } catch (RuntimeException | Error e) {
      try {
        driver.destroy(driver.endCapture(stream));
      } catch (GpuException alsoFailed) {
        e.addSuppressed(alsoFailed);
      }
      throw e;
    }
    return driver.endCapture(stream);
  }

  /** The graph of a recording. */
  private final class Graph implements Recording {
    private final GpuGraph graph;
    private boolean closed;

    Graph(GpuGraph graph) {
      this.graph = graph;
    }

    @Override
    public boolean replay() {
      if (closed) {
        throw new IllegalStateException("replay: the recording was closed");
      }
      if (memory.isRecording()) {
        throw new RecordingRefusedException("it replays another recording");
      }
      if (!live.contains(this)) {
        return false;
      }
      driver.launch(graph, stream);
      return true;
    }

    @Override
    public void close() {
      closed = true;
      drop();
    }

    void drop() {
      if (live.contains(this)) {
        memory.synchronize();
        live.remove(this);
        driver.destroy(graph);
        memory.allocator().recordingClosed();
      }
    }
  }
}
