package dev.jdiffusion.cuda.emulator;

/**
 * What arithmetic instructions do to a whole warp: one loop over the 32 lanes each, so that the JIT
 * compiler sees a plain loop over arrays. They compute all lanes, whether these take part or not;
 * {@link Arithmetic} keeps the results of those that do. A result may be written to the array of an
 * argument. Registers of 32 and 16 bits and single-precision numbers are lanes of {@code int},
 * those of 64 bits lanes of {@code long}, predicates one bit per lane.
 */
final class Lanes {
  /** Threads of a warp. */
  static final int COUNT = 32;

  /** The mask of all lanes. */
  static final int ALL = -1;

  private Lanes() {}

  /** Up to three arguments of 32 bits. */
  interface Narrow {
    void apply(int[] d, int[] a, int[] b, int[] c);
  }

  /** Up to three arguments of 64 bits. */
  interface Wide {
    void apply(long[] d, long[] a, long[] b, long[] c);
  }

  /** 64 bits of 32, such as products. */
  interface Widening {
    void apply(long[] d, int[] a, int[] b, long[] c);
  }

  /** 32 bits of 64. */
  interface Narrowing {
    void apply(int[] d, long[] a);
  }

  /** 64 bits moved by two amounts of 32 bits: shifts and fields. */
  interface Shifting {
    void apply(long[] d, long[] a, int[] b, int[] c);
  }

  /** A mask of the lanes where something holds. */
  interface NarrowTest {
    int test(int[] a, int[] b);
  }

  /** A mask of the lanes where something holds. */
  interface WideTest {
    int test(long[] a, long[] b);
  }
}
