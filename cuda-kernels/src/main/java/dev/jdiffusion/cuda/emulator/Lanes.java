package dev.jdiffusion.cuda.emulator;

/**
 * What arithmetic instructions do to a warp, or to all warps of a block at once: one loop over the
 * lanes from {@code from} to before {@code to}, so that the JIT compiler sees a plain loop over
 * arrays. They compute all of these, whether they take part or not; {@link Arithmetic} keeps the
 * results of those that do. A result may be written to the array of an argument. Registers of 32
 * and 16 bits are lanes of {@code int}, those of type {@code .f32} lanes of {@code float}, those of
 * 64 bits lanes of {@code long}, predicates one bit per lane.
 */
final class Lanes {
  /** Threads of a warp. */
  static final int COUNT = 32;

  /** Threads of the largest block. */
  static final int MOST = 1024;

  /** The mask of all lanes of a warp. */
  static final int ALL = -1;

  private Lanes() {}

  /** Up to three arguments of 32 bits. */
  interface Narrow {
    void apply(int[] d, int[] a, int[] b, int[] c, int from, int to);
  }

  /** Up to three arguments of single precision. */
  interface Single {
    void apply(float[] d, float[] a, float[] b, float[] c, int from, int to);
  }

  /** Up to three arguments of 64 bits. */
  interface Wide {
    void apply(long[] d, long[] a, long[] b, long[] c, int from, int to);
  }

  /** 64 bits of 32, such as products. */
  interface Widening {
    void apply(long[] d, int[] a, int[] b, long[] c, int from, int to);
  }

  /** 32 bits of 64. */
  interface Narrowing {
    void apply(int[] d, long[] a, int from, int to);
  }

  /** 64 bits moved by two amounts of 32 bits: shifts and fields. */
  interface Shifting {
    void apply(long[] d, long[] a, int[] b, int[] c, int from, int to);
  }

  /** A mask of the lanes where something holds, of the warp that begins at {@code from}. */
  interface NarrowTest {
    int test(int[] a, int[] b, int from);
  }

  /** A mask of the lanes where something holds, of the warp that begins at {@code from}. */
  interface WideTest {
    int test(long[] a, long[] b, int from);
  }
}
