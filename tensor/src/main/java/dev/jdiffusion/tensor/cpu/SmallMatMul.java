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
 * <p>There is a kernel for a matrix read along its rows and one for its columns, because the
 * indices within a tile must be the loop's own counter or differ by constants: only then does C2
 * check their bounds outside the loop.
 */
final class SmallMatMul {
  /** The columns of a product are a multiple of this: two vectors of the widest kind. */
  static final int COLUMNS = 32;

  /** With 32 registers 8 rows of 2 accumulators fit, with 16 only 4. */
  private static final boolean TALL = L == 16;

  /** What a sum starts from that adds to nothing. */
  private static final float[] ZEROS = new float[COLUMNS];

  private SmallMatMul() {}

  /** The next multiple of {@link #COLUMNS}. */
  static int padded(int columns) {
    return (columns + COLUMNS - 1) & -COLUMNS;
  }

  /**
   * {@code c[m, n] = sum over k of a(m, k) * b[k, n]}, or added to c.
   *
   * @param aRow distance of a's rows
   * @param aColumn distance of a's columns; the larger of the two for a transposed matrix, and one
   *     of the two is 1
   * @param columns a multiple of {@link #COLUMNS}, or of half of that if {@code aColumn} is 1 and
   *     nothing is added to
   */
  static void multiply(
      float[] a,
      int aAt,
      int aRow,
      int aColumn,
      float[] b,
      int bAt,
      int bRow,
      float[] c,
      int cAt,
      int cRow,
      int rows,
      int columns,
      int inner,
      boolean accumulate) {
    if (TALL && aColumn == 1 && !accumulate) {
      int vectors = columns / L;
      int panels = (vectors + SmallProducts.VECTORS - 1) / SmallProducts.VECTORS;
      for (int p = 0; p < panels; p++) {
        int n = vectors * p / panels;
        int width = vectors * (p + 1) / panels - n;
        SmallProducts.multiply(
            width, a, aAt, aRow, b, bAt + n * L, bRow, c, cAt + n * L, cRow, rows, inner);
      }
      return;
    }
    float[] start = accumulate ? c : ZEROS;
    int startRow = accumulate ? cRow : 0;
    for (int n = 0; n < columns; n += 2 * L) {
      int startAt = accumulate ? cAt + n : 0;
      if (aColumn == 1) {
        panel(
            a, aAt, aRow, b, bAt + n, bRow, start, startAt, startRow, c, cAt + n, cRow, rows,
            inner);
      } else {
        transposedPanel(
            a, aAt, aColumn, b, bAt + n, bRow, start, startAt, startRow, c, cAt + n, cRow, rows,
            inner);
      }
    }
  }

  /** Two vectors of columns; a row of a is {@code aStep} after the one before. */
  private static void panel(
      float[] a,
      int aAt,
      int aStep,
      float[] b,
      int bAt,
      int bRow,
      float[] start,
      int startAt,
      int startRow,
      float[] c,
      int cAt,
      int cRow,
      int rows,
      int inner) {
    int m = 0;
    if (TALL) {
      for (; m + 8 <= rows; m += 8) {
        eightRows(
            a,
            aAt + m * aStep,
            aStep,
            b,
            bAt,
            bRow,
            start,
            startAt + m * startRow,
            startRow,
            c,
            cAt + m * cRow,
            cRow,
            inner);
      }
    }
    for (; m + 4 <= rows; m += 4) {
      fourRows(
          a,
          aAt + m * aStep,
          aStep,
          b,
          bAt,
          bRow,
          start,
          startAt + m * startRow,
          startRow,
          c,
          cAt + m * cRow,
          cRow,
          inner);
    }
    for (; m < rows; m++) {
      oneRows(
          a,
          aAt + m * aStep,
          b,
          bAt,
          bRow,
          start,
          startAt + m * startRow,
          c,
          cAt + m * cRow,
          inner);
    }
  }

  /** Two vectors of columns; a column of a is {@code aStep} after the one before. */
  private static void transposedPanel(
      float[] a,
      int aAt,
      int aStep,
      float[] b,
      int bAt,
      int bRow,
      float[] start,
      int startAt,
      int startRow,
      float[] c,
      int cAt,
      int cRow,
      int rows,
      int inner) {
    int m = 0;
    if (TALL) {
      for (; m + 8 <= rows; m += 8) {
        eightColumns(
            a,
            aAt + m,
            aStep,
            b,
            bAt,
            bRow,
            start,
            startAt + m * startRow,
            startRow,
            c,
            cAt + m * cRow,
            cRow,
            inner);
      }
    }
    for (; m + 4 <= rows; m += 4) {
      fourColumns(
          a,
          aAt + m,
          aStep,
          b,
          bAt,
          bRow,
          start,
          startAt + m * startRow,
          startRow,
          c,
          cAt + m * cRow,
          cRow,
          inner);
    }
    for (; m < rows; m++) {
      oneColumns(
          a, aAt + m, aStep, b, bAt, bRow, start, startAt + m * startRow, c, cAt + m * cRow, inner);
    }
  }

  /** 8 rows by 2 vectors. */
  private static void eightRows(
      float[] a,
      int aAt,
      int aStep,
      float[] b,
      int bAt,
      int bRow,
      float[] start,
      int startAt,
      int startRow,
      float[] c,
      int cAt,
      int cRow,
      int inner) {
    FloatVector s00 = FloatVector.fromArray(F, start, startAt);
    FloatVector s01 = FloatVector.fromArray(F, start, startAt + L);
    FloatVector s10 = FloatVector.fromArray(F, start, startAt + startRow);
    FloatVector s11 = FloatVector.fromArray(F, start, startAt + startRow + L);
    FloatVector s20 = FloatVector.fromArray(F, start, startAt + 2 * startRow);
    FloatVector s21 = FloatVector.fromArray(F, start, startAt + 2 * startRow + L);
    FloatVector s30 = FloatVector.fromArray(F, start, startAt + 3 * startRow);
    FloatVector s31 = FloatVector.fromArray(F, start, startAt + 3 * startRow + L);
    FloatVector s40 = FloatVector.fromArray(F, start, startAt + 4 * startRow);
    FloatVector s41 = FloatVector.fromArray(F, start, startAt + 4 * startRow + L);
    FloatVector s50 = FloatVector.fromArray(F, start, startAt + 5 * startRow);
    FloatVector s51 = FloatVector.fromArray(F, start, startAt + 5 * startRow + L);
    FloatVector s60 = FloatVector.fromArray(F, start, startAt + 6 * startRow);
    FloatVector s61 = FloatVector.fromArray(F, start, startAt + 6 * startRow + L);
    FloatVector s70 = FloatVector.fromArray(F, start, startAt + 7 * startRow);
    FloatVector s71 = FloatVector.fromArray(F, start, startAt + 7 * startRow + L);
    int at1 = aAt + aStep;
    int at2 = aAt + 2 * aStep;
    int at3 = aAt + 3 * aStep;
    int at4 = aAt + 4 * aStep;
    int at5 = aAt + 5 * aStep;
    int at6 = aAt + 6 * aStep;
    int at7 = aAt + 7 * aStep;
    for (int k = 0; k < inner; k++) {
      FloatVector b0 = FloatVector.fromArray(F, b, bAt + k * bRow);
      FloatVector b1 = FloatVector.fromArray(F, b, bAt + k * bRow + L);
      FloatVector a0 = FloatVector.broadcast(F, a[aAt + k]);
      s00 = a0.fma(b0, s00);
      s01 = a0.fma(b1, s01);
      FloatVector a1 = FloatVector.broadcast(F, a[at1 + k]);
      s10 = a1.fma(b0, s10);
      s11 = a1.fma(b1, s11);
      FloatVector a2 = FloatVector.broadcast(F, a[at2 + k]);
      s20 = a2.fma(b0, s20);
      s21 = a2.fma(b1, s21);
      FloatVector a3 = FloatVector.broadcast(F, a[at3 + k]);
      s30 = a3.fma(b0, s30);
      s31 = a3.fma(b1, s31);
      FloatVector a4 = FloatVector.broadcast(F, a[at4 + k]);
      s40 = a4.fma(b0, s40);
      s41 = a4.fma(b1, s41);
      FloatVector a5 = FloatVector.broadcast(F, a[at5 + k]);
      s50 = a5.fma(b0, s50);
      s51 = a5.fma(b1, s51);
      FloatVector a6 = FloatVector.broadcast(F, a[at6 + k]);
      s60 = a6.fma(b0, s60);
      s61 = a6.fma(b1, s61);
      FloatVector a7 = FloatVector.broadcast(F, a[at7 + k]);
      s70 = a7.fma(b0, s70);
      s71 = a7.fma(b1, s71);
    }
    s00.intoArray(c, cAt);
    s01.intoArray(c, cAt + L);
    s10.intoArray(c, cAt + cRow);
    s11.intoArray(c, cAt + cRow + L);
    s20.intoArray(c, cAt + 2 * cRow);
    s21.intoArray(c, cAt + 2 * cRow + L);
    s30.intoArray(c, cAt + 3 * cRow);
    s31.intoArray(c, cAt + 3 * cRow + L);
    s40.intoArray(c, cAt + 4 * cRow);
    s41.intoArray(c, cAt + 4 * cRow + L);
    s50.intoArray(c, cAt + 5 * cRow);
    s51.intoArray(c, cAt + 5 * cRow + L);
    s60.intoArray(c, cAt + 6 * cRow);
    s61.intoArray(c, cAt + 6 * cRow + L);
    s70.intoArray(c, cAt + 7 * cRow);
    s71.intoArray(c, cAt + 7 * cRow + L);
  }

  /** 8 rows, which are columns of a, by 2 vectors. */
  private static void eightColumns(
      float[] a,
      int aAt,
      int aStep,
      float[] b,
      int bAt,
      int bRow,
      float[] start,
      int startAt,
      int startRow,
      float[] c,
      int cAt,
      int cRow,
      int inner) {
    FloatVector s00 = FloatVector.fromArray(F, start, startAt);
    FloatVector s01 = FloatVector.fromArray(F, start, startAt + L);
    FloatVector s10 = FloatVector.fromArray(F, start, startAt + startRow);
    FloatVector s11 = FloatVector.fromArray(F, start, startAt + startRow + L);
    FloatVector s20 = FloatVector.fromArray(F, start, startAt + 2 * startRow);
    FloatVector s21 = FloatVector.fromArray(F, start, startAt + 2 * startRow + L);
    FloatVector s30 = FloatVector.fromArray(F, start, startAt + 3 * startRow);
    FloatVector s31 = FloatVector.fromArray(F, start, startAt + 3 * startRow + L);
    FloatVector s40 = FloatVector.fromArray(F, start, startAt + 4 * startRow);
    FloatVector s41 = FloatVector.fromArray(F, start, startAt + 4 * startRow + L);
    FloatVector s50 = FloatVector.fromArray(F, start, startAt + 5 * startRow);
    FloatVector s51 = FloatVector.fromArray(F, start, startAt + 5 * startRow + L);
    FloatVector s60 = FloatVector.fromArray(F, start, startAt + 6 * startRow);
    FloatVector s61 = FloatVector.fromArray(F, start, startAt + 6 * startRow + L);
    FloatVector s70 = FloatVector.fromArray(F, start, startAt + 7 * startRow);
    FloatVector s71 = FloatVector.fromArray(F, start, startAt + 7 * startRow + L);
    for (int k = 0; k < inner; k++) {
      FloatVector b0 = FloatVector.fromArray(F, b, bAt + k * bRow);
      FloatVector b1 = FloatVector.fromArray(F, b, bAt + k * bRow + L);
      int at = aAt + k * aStep;
      FloatVector a0 = FloatVector.broadcast(F, a[at]);
      s00 = a0.fma(b0, s00);
      s01 = a0.fma(b1, s01);
      FloatVector a1 = FloatVector.broadcast(F, a[at + 1]);
      s10 = a1.fma(b0, s10);
      s11 = a1.fma(b1, s11);
      FloatVector a2 = FloatVector.broadcast(F, a[at + 2]);
      s20 = a2.fma(b0, s20);
      s21 = a2.fma(b1, s21);
      FloatVector a3 = FloatVector.broadcast(F, a[at + 3]);
      s30 = a3.fma(b0, s30);
      s31 = a3.fma(b1, s31);
      FloatVector a4 = FloatVector.broadcast(F, a[at + 4]);
      s40 = a4.fma(b0, s40);
      s41 = a4.fma(b1, s41);
      FloatVector a5 = FloatVector.broadcast(F, a[at + 5]);
      s50 = a5.fma(b0, s50);
      s51 = a5.fma(b1, s51);
      FloatVector a6 = FloatVector.broadcast(F, a[at + 6]);
      s60 = a6.fma(b0, s60);
      s61 = a6.fma(b1, s61);
      FloatVector a7 = FloatVector.broadcast(F, a[at + 7]);
      s70 = a7.fma(b0, s70);
      s71 = a7.fma(b1, s71);
    }
    s00.intoArray(c, cAt);
    s01.intoArray(c, cAt + L);
    s10.intoArray(c, cAt + cRow);
    s11.intoArray(c, cAt + cRow + L);
    s20.intoArray(c, cAt + 2 * cRow);
    s21.intoArray(c, cAt + 2 * cRow + L);
    s30.intoArray(c, cAt + 3 * cRow);
    s31.intoArray(c, cAt + 3 * cRow + L);
    s40.intoArray(c, cAt + 4 * cRow);
    s41.intoArray(c, cAt + 4 * cRow + L);
    s50.intoArray(c, cAt + 5 * cRow);
    s51.intoArray(c, cAt + 5 * cRow + L);
    s60.intoArray(c, cAt + 6 * cRow);
    s61.intoArray(c, cAt + 6 * cRow + L);
    s70.intoArray(c, cAt + 7 * cRow);
    s71.intoArray(c, cAt + 7 * cRow + L);
  }

  /** 4 rows by 2 vectors. */
  private static void fourRows(
      float[] a,
      int aAt,
      int aStep,
      float[] b,
      int bAt,
      int bRow,
      float[] start,
      int startAt,
      int startRow,
      float[] c,
      int cAt,
      int cRow,
      int inner) {
    FloatVector s00 = FloatVector.fromArray(F, start, startAt);
    FloatVector s01 = FloatVector.fromArray(F, start, startAt + L);
    FloatVector s10 = FloatVector.fromArray(F, start, startAt + startRow);
    FloatVector s11 = FloatVector.fromArray(F, start, startAt + startRow + L);
    FloatVector s20 = FloatVector.fromArray(F, start, startAt + 2 * startRow);
    FloatVector s21 = FloatVector.fromArray(F, start, startAt + 2 * startRow + L);
    FloatVector s30 = FloatVector.fromArray(F, start, startAt + 3 * startRow);
    FloatVector s31 = FloatVector.fromArray(F, start, startAt + 3 * startRow + L);
    int at1 = aAt + aStep;
    int at2 = aAt + 2 * aStep;
    int at3 = aAt + 3 * aStep;
    for (int k = 0; k < inner; k++) {
      FloatVector b0 = FloatVector.fromArray(F, b, bAt + k * bRow);
      FloatVector b1 = FloatVector.fromArray(F, b, bAt + k * bRow + L);
      FloatVector a0 = FloatVector.broadcast(F, a[aAt + k]);
      s00 = a0.fma(b0, s00);
      s01 = a0.fma(b1, s01);
      FloatVector a1 = FloatVector.broadcast(F, a[at1 + k]);
      s10 = a1.fma(b0, s10);
      s11 = a1.fma(b1, s11);
      FloatVector a2 = FloatVector.broadcast(F, a[at2 + k]);
      s20 = a2.fma(b0, s20);
      s21 = a2.fma(b1, s21);
      FloatVector a3 = FloatVector.broadcast(F, a[at3 + k]);
      s30 = a3.fma(b0, s30);
      s31 = a3.fma(b1, s31);
    }
    s00.intoArray(c, cAt);
    s01.intoArray(c, cAt + L);
    s10.intoArray(c, cAt + cRow);
    s11.intoArray(c, cAt + cRow + L);
    s20.intoArray(c, cAt + 2 * cRow);
    s21.intoArray(c, cAt + 2 * cRow + L);
    s30.intoArray(c, cAt + 3 * cRow);
    s31.intoArray(c, cAt + 3 * cRow + L);
  }

  /** 4 rows, which are columns of a, by 2 vectors. */
  private static void fourColumns(
      float[] a,
      int aAt,
      int aStep,
      float[] b,
      int bAt,
      int bRow,
      float[] start,
      int startAt,
      int startRow,
      float[] c,
      int cAt,
      int cRow,
      int inner) {
    FloatVector s00 = FloatVector.fromArray(F, start, startAt);
    FloatVector s01 = FloatVector.fromArray(F, start, startAt + L);
    FloatVector s10 = FloatVector.fromArray(F, start, startAt + startRow);
    FloatVector s11 = FloatVector.fromArray(F, start, startAt + startRow + L);
    FloatVector s20 = FloatVector.fromArray(F, start, startAt + 2 * startRow);
    FloatVector s21 = FloatVector.fromArray(F, start, startAt + 2 * startRow + L);
    FloatVector s30 = FloatVector.fromArray(F, start, startAt + 3 * startRow);
    FloatVector s31 = FloatVector.fromArray(F, start, startAt + 3 * startRow + L);
    for (int k = 0; k < inner; k++) {
      FloatVector b0 = FloatVector.fromArray(F, b, bAt + k * bRow);
      FloatVector b1 = FloatVector.fromArray(F, b, bAt + k * bRow + L);
      int at = aAt + k * aStep;
      FloatVector a0 = FloatVector.broadcast(F, a[at]);
      s00 = a0.fma(b0, s00);
      s01 = a0.fma(b1, s01);
      FloatVector a1 = FloatVector.broadcast(F, a[at + 1]);
      s10 = a1.fma(b0, s10);
      s11 = a1.fma(b1, s11);
      FloatVector a2 = FloatVector.broadcast(F, a[at + 2]);
      s20 = a2.fma(b0, s20);
      s21 = a2.fma(b1, s21);
      FloatVector a3 = FloatVector.broadcast(F, a[at + 3]);
      s30 = a3.fma(b0, s30);
      s31 = a3.fma(b1, s31);
    }
    s00.intoArray(c, cAt);
    s01.intoArray(c, cAt + L);
    s10.intoArray(c, cAt + cRow);
    s11.intoArray(c, cAt + cRow + L);
    s20.intoArray(c, cAt + 2 * cRow);
    s21.intoArray(c, cAt + 2 * cRow + L);
    s30.intoArray(c, cAt + 3 * cRow);
    s31.intoArray(c, cAt + 3 * cRow + L);
  }

  /** 1 row by 2 vectors. */
  private static void oneRows(
      float[] a,
      int aAt,
      float[] b,
      int bAt,
      int bRow,
      float[] start,
      int startAt,
      float[] c,
      int cAt,
      int inner) {
    FloatVector s00 = FloatVector.fromArray(F, start, startAt);
    FloatVector s01 = FloatVector.fromArray(F, start, startAt + L);
    for (int k = 0; k < inner; k++) {
      FloatVector b0 = FloatVector.fromArray(F, b, bAt + k * bRow);
      FloatVector b1 = FloatVector.fromArray(F, b, bAt + k * bRow + L);
      FloatVector a0 = FloatVector.broadcast(F, a[aAt + k]);
      s00 = a0.fma(b0, s00);
      s01 = a0.fma(b1, s01);
    }
    s00.intoArray(c, cAt);
    s01.intoArray(c, cAt + L);
  }

  /** 1 row, which are columns of a, by 2 vectors. */
  private static void oneColumns(
      float[] a,
      int aAt,
      int aStep,
      float[] b,
      int bAt,
      int bRow,
      float[] start,
      int startAt,
      float[] c,
      int cAt,
      int inner) {
    FloatVector s00 = FloatVector.fromArray(F, start, startAt);
    FloatVector s01 = FloatVector.fromArray(F, start, startAt + L);
    for (int k = 0; k < inner; k++) {
      FloatVector b0 = FloatVector.fromArray(F, b, bAt + k * bRow);
      FloatVector b1 = FloatVector.fromArray(F, b, bAt + k * bRow + L);
      int at = aAt + k * aStep;
      FloatVector a0 = FloatVector.broadcast(F, a[at]);
      s00 = a0.fma(b0, s00);
      s01 = a0.fma(b1, s01);
    }
    s00.intoArray(c, cAt);
    s01.intoArray(c, cAt + L);
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
    int blockRows = L == 16 ? rows & -16 : 0;
    int blockColumns = L == 16 ? columns & -16 : 0;
    if (blockRows > 0 && blockColumns > 0) {
      Kernel.launch(
          () -> transposeBlocks(from, fromAt, fromRow, blockRows, blockColumns, to, toAt, toRow));
    }
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
