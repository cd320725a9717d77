package dev.jdiffusion.tensor.cpu;

/**
 * Brings memory into the cache in the order in which it lies.
 *
 * <p>Kernels read and write many short pieces far apart, which the hardware does not foresee; they
 * then wait for memory line by line. Reading one element of each line first, all independent of one
 * another, keeps many lines on their way at once.
 */
final class Prefetch {
  private static final int LINE = 16;

  private Prefetch() {}

  /**
   * Reads a range; the result means nothing, but has to be stored somewhere lest the reading be
   * optimised away.
   */
  static float range(float[] array, int from, int length) {
    float s0 = 0;
    float s1 = 0;
    float s2 = 0;
    float s3 = 0;
    int end = from + length;
    int i = from;
    for (; i <= end - 4 * LINE; i += 4 * LINE) {
      s0 += array[i];
      s1 += array[i + LINE];
      s2 += array[i + 2 * LINE];
      s3 += array[i + 3 * LINE];
    }
    for (; i < end; i += LINE) {
      s0 += array[i];
    }
    return s0 + s1 + s2 + s3;
  }
}
