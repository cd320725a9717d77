package dev.jdiffusion.cuda.backend;

import dev.jdiffusion.cuda.driver.GpuDriver;
import dev.jdiffusion.cuda.driver.GpuException;
import dev.jdiffusion.cuda.driver.GpuGraph;
import dev.jdiffusion.cuda.driver.GpuStream;
import dev.jdiffusion.tensor.OutOfDeviceMemoryException;
import dev.jdiffusion.tensor.Recorder;
import dev.jdiffusion.tensor.Recording;
import dev.jdiffusion.tensor.RecordingRefusedException;

/** Recordings that are CUDA graphs. */
final class CudaRecorder implements Recorder {
  private final GpuDriver driver;
  private final GpuStream stream;
  private final CudaMemory memory;

  CudaRecorder(GpuDriver driver, GpuStream stream, CudaMemory memory) {
    this.driver = driver;
    this.stream = stream;
    this.memory = memory;
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
      return new Graph(graph);
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
    public void replay() {
      if (closed) {
        throw new IllegalStateException("replay: the recording was closed");
      }
      if (memory.isRecording()) {
        throw new RecordingRefusedException("it replays another recording");
      }
      driver.launch(graph, stream);
    }

    @Override
    public void close() {
      if (!closed) {
        closed = true;
        memory.synchronize();
        driver.destroy(graph);
        memory.allocator().recordingClosed();
      }
    }
  }
}
