package dev.jdiffusion.tensor;

import dev.jdiffusion.tensor.ops.Elementwise;
import dev.jdiffusion.tensor.ops.Probe;
import java.util.function.DoubleSupplier;
import java.util.function.LongSupplier;

/**
 * The two ceilings of a device, which no kernel on it can break through: the roofline of Williams,
 * Waterman and Patterson (2009).
 *
 * @param flopsPerSecond floating-point operations that all threads do together on numbers in
 *     registers; a fused multiply-add is two
 * @param bytesPerSecond what goes to and from main memory, an element counted as 4 bytes; work
 *     whose numbers stay in the caches may be faster
 */
public record MachineLimits(double flopsPerSecond, double bytesPerSecond) {
  private static final int BYTES = Float.BYTES;
  private static final int FEWEST_ROUNDS = 16;
  private static final int MOST_ROUNDS = 1 << 20;
  private static final int MOST_ELEMENTS = 1 << 25;
  private static final int FEWEST_ELEMENTS = 1 << 16;

  /**
   * One part in so many of the heap may be asked for, after a training that has used most of it.
   */
  private static final int PART_OF_HEAP = 32;

  /** So long no run must have been better. */
  private static final long NANOS = 130_000_000;

  /**
   * The same for arithmetic, which may have to wait for the JIT compiler: a kernel that is still
   * interpreted does not become better either, and on a busy machine the compiler needs seconds to
   * get to it.
   */
  private static final long ARITHMETIC_NANOS = 3_000_000_000L;

  /** No measurement is longer, on a machine so restless that there is always a better run. */
  private static final long MOST_NANOS = 20_000_000_000L;

  /** Only this much better is better. */
  private static final double BETTER = 1.01;

  private static final long LONG_NANOS = 2_000_000;

  /**
   * Measures a device, in some seconds: the best of many short runs. The bandwidth is the better of
   * that of a copy, which moves {@code 2 n} elements, and that of {@code y = y + scale * x}, which
   * moves {@code 3 n}.
   */
  public static MachineLimits measure(Backend backend) {
    try (Scope _ = Scope.open()) {
      Tensor chains = Tensor.zeros(backend, Shape.of(Probe.CHAINS));
      double flops = flops(backend, chains);
      int elements =
          (int)
              Math.clamp(
                  Runtime.getRuntime().maxMemory() / PART_OF_HEAP / BYTES,
                  FEWEST_ELEMENTS,
                  MOST_ELEMENTS);
      Tensor x = Tensor.zeros(backend, Shape.of(elements));
      Tensor y = Tensor.zeros(backend, Shape.of(elements));
      Elementwise elementwise = backend.elementwise();
      double copy =
          rate(
              backend,
              NANOS,
              () -> {
                elementwise.copy(x, y);
                return 2.0 * BYTES * elements;
              });
      double triad =
          rate(
              backend,
              NANOS,
              () -> {
                elementwise.addScaled(0.5, x, y);
                return 3.0 * BYTES * elements;
              });
      return new MachineLimits(flops, Math.max(copy, triad));
    }
  }

  /**
   * The least time in which this device can do some work.
   *
   * @param flops floating-point operations
   * @param bytes to and from memory
   */
  public double seconds(double flops, double bytes) {
    return Math.max(flops / flopsPerSecond, bytes / bytesPerSecond);
  }

  /** Whether the arithmetic, not the memory, decides how fast some work can be done. */
  public boolean isBoundByFlops(double flops, double bytes) {
    return flops / flopsPerSecond > bytes / bytesPerSecond;
  }

  /**
   * Calls that become longer as the compiler makes them faster: a long one that starts in the
   * interpreter would stay there to its end.
   */
  private static double flops(Backend backend, Tensor chains) {
    Probe probe = backend.probe();
    int[] rounds = {FEWEST_ROUNDS};
    return rate(
        backend,
        ARITHMETIC_NANOS,
        () -> {
          long start = System.nanoTime();
          double done = probe.multiplyAdds(rounds[0], chains);
          backend.synchronize();
          if (System.nanoTime() - start < LONG_NANOS && rounds[0] < MOST_ROUNDS) {
            rounds[0] *= 2;
          }
          return done;
        });
  }

  /**
   * The most that some work does in a second, as the work counts it. Not the median: whatever else
   * runs on the machine makes a run slower, and nothing makes one faster than the limit.
   */
  private static double rate(Backend backend, long nanos, DoubleSupplier work) {
    return rate(
        nanos,
        MOST_NANOS,
        () -> {
          double done = work.getAsDouble();
          backend.synchronize();
          return done;
        },
        System::nanoTime);
  }

  /**
   * The same, with a clock that counts nanoseconds.
   *
   * @param nanos ends when no run has been better for so long
   * @param most ends after so long in any case
   */
  static double rate(long nanos, long most, DoubleSupplier work, LongSupplier clock) {
    long begin = clock.getAsLong();
    long since = begin;
    double best = 0;
    long now;
    do {
      long start = clock.getAsLong();
      double done = work.getAsDouble();
      now = clock.getAsLong();
      double rate = done / ((now - start) * 1e-9);
      if (rate > best * BETTER) {
        since = now;
      }
      best = Math.max(best, rate);
    } while (now - since < nanos && now - begin < most);
    return best;
  }
}
