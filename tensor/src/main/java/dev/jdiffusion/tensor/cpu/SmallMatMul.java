package dev.jdiffusion.tensor.cpu;

import static dev.jdiffusion.tensor.cpu.Lanes.F;
import static dev.jdiffusion.tensor.cpu.Lanes.L;
import static dev.jdiffusion.tensor.cpu.RowReductions.SECOND_1;
import static dev.jdiffusion.tensor.cpu.RowReductions.SECOND_2;
import static dev.jdiffusion.tensor.cpu.RowReductions.SECOND_4;
import static dev.jdiffusion.tensor.cpu.RowReductions.SECOND_8;
import static dev.jdiffusion.tensor.cpu.RowReductions.SWAP_1;
import static dev.jdiffusion.tensor.cpu.RowReductions.SWAP_2;
import static dev.jdiffusion.tensor.cpu.RowReductions.SWAP_4;
import static dev.jdiffusion.tensor.cpu.RowReductions.SWAP_8;

import jdk.incubator.vector.FloatVector;

/**
 * Products of matrices that lie in cache, as attention needs them: no packing, no threads. Every
 * element is one chain of fused multiply-adds in the order of the inner index, so neither tiles nor
 * widths show.
 *
 * <p>There are kernels for a matrix read along its rows and along its columns, because the indices
 * within a tile must be the loop's own counter or differ by constants: only then does C2 check
 * their bounds outside the loop. The fastest differ by constants, since one address then serves a
 * whole tile; so a matrix that is written before it is read by rows best has the {@link #PITCH}.
 */
final class SmallMatMul {
  /** The columns of a product are a multiple of this: two vectors of the widest kind. */
  static final int COLUMNS = 32;

  /** Distance of the rows of a pitched matrix, which is the most columns that it can have. */
  static final int PITCH = SmallProducts.PITCH;

  /** With 16 registers only tiles of two vectors fit. */
  private static final int WIDEST = L == 16 ? SmallProducts.VECTORS : 2;

  private SmallMatMul() {}

  /** The next multiple of {@link #COLUMNS}. */
  static int padded(int columns) {
    return (columns + COLUMNS - 1) & -COLUMNS;
  }

  /**
   * {@code c[m, n] = sum over k of a[m, k] * b[k, n]}.
   *
   * @param aRow distance of a's rows, and so on
   * @param columns a multiple of {@link #COLUMNS}, or of half of that with vectors of 512 bits
   */
  static void multiply(
      float[] a,
      int aAt,
      int aRow,
      float[] b,
      int bAt,
      int bRow,
      float[] c,
      int cAt,
      int cRow,
      int rows,
      int columns,
      int inner) {
    int vectors = columns / L;
    int panels = (vectors + WIDEST - 1) / WIDEST;
    for (int p = 0; p < panels; p++) {
      int n = vectors * p / panels;
      int width = vectors * (p + 1) / panels - n;
      SmallProducts.multiply(
          width, a, aAt, aRow, b, bAt + n * L, bRow, c, cAt + n * L, cRow, rows, inner);
    }
  }

  /**
   * {@link #multiply} of a matrix whose rows are {@link #PITCH} apart.
   *
   * @param columns a multiple of {@link #COLUMNS}
   * @param add whether to add to c
   */
  static void multiplyPitched(
      float[] a,
      int aAt,
      float[] b,
      int bAt,
      int bRow,
      float[] c,
      int cAt,
      int cRow,
      int rows,
      int columns,
      int inner,
      boolean add) {
    for (int n = 0; n < columns; n += 2 * L) {
      if (add) {
        SmallProducts.pitched2Add(a, aAt, b, bAt + n, bRow, c, cAt + n, cRow, rows, inner);
      } else {
        SmallProducts.pitched2(a, aAt, b, bAt + n, bRow, c, cAt + n, cRow, rows, inner);
      }
    }
  }

  /**
   * {@code c[m, n] = sum over k of a[k, m] * b[k, n]}.
   *
   * @param columns a multiple of {@link #COLUMNS}
   * @param add whether to add to c
   */
  static void multiplyTransposed(
      float[] a,
      int aAt,
      int aRow,
      float[] b,
      int bAt,
      int bRow,
      float[] c,
      int cAt,
      int cRow,
      int rows,
      int columns,
      int inner,
      boolean add) {
    for (int n = 0; n < columns; n += 2 * L) {
      if (add) {
        SmallProducts.transposed2Add(a, aAt, aRow, b, bAt + n, bRow, c, cAt + n, cRow, rows, inner);
      } else {
        SmallProducts.transposed2(a, aAt, aRow, b, bAt + n, bRow, c, cAt + n, cRow, rows, inner);
      }
    }
  }

  /** {@code to[c, r] = from[r, c]}. */
  static void transpose(
      float[] from,
      int fromAt,
      int fromRow,
      int rows,
      int columns,
      float[] to,
      int toAt,
      int toRow) {
    Kernel.launch(() -> transposeInLoop(from, fromAt, fromRow, rows, columns, to, toAt, toRow));
  }

  /** {@link #transpose} for what {@link Kernel} has launched. */
  static void transposeInLoop(
      float[] from,
      int fromAt,
      int fromRow,
      int rows,
      int columns,
      float[] to,
      int toAt,
      int toRow) {
    int blockRows = L == 16 ? rows & -16 : 0;
    int blockColumns = L == 16 ? columns & -16 : 0;
    transposeBlocks(from, fromAt, fromRow, blockRows, blockColumns, to, toAt, toRow);
    transposeScalars(from, fromAt, fromRow, blockRows, blockColumns, columns, to, toAt, toRow);
    transposeScalars(
        from,
        fromAt + blockRows * fromRow,
        fromRow,
        rows - blockRows,
        0,
        columns,
        to,
        toAt + blockRows,
        toRow);
  }

  /** 16 rows at a time: whole cache lines are written, and what is read serves 16 columns. */
  private static void transposeScalars(
      float[] from,
      int fromAt,
      int fromRow,
      int rows,
      int firstColumn,
      int columns,
      float[] to,
      int toAt,
      int toRow) {
    for (int first = 0; first < rows; first += 16) {
      int last = Math.min(first + 16, rows);
      for (int c = firstColumn; c < columns; c++) {
        for (int r = first; r < last; r++) {
          to[toAt + c * toRow + r] = from[fromAt + r * fromRow + c];
        }
      }
    }
  }

  /**
   * Blocks of 16 by 16 in vectors of 16: the two quarters of a block off its diagonal change
   * places, then those of its quarters, and so on.
   */
  private static void transposeBlocks(
      float[] from,
      int fromAt,
      int fromRow,
      int rows,
      int columns,
      float[] to,
      int toAt,
      int toRow) {
    for (int r = 0; r < rows; r += 16) {
      for (int c = 0; c < columns; c += 16) {
        int source = fromAt + r * fromRow + c;
        int target = toAt + c * toRow + r;
        for (int i = 0; i < 4; i++) {
          exchange8And4(from, source + i * fromRow, fromRow, to, target + i * toRow, toRow);
        }
        for (int i = 0; i < 4; i++) {
          exchange2And1(to, target + 4 * i * toRow, toRow);
        }
      }
    }
  }

  private static void exchange8And4(
      float[] from, int fromAt, int fromRow, float[] to, int toAt, int toRow) {
    FloatVector a = FloatVector.fromArray(F, from, fromAt);
    FloatVector b = FloatVector.fromArray(F, from, fromAt + 4 * fromRow);
    FloatVector c = FloatVector.fromArray(F, from, fromAt + 8 * fromRow);
    FloatVector d = FloatVector.fromArray(F, from, fromAt + 12 * fromRow);
    FloatVector a8 = a.blend(c.rearrange(SWAP_8), SECOND_8);
    FloatVector c8 = a.rearrange(SWAP_8).blend(c, SECOND_8);
    FloatVector b8 = b.blend(d.rearrange(SWAP_8), SECOND_8);
    FloatVector d8 = b.rearrange(SWAP_8).blend(d, SECOND_8);
    a8.blend(b8.rearrange(SWAP_4), SECOND_4).intoArray(to, toAt);
    a8.rearrange(SWAP_4).blend(b8, SECOND_4).intoArray(to, toAt + 4 * toRow);
    c8.blend(d8.rearrange(SWAP_4), SECOND_4).intoArray(to, toAt + 8 * toRow);
    c8.rearrange(SWAP_4).blend(d8, SECOND_4).intoArray(to, toAt + 12 * toRow);
  }

  private static void exchange2And1(float[] x, int at, int row) {
    FloatVector a = FloatVector.fromArray(F, x, at);
    FloatVector b = FloatVector.fromArray(F, x, at + row);
    FloatVector c = FloatVector.fromArray(F, x, at + 2 * row);
    FloatVector d = FloatVector.fromArray(F, x, at + 3 * row);
    FloatVector a2 = a.blend(c.rearrange(SWAP_2), SECOND_2);
    FloatVector c2 = a.rearrange(SWAP_2).blend(c, SECOND_2);
    FloatVector b2 = b.blend(d.rearrange(SWAP_2), SECOND_2);
    FloatVector d2 = b.rearrange(SWAP_2).blend(d, SECOND_2);
    a2.blend(b2.rearrange(SWAP_1), SECOND_1).intoArray(x, at);
    a2.rearrange(SWAP_1).blend(b2, SECOND_1).intoArray(x, at + row);
    c2.blend(d2.rearrange(SWAP_1), SECOND_1).intoArray(x, at + 2 * row);
    c2.rearrange(SWAP_1).blend(d2, SECOND_1).intoArray(x, at + 3 * row);
  }
}
