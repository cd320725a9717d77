package dev.jdiffusion.cuda.backend;

import dev.jdiffusion.tensor.Precision;
import dev.jdiffusion.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * The part of a matrix product that one block of threads computes, by the names of {@code gemm.cuh}
 * and {@code staged.cuh}.
 *
 * <p>A larger tile reads each operand less often; a smaller one keeps more of the device busy. The
 * choice depends on extents, alignment and precision, never on the device. It changes no bits of a
 * product in single precision whose K is not cut; others it may change, since it says where K is
 * cut, and {@link #SMALL} never rounds operands.
 */
enum GemmTile {
  HUGE(128, 256, 256),
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

  /** Rows and columns of a warp's part of a staged tile. */
  private static final int STAGED_WARP = 64;

  /** Bytes of a row or column in one stage of a staged tile. */
  private static final int STAGE_BYTES = 64;

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
    if (HUGE.fits(columns) && HUGE.blocks(rows, columns, products) >= MANY_BLOCKS) {
      return HUGE;
    }
    if (LARGE.fits(columns) && LARGE.blocks(rows, columns, products) >= 2 * MANY_BLOCKS) {
      return LARGE;
    }
    return MEDIUM.blocks(rows, columns, products) >= MANY_BLOCKS ? MEDIUM : SMALL;
  }

  /** Like {@link #choose(int, int, long)} where K may be cut into pieces. */
  static GemmTile choose(int rows, int columns, long products, int depth) {
    return choose(rows, columns, products * Math.max(1, depth / (2 * SHORTEST_PIECE)));
  }

  /** Whether a tile of so many columns computes hardly more than exist. */
  private boolean fits(int extent) {
    return padded(extent) <= MEDIUM.padded(extent) * 9L / 8;
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
  int piece(int depth, long blocks, long resultSize) {
    long most = Math.min(depth / SHORTEST_PIECE, LARGEST_WORKSPACE / Math.max(1, resultSize));
    // Of the largest tile, half as many blocks are on a device at once.
    long wanted = this == HUGE ? BLOCKS_WITH_PIECES / 2 : BLOCKS_WITH_PIECES;
    int pieces = (int) Math.max(1, Math.min(most, wanted / Math.max(1, blocks)));
    // A multiple of every tile's slice.
    return (((depth + pieces - 1) / pieces) + 15) / 16 * 16;
  }

  /** How many pieces there are; one if there is nothing to sum over. */
  static int pieces(int depth, int piece) {
    return Math.max(1, (depth + piece - 1) / Math.max(1, piece));
  }

  /** Whether slices come by {@code cp.async} ({@code staged.cuh}). */
  boolean isStaged(Precision precision) {
    return precision != Precision.FP32 && (this == LARGE || this == HUGE);
  }

  /** Whether operands are to be rounded in memory before the product. */
  boolean wantsRounded(Precision precision) {
    return precision == Precision.BF16 && isStaged(precision);
  }

  /** Starts a kernel of this tile, which has been given its arguments. */
  void launch(Kernel kernel, long blocks, Precision precision) {
    int grid = Math.toIntExact(blocks);
    if (isStaged(precision)) {
      int stages = this == HUGE ? 4 : 3;
      kernel.launch(
          grid,
          1,
          1,
          rows / STAGED_WARP * (columns / STAGED_WARP) * 32,
          1,
          stages * (rows + columns) * STAGE_BYTES);
    } else {
      kernel.launch(grid, threads);
    }
  }

  /**
   * The tile that stands in for this one where there is no kernel for it.
   *
   * @param unit of {@link #unit}
   */
  GemmTile available(int unit, Precision precision) {
    boolean missing =
        switch (this) {
          case HUGE, LARGE -> unit < (precision == Precision.BF16 ? 8 : 4);
          case TALL -> precision != Precision.FP32;
          default -> false;
        };
    if (missing) {
      return MEDIUM;
    }
    return this == HUGE && precision == Precision.FP32 ? LARGE : this;
  }

  /**
   * How many numbers the rows of all tensors start at multiples of: 8, 4 or 1. Four can be loaded
   * at once, eight if they have 16 bits.
   *
   * @param aligned whether all tensors start at multiples of 16 bytes
   * @param a an extent of rows, as {@code b} and {@code c} are
   */
  static int unit(boolean aligned, int a, int b, int c) {
    int common = a | b | c;
    return !aligned || common % 4 != 0 ? 1 : common % 8 != 0 ? 4 : 8;
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
