package dev.jdiffusion.cuda.backend;

import static java.lang.foreign.ValueLayout.JAVA_DOUBLE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import dev.jdiffusion.cuda.driver.GpuDriver;
import dev.jdiffusion.cuda.driver.GpuStream;
import dev.jdiffusion.tensor.RecordingRefusedException;
import dev.jdiffusion.tensor.Tensor;
import java.lang.foreign.MemorySegment;

/**
 * Device memory, and copies between it and the host.
 *
 * <p>Copies go through a piece of page-locked memory, from which the device reads while the host
 * goes on. It is filled from its start to its end; then the host waits until the device has read
 * all of it. So no copy can be part of a recording: when it is repeated, that memory holds
 * something else.
 */
final class CudaMemory {
  private static final long STAGING_BYTES = 4 << 20;

  /** Copies start at multiples of it. */
  private static final long ALIGNMENT = 64;

  private final GpuDriver driver;
  private final GpuStream stream;
  private final CachingAllocator allocator;
  private final MemorySegment staging;
  private long filled;
  private boolean recording;

  CudaMemory(GpuDriver driver, GpuStream stream) {
    this.driver = driver;
    this.stream = stream;
    this.allocator = new CachingAllocator(driver, stream);
    this.staging = driver.allocatePinned(STAGING_BYTES);
  }

  CachingAllocator allocator() {
    return allocator;
  }

  boolean isRecording() {
    return recording;
  }

  /** From now on nothing may wait for the device, and tensors get memory of their own. */
  void beginRecording() {
    recording = true;
    allocator.beginRecording();
  }

  /**
   * Ends {@link #beginRecording}.
   *
   * @param kept whether there is a recording now, whose memory stays its own until {@link
   *     CachingAllocator#recordingClosed}
   */
  void endRecording(boolean kept) {
    recording = false;
    allocator.endRecording(kept);
  }

  /**
   * Refuses what a repetition would do with numbers of the time of the recording.
   *
   * @param what the work does, for the message
   */
  void refuseWhileRecording(String what) {
    if (recording) {
      throw new RecordingRefusedException(
          "the work " + what + ", and each repetition would use the numbers of the first");
    }
  }

  /** Where a tensor's first element lies. */
  static long address(Tensor tensor) {
    return CudaStorage.address(tensor.storage()) + (long) tensor.offset() * Float.BYTES;
  }

  /** Waits until all work is done. */
  void synchronize() {
    if (recording) {
      throw new RecordingRefusedException("the work waits for the device");
    }
    driver.synchronize(stream);
    filled = 0;
  }

  /** The next free piece of the staging memory. */
  private MemorySegment stage(long bytes) {
    if (filled + bytes > STAGING_BYTES) {
      synchronize();
    }
    MemorySegment piece = staging.asSlice(filled, bytes);
    filled += (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    return piece;
  }

  /** Copies a part of the host's numbers to or from a staged piece. */
  private interface Part {
    void copy(MemorySegment piece, int first, int count);
  }

  private void write(long target, int count, Part part) {
    refuseWhileRecording("takes numbers from the host");
    int most = (int) (STAGING_BYTES / Float.BYTES);
    for (int first = 0; first < count; first += most) {
      int length = Math.min(most, count - first);
      MemorySegment piece = stage((long) length * Float.BYTES);
      part.copy(piece, first, length);
      driver.copyToDevice(piece, target + (long) first * Float.BYTES, stream);
    }
  }

  private void read(long source, int count, Part part) {
    refuseWhileRecording("gives numbers to the host");
    int most = (int) (STAGING_BYTES / Float.BYTES);
    for (int first = 0; first < count; first += most) {
      int length = Math.min(most, count - first);
      MemorySegment piece = stage((long) length * Float.BYTES);
      driver.copyToHost(source + (long) first * Float.BYTES, piece, stream);
      synchronize();
      part.copy(piece, first, length);
    }
  }

  void write(float[] source, int from, Tensor target) {
    write(
        address(target),
        target.size(),
        (piece, first, count) ->
            MemorySegment.copy(source, from + first, piece, JAVA_FLOAT, 0, count));
  }

  void write(double[] source, int from, Tensor target) {
    write(
        address(target),
        target.size(),
        (piece, first, count) -> {
          for (int i = 0; i < count; i++) {
            piece.setAtIndex(JAVA_FLOAT, i, (float) source[from + first + i]);
          }
        });
  }

  void read(Tensor source, float[] target, int to) {
    read(
        address(source),
        source.size(),
        (piece, first, count) ->
            MemorySegment.copy(piece, JAVA_FLOAT, 0, target, to + first, count));
  }

  void read(Tensor source, double[] target, int to) {
    read(
        address(source),
        source.size(),
        (piece, first, count) -> {
          for (int i = 0; i < count; i++) {
            target[to + first + i] = piece.getAtIndex(JAVA_FLOAT, i);
          }
        });
  }

  /** The double that a kernel has written to two elements of a tensor. */
  double readDouble(Tensor source) {
    refuseWhileRecording("gives numbers to the host");
    MemorySegment piece = stage(Double.BYTES);
    driver.copyToHost(address(source), piece, stream);
    synchronize();
    return piece.get(JAVA_DOUBLE, 0);
  }

  /** Copies integers to the device, until {@link DeviceInts#close}. */
  DeviceInts upload(int... values) {
    refuseWhileRecording("takes numbers from the host");
    CachingAllocator.Block block =
        allocator.allocate((long) values.length * Integer.BYTES, "integers");
    write(
        block.address(),
        values.length,
        (piece, first, count) -> MemorySegment.copy(values, first, piece, JAVA_INT, 0, count));
    return new DeviceInts(allocator, block);
  }

  void copy(Tensor source, Tensor target) {
    long from = address(source);
    long to = address(target);
    if (from != to && source.size() > 0) {
      driver.copy(from, to, (long) source.size() * Float.BYTES, stream);
    }
  }

  void fill(Tensor target, float value) {
    if (target.size() > 0) {
      driver.fill(address(target), Float.floatToRawIntBits(value), target.size(), stream);
    }
  }
}
