package dev.jdiffusion.cuda.vendor;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.jdiffusion.cuda.driver.GpuDriver;
import dev.jdiffusion.cuda.driver.GpuStream;
import dev.jdiffusion.cuda.emulator.EmulatorDriver;
import java.lang.foreign.MemorySegment;
import java.util.function.IntSupplier;

/**
 * The memory of an emulated GPU, where fakes of NVIDIA's libraries find what the addresses mean
 * that they are given: an address out of bounds, or of numbers that nobody wrote, is an error.
 */
@SuppressWarnings("restricted")
final class EmulatedMemory {
  private GpuDriver driver = new EmulatorDriver(1);
  private GpuStream stream = driver.createStream();

  /** From now on the addresses are those of another GPU. */
  void use(GpuDriver other) {
    driver = other;
    stream = driver.createStream();
  }

  float[] read(long address, long count) {
    float[] values = new float[Math.toIntExact(count)];
    driver.copyToHost(address, MemorySegment.ofArray(values), stream);
    return values;
  }

  void write(long address, float[] values) {
    driver.copyToDevice(MemorySegment.ofArray(values), address, stream);
  }

  /** Leaves traces in all of a piece of memory. */
  void scribble(long address, long bytes) {
    driver.fill(address, 0x7FC0_DEAD, bytes / Float.BYTES, stream);
  }

  /**
   * Does what a function does. Native code cannot pass an exception on, so it becomes a status.
   *
   * @param failure the status
   */
  static int call(int failure, IntSupplier function) {
    try {
      return function.getAsInt();
    } catch (RuntimeException | Error e) {
      e.printStackTrace(System.err);
      return failure;
    }
  }

  static float number(MemorySegment pointer) {
    return pointer.reinterpret(Float.BYTES).get(JAVA_FLOAT, 0);
  }

  static void set(MemorySegment pointer, int value) {
    pointer.reinterpret(Integer.BYTES).set(JAVA_INT, 0, value);
  }

  static void set(MemorySegment pointer, long value) {
    pointer.reinterpret(Long.BYTES).set(JAVA_LONG, 0, value);
  }
}
