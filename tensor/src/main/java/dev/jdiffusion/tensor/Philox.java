package dev.jdiffusion.tensor;

/**
 * Philox4x32-10, a counter-based random number generator: a keyed bijection of 128-bit counters
 * (Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011). Any
 * number of a stream is computed without the ones before it.
 *
 * <p>Number {@code position} of the stream (key, row) is made from word {@code position % 4} of the
 * block with
 *
 * <pre>
 * counter = (position / 4, row, key.step, key.purpose)
 * key     = (low 32 bits of key.seed, high 32 bits of key.seed)
 * </pre>
 *
 * where, with {@code top(w) = w >>> 8} the upper 24 bits of a word,
 *
 * <pre>
 * uniform = top(w) * 2^-24                                           in [0, 1)
 * normal: a block (w0, w1, w2, w3) gives the numbers of four consecutive positions (Box and Muller 1958)
 *   z0 = sqrt(-2 ln u1) cos(2 pi u2),   z1 = sqrt(-2 ln u1) sin(2 pi u2)
 *        with u1 = (top(w0) + 1) * 2^-24 in (0, 1] and u2 = top(w1) * 2^-24 in [0, 1)
 *   z2, z3 likewise from w2 and w3
 * </pre>
 */
public final class Philox {
  /** Words of a block: the numbers that one counter gives. */
  public static final int BLOCK = 4;

  private static final int ROUNDS = 10;
  private static final int MULTIPLIER_0 = 0xD2511F53;
  private static final int MULTIPLIER_1 = 0xCD9E8D57;

  /** The golden ratio. */
  private static final int WEYL_0 = 0x9E3779B9;

  /** sqrt(3) - 1. */
  private static final int WEYL_1 = 0xBB67AE85;

  private Philox() {}

  /**
   * The four words of a block.
   *
   * @param words overwritten, of length 4
   */
  public static void block(
      int counter0, int counter1, int counter2, int counter3, int key0, int key1, int[] words) {
    int c0 = counter0;
    int c1 = counter1;
    int c2 = counter2;
    int c3 = counter3;
    int k0 = key0;
    int k1 = key1;
    for (int round = 0; round < ROUNDS; round++) {
      long product0 = (MULTIPLIER_0 & 0xFFFFFFFFL) * (c0 & 0xFFFFFFFFL);
      long product1 = (MULTIPLIER_1 & 0xFFFFFFFFL) * (c2 & 0xFFFFFFFFL);
      int next0 = (int) (product1 >>> 32) ^ c1 ^ k0;
      int next2 = (int) (product0 >>> 32) ^ c3 ^ k1;
      c1 = (int) product1;
      c3 = (int) product0;
      c0 = next0;
      c2 = next2;
      k0 += WEYL_0;
      k1 += WEYL_1;
    }
    words[0] = c0;
    words[1] = c1;
    words[2] = c2;
    words[3] = c3;
  }

  /**
   * The words of the positions {@code 4 * block .. 4 * block + 3} of the stream (key, row).
   *
   * @param words overwritten, of length 4
   */
  public static void block(RandomKey key, int row, int block, int[] words) {
    block(
        block, row, key.step(), key.purpose(), (int) key.seed(), (int) (key.seed() >>> 32), words);
  }

  /** The uniform number of a word: in [0, 1), a multiple of 2^-24, exact in single precision. */
  public static float uniform(int word) {
    return (word >>> 8) * 0x1p-24f;
  }

  /**
   * The number u1 of the class comment: in (0, 1], a multiple of 2^-24, exact in single precision.
   */
  public static float positiveUniform(int word) {
    return ((word >>> 8) + 1) * 0x1p-24f;
  }
}
