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
 * <p>Distances of rows are constants wherever a loop depends on them: C2 then reads all rows of a
 * tile by one index and checks bounds outside the loop. A matrix lies in <i>panels</i> of {@link
 * #COLUMNS} columns, one after the other, each with its rows one after the other; one of so many
 * columns, the usual features of a head, is a panel as it is. Or it is <i>pitched</i>: its rows are
 * {@link #PITCH} apart.
 */
final class SmallMatMul {
  /** Columns of a panel, of which a matrix has whole ones: two vectors of the widest kind. */
  static final int COLUMNS = SmallProducts.COLUMNS;

  /** Distance of the rows of a pitched matrix, which is the most columns that it can have. */
  static final int PITCH = SmallProducts.PITCH;

  /** With 16 registers only tiles of two vectors fit. */
  private static final int WIDEST = L == 16 ? SmallProducts.VECTORS : 2;

  private SmallMatMul() {}

  /** The next multiple of {@link #COLUMNS}. */
  static int padded(int columns) {
    return (columns + COLUMNS - 1) & -COLUMNS;
  }

  /** Floats that {@link #panels} needs for a copy. */
  static int copyLength(int rows, int width) {
    return width == COLUMNS ? 0 : rows * width;
  }

  /**
   * A matrix in panels: a copy, or where it has one panel only, itself.
   *
   * @param at where rows of {@code width} follow each other
   * @param copyAt place for {@link #copyLength} floats
   * @return where the panels begin
   */
  static int panels(float[] x, int at, int rows, int width, int copyAt) {
    if (width == COLUMNS) {
      return at;
    }
    int to = copyAt;
    for (int c = 0; c < width; c += COLUMNS) {
      for (int r = 0; r < rows; r++, to += COLUMNS) {
        System.arraycopy(x, at + r * width + c, x, to, COLUMNS);
      }
    }
    return copyAt;
  }

  /** Where columns from n on begin in panels of so many rows. */
  private static int column(int at, int n, int rows) {
    return at + n / COLUMNS * COLUMNS * rows + n % COLUMNS;
  }

  /**
   * {@code c[m, n] = sum over k of a[m, k] * b[k, n]}, where b and c are pitched.
   *
   * @param aRow distance of a's rows
   * @param columns a multiple of {@link Lanes#LOGICAL}
   */
  static void scores(
      float[] a,
      int aAt,
      int aRow,
      float[] b,
      int bAt,
      float[] c,
      int cAt,
      int rows,
      int columns,
      int inner) {
    int vectors = columns / L;
    int panels = (vectors + WIDEST - 1) / WIDEST;
    for (int p = 0; p < panels; p++) {
      int n = vectors * p / panels;
      int width = vectors * (p + 1) / panels - n;
      // Wider tiles have no registers left for all rows of a, which C2 reads ahead by one index.
      if (L < 16 && aRow == COLUMNS) {
        SmallProducts.panelScores2(a, aAt, b, bAt + n * L, c, cAt + n * L, rows, inner);
      } else {
        SmallProducts.scores(width, a, aAt, aRow, b, bAt + n * L, c, cAt + n * L, rows, inner);
      }
    }
  }

  /**
   * {@code c[m, n] = sum over k of a[m, k] * b[k, n]}, where a and b are in panels.
   *
   * @param cRow distance of c's rows
   * @param columns a multiple of {@link #COLUMNS}
   */
  static void multiply(
      float[] a,
      int aAt,
      float[] b,
      int bAt,
      float[] c,
      int cAt,
      int cRow,
      int rows,
      int columns,
      int inner) {
    for (int n = 0; n < columns; n += 2 * L) {
      int bColumn = column(bAt, n, inner);
      SmallProducts.panel2(a, aAt, b, bColumn, c, cAt + n, cRow, rows, Math.min(inner, COLUMNS));
      for (int k = COLUMNS; k < inner; k += COLUMNS) {
        SmallProducts.panel2Add(
            a,
            aAt + k * rows,
            b,
            bColumn + k * COLUMNS,
            c,
            cAt + n,
            cRow,
            rows,
            Math.min(inner - k, COLUMNS));
      }
    }
  }

  /**
   * {@code c[m, n] += sum over k of a[k, m] * b[k, n]}, where a and b are in panels.
   *
   * @param columns a multiple of {@link #COLUMNS}
   */
  static void addTransposed(
      float[] a,
      int aAt,
      float[] b,
      int bAt,
      float[] c,
      int cAt,
      int cRow,
      int rows,
      int columns,
      int inner) {
    for (int n = 0; n < columns; n += 2 * L) {
      for (int m = 0; m < rows; m += COLUMNS) {
        SmallProducts.panelTransposed2Add(
            a,
            aAt + m * inner,
            b,
            column(bAt, n, inner),
            c,
            cAt + m * cRow + n,
            cRow,
            Math.min(rows - m, COLUMNS),
            inner);
      }
    }
  }

  /**
   * {@code c[m, n] = sum over k of a[m, k] * b[k, n]}, where a is pitched and b in panels.
   *
   * @param columns a multiple of {@link #COLUMNS}
   * @param add whether to add to c
   */
  static void multiplyPitched(
      float[] a,
      int aAt,
      float[] b,
      int bAt,
      float[] c,
      int cAt,
      int cRow,
      int rows,
      int columns,
      int inner,
      boolean add) {
    for (int n = 0; n < columns; n += 2 * L) {
      int bColumn = column(bAt, n, inner);
      if (add) {
        SmallProducts.pitched2Add(a, aAt, b, bColumn, c, cAt + n, cRow, rows, inner);
      } else {
        SmallProducts.pitched2(a, aAt, b, bColumn, c, cAt + n, cRow, rows, inner);
      }
    }
  }

  /**
   * {@code c[m, n] = sum over k of a[k, m] * b[k, n]}, where a is pitched and b in panels.
   *
   * @param columns a multiple of {@link #COLUMNS}
   */
  static void multiplyPitchedTransposed(
      float[] a,
      int aAt,
      float[] b,
      int bAt,
      float[] c,
      int cAt,
      int cRow,
      int rows,
      int columns,
      int inner) {
    for (int n = 0; n < columns; n += 2 * L) {
      SmallProducts.pitchedTransposed2(
          a, aAt, b, column(bAt, n, inner), c, cAt + n, cRow, rows, inner);
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
    int blockRows = L >= 8 ? rows & -L : 0;
    int blockColumns = L >= 8 ? columns & -L : 0;
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
   * Blocks of as many rows and columns as a vector has lanes, 8 or 16: the two quarters of a block
   * off its diagonal change places, then those of its quarters, and so on.
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
    for (int r = 0; r < rows; r += L) {
      for (int c = 0; c < columns; c += L) {
        int source = fromAt + r * fromRow + c;
        int target = toAt + c * toRow + r;
        for (int i = 0; i < 4; i++) {
          if (L == 16) {
            exchange8And4(from, source + i * fromRow, fromRow, to, target + i * toRow, toRow);
          } else {
            exchange4(from, source + i * fromRow, fromRow, to, target + i * toRow, toRow);
          }
        }
        for (int i = 0; i < L; i += 4) {
          exchange2And1(to, target + i * toRow, toRow);
        }
      }
    }
  }

  private static void exchange4(
      float[] from, int fromAt, int fromRow, float[] to, int toAt, int toRow) {
    FloatVector a = FloatVector.fromArray(F, from, fromAt);
    FloatVector b = FloatVector.fromArray(F, from, fromAt + 4 * fromRow);
    a.blend(b.rearrange(SWAP_4), SECOND_4).intoArray(to, toAt);
    a.rearrange(SWAP_4).blend(b, SECOND_4).intoArray(to, toAt + 4 * toRow);
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
