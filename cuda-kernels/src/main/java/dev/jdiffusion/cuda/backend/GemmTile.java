package dev.jdiffusion.cuda.backend;

import dev.jdiffusion.tensor.Precision;
import dev.jdiffusion.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * The part of a matrix product that one block of threads computes, by the names of {@code
 * gemm.cuh}.
 *
 * <p>A larger tile reads each operand less often; a smaller one keeps more of the device busy. The
 * choice depends on extents alone, never on the device, and does not change any bits.
 */
enum GemmTile {
  LARGE(128, 128, 256),
  MEDIUM(64, 64, 128),
  TALL(128, 32, 128),
  SMALL(32, 32, 64);

  /** About as many blocks as keep a large device busy. */
  private static final long MANY_BLOCKS = 96;

  /** Pieces of K aim at this many blocks ... */
  private static final long BLOCKS_WITH_PIECES = 264;

  /** ... but are not shorter than this. */
  private static final int SHORTEST_PIECE = 256;

  /** A workspace of partial sums has at most this many elements. */
  private static final long LARGEST_WORKSPACE = 1L << 26;

  private final int rows;
  private final int columns;
  private final int threads;

  GemmTile(int rows, int columns, int threads) {
    this.rows = rows;
    this.columns = columns;
    this.threads = threads;
  }

  /**
   * The tile for products that are alike.
   *
   * @param products how many products run side by side, or parts of products
   */
  static GemmTile choose(int rows, int columns, long products) {
    if (columns <= SMALL.columns) {
      return TALL.blocks(rows, columns, products) >= MANY_BLOCKS ? TALL : SMALL;
    }
    boolean fitsLarge = LARGE.padded(columns) <= MEDIUM.padded(columns) * 9L / 8;
    if (fitsLarge && LARGE.blocks(rows, columns, products) >= 2 * MANY_BLOCKS) {
      return LARGE;
    }
    return MEDIUM.blocks(rows, columns, products) >= MANY_BLOCKS ? MEDIUM : SMALL;
  }

  /** Like {@link #choose(int, int, long)} where K may be cut into pieces. */
  static GemmTile choose(int rows, int columns, long products, int depth) {
    return choose(rows, columns, products * Math.max(1, depth / (2 * SHORTEST_PIECE)));
  }

  private int padded(int extent) {
    return (extent + columns - 1) / columns * columns;
  }

  /** Blocks that cover the results of products that are alike. */
  long blocks(int resultRows, int resultColumns, long products) {
    return products * ((resultRows + rows - 1) / rows) * ((resultColumns + columns - 1) / columns);
  }

  /**
   * The extent of the pieces that K is cut into, so that a small result of a long sum keeps a
   * device busy: the sums of the pieces are added in their order by a second kernel.
   */
  static int piece(int depth, long blocks, long resultSize) {
    long most = Math.min(depth / SHORTEST_PIECE, LARGEST_WORKSPACE / Math.max(1, resultSize));
    int pieces = (int) Math.max(1, Math.min(most, BLOCKS_WITH_PIECES / Math.max(1, blocks)));
    // A multiple of every tile's slice.
    return (((depth + pieces - 1) / pieces) + 15) / 16 * 16;
  }

  /** How many pieces there are; one if there is nothing to sum over. */
  static int pieces(int depth, int piece) {
    return Math.max(1, (depth + piece - 1) / Math.max(1, piece));
  }

  int threads() {
    return threads;
  }

  /**
   * The tile that stands in for this one where there is no kernel for it.
   *
   * @param wide whether rows of all tensors start at multiples of 16 bytes, so that four numbers
   *     can be loaded at once
   */
  GemmTile available(boolean wide, Precision precision) {
    boolean missing = this == LARGE && !wide || this == TALL && precision != Precision.FP32;
    return missing ? MEDIUM : this;
  }

  /** What weight gradients are computed in: they add up many small terms, and are kept. */
  static Precision ofWeightGradients(Precision precision) {
    return precision == Precision.BF16 ? Precision.TF32 : precision;
  }

  /** Whether a tensor, if there is one, starts at a multiple of 16 bytes. */
  static boolean aligned(@Nullable Tensor tensor) {
    return tensor == null || tensor.offset() % 4 == 0;
  }
}
