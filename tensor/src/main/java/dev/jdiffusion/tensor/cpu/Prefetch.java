package dev.jdiffusion.tensor.cpu;

/**
 * Brings memory into the cache before it is used.
 *
 * <p>Kernels read and write many short pieces far apart, which the hardware does not foresee; they
 * then wait for memory line by line. Reading one element of each line first, all independent of one
 * another, keeps many lines on their way at once. It is done at four places in turn: the hardware
 * runs some distance ahead of each, which at one place alone reaches half the bandwidth.
 */
final class Prefetch {
  private static final int LINE = 16;

  private Prefetch() {}

  /**
   * Reads a range; the result means nothing, but has to be stored somewhere lest the reading be
   * optimised away.
   */
  static float range(float[] array, int from, int length) {
    int quarter = length / 4 & -LINE;
    float s0 = 0;
    float s1 = 0;
    float s2 = 0;
    float s3 = 0;
    int end = from + length;
    int i = from;
    for (; i < from + quarter; i += LINE) {
      s0 += array[i];
      s1 += array[i + quarter];
      s2 += array[i + 2 * quarter];
      s3 += array[i + 3 * quarter];
    }
    for (i += 3 * quarter; i < end; i += LINE) {
      s0 += array[i];
    }
    return s0 + s1 + s2 + s3;
  }
}
