package dev.jdiffusion.tensor.cpu;

import static dev.jdiffusion.tensor.cpu.Lanes.F;
import static dev.jdiffusion.tensor.cpu.Lanes.L;

import jdk.incubator.vector.FloatVector;

/**
 * Products of matrices that lie in cache, as attention needs them: no packing, no threads. Every
 * element is one chain of fused multiply-adds in the order of the inner index, so neither tiles nor
 * widths show.
 */
final class SmallMatMul {
  /** The columns of a product are a multiple of this: two vectors of the widest kind. */
  static final int COLUMNS = 32;

  /** With 32 registers 8 rows of 2 accumulators fit, with 16 only 4. */
  private static final boolean TALL = L == 16;

  private SmallMatMul() {}

  /** The next multiple of {@link #COLUMNS}. */
  static int padded(int columns) {
    return (columns + COLUMNS - 1) & -COLUMNS;
  }

  /**
   * {@code c[m, n] = sum over k of a(m, k) * b[k, n]}, or added to c.
   *
   * @param aRow distance of a's rows
   * @param aColumn distance of a's columns; the larger of the two for a transposed matrix
   * @param columns a multiple of {@link #COLUMNS}
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
    for (int n = 0; n < columns; n += 2 * L) {
      int m = 0;
      if (TALL) {
        for (; m + 8 <= rows; m += 8) {
          kernel8(
              a,
              aAt + m * aRow,
              aRow,
              aColumn,
              b,
              bAt + n,
              bRow,
              c,
              cAt + m * cRow + n,
              cRow,
              inner,
              accumulate);
        }
      }
      for (; m + 4 <= rows; m += 4) {
        kernel4(
            a,
            aAt + m * aRow,
            aRow,
            aColumn,
            b,
            bAt + n,
            bRow,
            c,
            cAt + m * cRow + n,
            cRow,
            inner,
            accumulate);
      }
      for (; m < rows; m++) {
        kernel1(
            a, aAt + m * aRow, aColumn, b, bAt + n, bRow, c, cAt + m * cRow + n, inner, accumulate);
      }
    }
  }

  private static FloatVector start(float[] c, int at, boolean accumulate) {
    return accumulate ? FloatVector.fromArray(F, c, at) : FloatVector.zero(F);
  }

  /** 8 rows by 2 vectors. */
  private static void kernel8(
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
      int inner,
      boolean accumulate) {
    FloatVector s00 = start(c, cAt, accumulate);
    FloatVector s01 = start(c, cAt + L, accumulate);
    FloatVector s10 = start(c, cAt + cRow, accumulate);
    FloatVector s11 = start(c, cAt + cRow + L, accumulate);
    FloatVector s20 = start(c, cAt + 2 * cRow, accumulate);
    FloatVector s21 = start(c, cAt + 2 * cRow + L, accumulate);
    FloatVector s30 = start(c, cAt + 3 * cRow, accumulate);
    FloatVector s31 = start(c, cAt + 3 * cRow + L, accumulate);
    FloatVector s40 = start(c, cAt + 4 * cRow, accumulate);
    FloatVector s41 = start(c, cAt + 4 * cRow + L, accumulate);
    FloatVector s50 = start(c, cAt + 5 * cRow, accumulate);
    FloatVector s51 = start(c, cAt + 5 * cRow + L, accumulate);
    FloatVector s60 = start(c, cAt + 6 * cRow, accumulate);
    FloatVector s61 = start(c, cAt + 6 * cRow + L, accumulate);
    FloatVector s70 = start(c, cAt + 7 * cRow, accumulate);
    FloatVector s71 = start(c, cAt + 7 * cRow + L, accumulate);
    for (int k = 0; k < inner; k++) {
      FloatVector b0 = FloatVector.fromArray(F, b, bAt + k * bRow);
      FloatVector b1 = FloatVector.fromArray(F, b, bAt + k * bRow + L);
      int at = aAt + k * aColumn;
      FloatVector a0 = FloatVector.broadcast(F, a[at]);
      s00 = a0.fma(b0, s00);
      s01 = a0.fma(b1, s01);
      FloatVector a1 = FloatVector.broadcast(F, a[at + aRow]);
      s10 = a1.fma(b0, s10);
      s11 = a1.fma(b1, s11);
      FloatVector a2 = FloatVector.broadcast(F, a[at + 2 * aRow]);
      s20 = a2.fma(b0, s20);
      s21 = a2.fma(b1, s21);
      FloatVector a3 = FloatVector.broadcast(F, a[at + 3 * aRow]);
      s30 = a3.fma(b0, s30);
      s31 = a3.fma(b1, s31);
      FloatVector a4 = FloatVector.broadcast(F, a[at + 4 * aRow]);
      s40 = a4.fma(b0, s40);
      s41 = a4.fma(b1, s41);
      FloatVector a5 = FloatVector.broadcast(F, a[at + 5 * aRow]);
      s50 = a5.fma(b0, s50);
      s51 = a5.fma(b1, s51);
      FloatVector a6 = FloatVector.broadcast(F, a[at + 6 * aRow]);
      s60 = a6.fma(b0, s60);
      s61 = a6.fma(b1, s61);
      FloatVector a7 = FloatVector.broadcast(F, a[at + 7 * aRow]);
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
  private static void kernel4(
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
      int inner,
      boolean accumulate) {
    FloatVector s00 = start(c, cAt, accumulate);
    FloatVector s01 = start(c, cAt + L, accumulate);
    FloatVector s10 = start(c, cAt + cRow, accumulate);
    FloatVector s11 = start(c, cAt + cRow + L, accumulate);
    FloatVector s20 = start(c, cAt + 2 * cRow, accumulate);
    FloatVector s21 = start(c, cAt + 2 * cRow + L, accumulate);
    FloatVector s30 = start(c, cAt + 3 * cRow, accumulate);
    FloatVector s31 = start(c, cAt + 3 * cRow + L, accumulate);
    for (int k = 0; k < inner; k++) {
      FloatVector b0 = FloatVector.fromArray(F, b, bAt + k * bRow);
      FloatVector b1 = FloatVector.fromArray(F, b, bAt + k * bRow + L);
      int at = aAt + k * aColumn;
      FloatVector a0 = FloatVector.broadcast(F, a[at]);
      s00 = a0.fma(b0, s00);
      s01 = a0.fma(b1, s01);
      FloatVector a1 = FloatVector.broadcast(F, a[at + aRow]);
      s10 = a1.fma(b0, s10);
      s11 = a1.fma(b1, s11);
      FloatVector a2 = FloatVector.broadcast(F, a[at + 2 * aRow]);
      s20 = a2.fma(b0, s20);
      s21 = a2.fma(b1, s21);
      FloatVector a3 = FloatVector.broadcast(F, a[at + 3 * aRow]);
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
  private static void kernel1(
      float[] a,
      int aAt,
      int aColumn,
      float[] b,
      int bAt,
      int bRow,
      float[] c,
      int cAt,
      int inner,
      boolean accumulate) {
    FloatVector s00 = start(c, cAt, accumulate);
    FloatVector s01 = start(c, cAt + L, accumulate);
    for (int k = 0; k < inner; k++) {
      FloatVector b0 = FloatVector.fromArray(F, b, bAt + k * bRow);
      FloatVector b1 = FloatVector.fromArray(F, b, bAt + k * bRow + L);
      int at = aAt + k * aColumn;
      FloatVector a0 = FloatVector.broadcast(F, a[at]);
      s00 = a0.fma(b0, s00);
      s01 = a0.fma(b1, s01);
    }
    s00.intoArray(c, cAt);
    s01.intoArray(c, cAt + L);
  }

  /**
   * {@code to[c, r] = from[r, c]}, 16 rows at a time: whole cache lines are written, and the lines
   * that are read serve 16 columns.
   */
  static void transpose(
      float[] from,
      int fromAt,
      int fromRow,
      int rows,
      int columns,
      float[] to,
      int toAt,
      int toRow) {
    for (int first = 0; first < rows; first += 16) {
      int last = Math.min(first + 16, rows);
      for (int c = 0; c < columns; c++) {
        for (int r = first; r < last; r++) {
          to[toAt + c * toRow + r] = from[fromAt + r * fromRow + c];
        }
      }
    }
  }
}
