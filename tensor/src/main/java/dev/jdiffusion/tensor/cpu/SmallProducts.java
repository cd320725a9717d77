package dev.jdiffusion.tensor.cpu;

import static dev.jdiffusion.tensor.cpu.Lanes.F;
import static dev.jdiffusion.tensor.cpu.Lanes.L;

import jdk.incubator.vector.FloatVector;

/**
 * Products of matrices in cache; written by {@code KernelGenerator}.
 *
 * <p>{@code c[row][column] = sum over k of a[row][k] * b[k][column]}; of {@code transposed} methods
 * {@code a[k][row]}. Where the name ends in {@code Add}, the sum is added to c. Each element is one
 * chain of fused multiply-adds in the order of k.
 *
 * <p>Where sums have only some dozen terms, what a tile costs besides them shows: addresses and
 * checks of bounds by rows. So tiles are low and wide, those of c's old values apart from those of
 * zeros, and distances of rows constants: then C2 needs one index for all rows, and checks bounds
 * outside the loop.
 */
final class SmallProducts {
  /** Most vectors of columns, with 32 registers. */
  static final int VECTORS = 6;

  /** Columns of a panel, and the distance of its rows. */
  static final int COLUMNS = 32;

  /** Distance of the rows of a pitched matrix: an odd number of cache lines. */
  static final int PITCH = 112;

  /** With 16 registers tiles of 8 rows do not fit. */
  private static final boolean TALL = L == 16;

  private SmallProducts() {}

  /** Scores of any number of rows, and up to {@link #VECTORS} vectors of columns. */
  static void scores(
      int vectors,
      float[] a,
      int aFrom,
      int aRow,
      float[] b,
      int bFrom,
      float[] c,
      int cFrom,
      int rows,
      int inner) {
    switch (vectors) {
      case 1 -> scores1(a, aFrom, aRow, b, bFrom, c, cFrom, rows, inner);
      case 2 -> scores2(a, aFrom, aRow, b, bFrom, c, cFrom, rows, inner);
      case 3 -> scores3(a, aFrom, aRow, b, bFrom, c, cFrom, rows, inner);
      case 4 -> scores4(a, aFrom, aRow, b, bFrom, c, cFrom, rows, inner);
      case 5 -> scores5(a, aFrom, aRow, b, bFrom, c, cFrom, rows, inner);
      case 6 -> scores6(a, aFrom, aRow, b, bFrom, c, cFrom, rows, inner);
      default -> throw new IllegalArgumentException(vectors + " vectors");
    }
  }

  static void scores1(
      float[] a,
      int aFrom,
      int aRow,
      float[] b,
      int bFrom,
      float[] c,
      int cFrom,
      int rows,
      int inner) {
    int m = 0;
    for (; TALL && m <= rows - 8; m += 8) {
      scores8x1(a, aFrom + m * aRow, aRow, b, bFrom, c, cFrom + m * PITCH, inner);
    }
    for (; m <= rows - 4; m += 4) {
      scores4x1(a, aFrom + m * aRow, aRow, b, bFrom, c, cFrom + m * PITCH, inner);
    }
    for (; m <= rows - 1; m += 1) {
      scores1x1(a, aFrom + m * aRow, aRow, b, bFrom, c, cFrom + m * PITCH, inner);
    }
  }

  static void scores8x1(
      float[] a, int aFrom, int aRow, float[] b, int bFrom, float[] c, int cFrom, int inner) {
    int x0 = aFrom;
    FloatVector s0_0 = FloatVector.zero(F);
    int x1 = aFrom + aRow;
    FloatVector s1_0 = FloatVector.zero(F);
    int x2 = aFrom + 2 * aRow;
    FloatVector s2_0 = FloatVector.zero(F);
    int x3 = aFrom + 3 * aRow;
    FloatVector s3_0 = FloatVector.zero(F);
    int x4 = aFrom + 4 * aRow;
    FloatVector s4_0 = FloatVector.zero(F);
    int x5 = aFrom + 5 * aRow;
    FloatVector s5_0 = FloatVector.zero(F);
    int x6 = aFrom + 6 * aRow;
    FloatVector s6_0 = FloatVector.zero(F);
    int x7 = aFrom + 7 * aRow;
    FloatVector s7_0 = FloatVector.zero(F);
    for (int j = 0; j < inner; j++) {
      int k = bFrom + j * PITCH;
      FloatVector b0 = FloatVector.fromArray(F, b, k);
      FloatVector a0 = FloatVector.broadcast(F, a[x0 + j]);
      s0_0 = a0.fma(b0, s0_0);
      FloatVector a1 = FloatVector.broadcast(F, a[x1 + j]);
      s1_0 = a1.fma(b0, s1_0);
      FloatVector a2 = FloatVector.broadcast(F, a[x2 + j]);
      s2_0 = a2.fma(b0, s2_0);
      FloatVector a3 = FloatVector.broadcast(F, a[x3 + j]);
      s3_0 = a3.fma(b0, s3_0);
      FloatVector a4 = FloatVector.broadcast(F, a[x4 + j]);
      s4_0 = a4.fma(b0, s4_0);
      FloatVector a5 = FloatVector.broadcast(F, a[x5 + j]);
      s5_0 = a5.fma(b0, s5_0);
      FloatVector a6 = FloatVector.broadcast(F, a[x6 + j]);
      s6_0 = a6.fma(b0, s6_0);
      FloatVector a7 = FloatVector.broadcast(F, a[x7 + j]);
      s7_0 = a7.fma(b0, s7_0);
    }
    int c0 = cFrom;
    s0_0.intoArray(c, c0);
    int c1 = cFrom + PITCH;
    s1_0.intoArray(c, c1);
    int c2 = cFrom + 2 * PITCH;
    s2_0.intoArray(c, c2);
    int c3 = cFrom + 3 * PITCH;
    s3_0.intoArray(c, c3);
    int c4 = cFrom + 4 * PITCH;
    s4_0.intoArray(c, c4);
    int c5 = cFrom + 5 * PITCH;
    s5_0.intoArray(c, c5);
    int c6 = cFrom + 6 * PITCH;
    s6_0.intoArray(c, c6);
    int c7 = cFrom + 7 * PITCH;
    s7_0.intoArray(c, c7);
  }

  static void scores4x1(
      float[] a, int aFrom, int aRow, float[] b, int bFrom, float[] c, int cFrom, int inner) {
    int x0 = aFrom;
    FloatVector s0_0 = FloatVector.zero(F);
    int x1 = aFrom + aRow;
    FloatVector s1_0 = FloatVector.zero(F);
    int x2 = aFrom + 2 * aRow;
    FloatVector s2_0 = FloatVector.zero(F);
    int x3 = aFrom + 3 * aRow;
    FloatVector s3_0 = FloatVector.zero(F);
    for (int j = 0; j < inner; j++) {
      int k = bFrom + j * PITCH;
      FloatVector b0 = FloatVector.fromArray(F, b, k);
      FloatVector a0 = FloatVector.broadcast(F, a[x0 + j]);
      s0_0 = a0.fma(b0, s0_0);
      FloatVector a1 = FloatVector.broadcast(F, a[x1 + j]);
      s1_0 = a1.fma(b0, s1_0);
      FloatVector a2 = FloatVector.broadcast(F, a[x2 + j]);
      s2_0 = a2.fma(b0, s2_0);
      FloatVector a3 = FloatVector.broadcast(F, a[x3 + j]);
      s3_0 = a3.fma(b0, s3_0);
    }
    int c0 = cFrom;
    s0_0.intoArray(c, c0);
    int c1 = cFrom + PITCH;
    s1_0.intoArray(c, c1);
    int c2 = cFrom + 2 * PITCH;
    s2_0.intoArray(c, c2);
    int c3 = cFrom + 3 * PITCH;
    s3_0.intoArray(c, c3);
  }

  static void scores1x1(
      float[] a, int aFrom, int aRow, float[] b, int bFrom, float[] c, int cFrom, int inner) {
    int x0 = aFrom;
    FloatVector s0_0 = FloatVector.zero(F);
    for (int j = 0; j < inner; j++) {
      int k = bFrom + j * PITCH;
      FloatVector b0 = FloatVector.fromArray(F, b, k);
      FloatVector a0 = FloatVector.broadcast(F, a[x0 + j]);
      s0_0 = a0.fma(b0, s0_0);
    }
    int c0 = cFrom;
    s0_0.intoArray(c, c0);
  }

  static void scores2(
      float[] a,
      int aFrom,
      int aRow,
      float[] b,
      int bFrom,
      float[] c,
      int cFrom,
      int rows,
      int inner) {
    int m = 0;
    for (; TALL && m <= rows - 8; m += 8) {
      scores8x2(a, aFrom + m * aRow, aRow, b, bFrom, c, cFrom + m * PITCH, inner);
    }
    for (; m <= rows - 4; m += 4) {
      scores4x2(a, aFrom + m * aRow, aRow, b, bFrom, c, cFrom + m * PITCH, inner);
    }
    for (; m <= rows - 1; m += 1) {
      scores1x2(a, aFrom + m * aRow, aRow, b, bFrom, c, cFrom + m * PITCH, inner);
    }
  }

  static void scores8x2(
      float[] a, int aFrom, int aRow, float[] b, int bFrom, float[] c, int cFrom, int inner) {
    int x0 = aFrom;
    FloatVector s0_0 = FloatVector.zero(F);
    FloatVector s0_1 = FloatVector.zero(F);
    int x1 = aFrom + aRow;
    FloatVector s1_0 = FloatVector.zero(F);
    FloatVector s1_1 = FloatVector.zero(F);
    int x2 = aFrom + 2 * aRow;
    FloatVector s2_0 = FloatVector.zero(F);
    FloatVector s2_1 = FloatVector.zero(F);
    int x3 = aFrom + 3 * aRow;
    FloatVector s3_0 = FloatVector.zero(F);
    FloatVector s3_1 = FloatVector.zero(F);
    int x4 = aFrom + 4 * aRow;
    FloatVector s4_0 = FloatVector.zero(F);
    FloatVector s4_1 = FloatVector.zero(F);
    int x5 = aFrom + 5 * aRow;
    FloatVector s5_0 = FloatVector.zero(F);
    FloatVector s5_1 = FloatVector.zero(F);
    int x6 = aFrom + 6 * aRow;
    FloatVector s6_0 = FloatVector.zero(F);
    FloatVector s6_1 = FloatVector.zero(F);
    int x7 = aFrom + 7 * aRow;
    FloatVector s7_0 = FloatVector.zero(F);
    FloatVector s7_1 = FloatVector.zero(F);
    for (int j = 0; j < inner; j++) {
      int k = bFrom + j * PITCH;
      FloatVector b0 = FloatVector.fromArray(F, b, k);
      FloatVector b1 = FloatVector.fromArray(F, b, k + L);
      FloatVector a0 = FloatVector.broadcast(F, a[x0 + j]);
      s0_0 = a0.fma(b0, s0_0);
      s0_1 = a0.fma(b1, s0_1);
      FloatVector a1 = FloatVector.broadcast(F, a[x1 + j]);
      s1_0 = a1.fma(b0, s1_0);
      s1_1 = a1.fma(b1, s1_1);
      FloatVector a2 = FloatVector.broadcast(F, a[x2 + j]);
      s2_0 = a2.fma(b0, s2_0);
      s2_1 = a2.fma(b1, s2_1);
      FloatVector a3 = FloatVector.broadcast(F, a[x3 + j]);
      s3_0 = a3.fma(b0, s3_0);
      s3_1 = a3.fma(b1, s3_1);
      FloatVector a4 = FloatVector.broadcast(F, a[x4 + j]);
      s4_0 = a4.fma(b0, s4_0);
      s4_1 = a4.fma(b1, s4_1);
      FloatVector a5 = FloatVector.broadcast(F, a[x5 + j]);
      s5_0 = a5.fma(b0, s5_0);
      s5_1 = a5.fma(b1, s5_1);
      FloatVector a6 = FloatVector.broadcast(F, a[x6 + j]);
      s6_0 = a6.fma(b0, s6_0);
      s6_1 = a6.fma(b1, s6_1);
      FloatVector a7 = FloatVector.broadcast(F, a[x7 + j]);
      s7_0 = a7.fma(b0, s7_0);
      s7_1 = a7.fma(b1, s7_1);
    }
    int c0 = cFrom;
    s0_0.intoArray(c, c0);
    s0_1.intoArray(c, c0 + L);
    int c1 = cFrom + PITCH;
    s1_0.intoArray(c, c1);
    s1_1.intoArray(c, c1 + L);
    int c2 = cFrom + 2 * PITCH;
    s2_0.intoArray(c, c2);
    s2_1.intoArray(c, c2 + L);
    int c3 = cFrom + 3 * PITCH;
    s3_0.intoArray(c, c3);
    s3_1.intoArray(c, c3 + L);
    int c4 = cFrom + 4 * PITCH;
    s4_0.intoArray(c, c4);
    s4_1.intoArray(c, c4 + L);
    int c5 = cFrom + 5 * PITCH;
    s5_0.intoArray(c, c5);
    s5_1.intoArray(c, c5 + L);
    int c6 = cFrom + 6 * PITCH;
    s6_0.intoArray(c, c6);
    s6_1.intoArray(c, c6 + L);
    int c7 = cFrom + 7 * PITCH;
    s7_0.intoArray(c, c7);
    s7_1.intoArray(c, c7 + L);
  }

  static void scores4x2(
      float[] a, int aFrom, int aRow, float[] b, int bFrom, float[] c, int cFrom, int inner) {
    int x0 = aFrom;
    FloatVector s0_0 = FloatVector.zero(F);
    FloatVector s0_1 = FloatVector.zero(F);
    int x1 = aFrom + aRow;
    FloatVector s1_0 = FloatVector.zero(F);
    FloatVector s1_1 = FloatVector.zero(F);
    int x2 = aFrom + 2 * aRow;
    FloatVector s2_0 = FloatVector.zero(F);
    FloatVector s2_1 = FloatVector.zero(F);
    int x3 = aFrom + 3 * aRow;
    FloatVector s3_0 = FloatVector.zero(F);
    FloatVector s3_1 = FloatVector.zero(F);
    for (int j = 0; j < inner; j++) {
      int k = bFrom + j * PITCH;
      FloatVector b0 = FloatVector.fromArray(F, b, k);
      FloatVector b1 = FloatVector.fromArray(F, b, k + L);
      FloatVector a0 = FloatVector.broadcast(F, a[x0 + j]);
      s0_0 = a0.fma(b0, s0_0);
      s0_1 = a0.fma(b1, s0_1);
      FloatVector a1 = FloatVector.broadcast(F, a[x1 + j]);
      s1_0 = a1.fma(b0, s1_0);
      s1_1 = a1.fma(b1, s1_1);
      FloatVector a2 = FloatVector.broadcast(F, a[x2 + j]);
      s2_0 = a2.fma(b0, s2_0);
      s2_1 = a2.fma(b1, s2_1);
      FloatVector a3 = FloatVector.broadcast(F, a[x3 + j]);
      s3_0 = a3.fma(b0, s3_0);
      s3_1 = a3.fma(b1, s3_1);
    }
    int c0 = cFrom;
    s0_0.intoArray(c, c0);
    s0_1.intoArray(c, c0 + L);
    int c1 = cFrom + PITCH;
    s1_0.intoArray(c, c1);
    s1_1.intoArray(c, c1 + L);
    int c2 = cFrom + 2 * PITCH;
    s2_0.intoArray(c, c2);
    s2_1.intoArray(c, c2 + L);
    int c3 = cFrom + 3 * PITCH;
    s3_0.intoArray(c, c3);
    s3_1.intoArray(c, c3 + L);
  }

  static void scores1x2(
      float[] a, int aFrom, int aRow, float[] b, int bFrom, float[] c, int cFrom, int inner) {
    int x0 = aFrom;
    FloatVector s0_0 = FloatVector.zero(F);
    FloatVector s0_1 = FloatVector.zero(F);
    for (int j = 0; j < inner; j++) {
      int k = bFrom + j * PITCH;
      FloatVector b0 = FloatVector.fromArray(F, b, k);
      FloatVector b1 = FloatVector.fromArray(F, b, k + L);
      FloatVector a0 = FloatVector.broadcast(F, a[x0 + j]);
      s0_0 = a0.fma(b0, s0_0);
      s0_1 = a0.fma(b1, s0_1);
    }
    int c0 = cFrom;
    s0_0.intoArray(c, c0);
    s0_1.intoArray(c, c0 + L);
  }

  static void scores3(
      float[] a,
      int aFrom,
      int aRow,
      float[] b,
      int bFrom,
      float[] c,
      int cFrom,
      int rows,
      int inner) {
    int m = 0;
    for (; m <= rows - 4; m += 4) {
      scores4x3(a, aFrom + m * aRow, aRow, b, bFrom, c, cFrom + m * PITCH, inner);
    }
    for (; m <= rows - 1; m += 1) {
      scores1x3(a, aFrom + m * aRow, aRow, b, bFrom, c, cFrom + m * PITCH, inner);
    }
  }

  static void scores4x3(
      float[] a, int aFrom, int aRow, float[] b, int bFrom, float[] c, int cFrom, int inner) {
    int x0 = aFrom;
    FloatVector s0_0 = FloatVector.zero(F);
    FloatVector s0_1 = FloatVector.zero(F);
    FloatVector s0_2 = FloatVector.zero(F);
    int x1 = aFrom + aRow;
    FloatVector s1_0 = FloatVector.zero(F);
    FloatVector s1_1 = FloatVector.zero(F);
    FloatVector s1_2 = FloatVector.zero(F);
    int x2 = aFrom + 2 * aRow;
    FloatVector s2_0 = FloatVector.zero(F);
    FloatVector s2_1 = FloatVector.zero(F);
    FloatVector s2_2 = FloatVector.zero(F);
    int x3 = aFrom + 3 * aRow;
    FloatVector s3_0 = FloatVector.zero(F);
    FloatVector s3_1 = FloatVector.zero(F);
    FloatVector s3_2 = FloatVector.zero(F);
    for (int j = 0; j < inner; j++) {
      int k = bFrom + j * PITCH;
      FloatVector b0 = FloatVector.fromArray(F, b, k);
      FloatVector b1 = FloatVector.fromArray(F, b, k + L);
      FloatVector b2 = FloatVector.fromArray(F, b, k + 2 * L);
      FloatVector a0 = FloatVector.broadcast(F, a[x0 + j]);
      s0_0 = a0.fma(b0, s0_0);
      s0_1 = a0.fma(b1, s0_1);
      s0_2 = a0.fma(b2, s0_2);
      FloatVector a1 = FloatVector.broadcast(F, a[x1 + j]);
      s1_0 = a1.fma(b0, s1_0);
      s1_1 = a1.fma(b1, s1_1);
      s1_2 = a1.fma(b2, s1_2);
      FloatVector a2 = FloatVector.broadcast(F, a[x2 + j]);
      s2_0 = a2.fma(b0, s2_0);
      s2_1 = a2.fma(b1, s2_1);
      s2_2 = a2.fma(b2, s2_2);
      FloatVector a3 = FloatVector.broadcast(F, a[x3 + j]);
      s3_0 = a3.fma(b0, s3_0);
      s3_1 = a3.fma(b1, s3_1);
      s3_2 = a3.fma(b2, s3_2);
    }
    int c0 = cFrom;
    s0_0.intoArray(c, c0);
    s0_1.intoArray(c, c0 + L);
    s0_2.intoArray(c, c0 + 2 * L);
    int c1 = cFrom + PITCH;
    s1_0.intoArray(c, c1);
    s1_1.intoArray(c, c1 + L);
    s1_2.intoArray(c, c1 + 2 * L);
    int c2 = cFrom + 2 * PITCH;
    s2_0.intoArray(c, c2);
    s2_1.intoArray(c, c2 + L);
    s2_2.intoArray(c, c2 + 2 * L);
    int c3 = cFrom + 3 * PITCH;
    s3_0.intoArray(c, c3);
    s3_1.intoArray(c, c3 + L);
    s3_2.intoArray(c, c3 + 2 * L);
  }

  static void scores1x3(
      float[] a, int aFrom, int aRow, float[] b, int bFrom, float[] c, int cFrom, int inner) {
    int x0 = aFrom;
    FloatVector s0_0 = FloatVector.zero(F);
    FloatVector s0_1 = FloatVector.zero(F);
    FloatVector s0_2 = FloatVector.zero(F);
    for (int j = 0; j < inner; j++) {
      int k = bFrom + j * PITCH;
      FloatVector b0 = FloatVector.fromArray(F, b, k);
      FloatVector b1 = FloatVector.fromArray(F, b, k + L);
      FloatVector b2 = FloatVector.fromArray(F, b, k + 2 * L);
      FloatVector a0 = FloatVector.broadcast(F, a[x0 + j]);
      s0_0 = a0.fma(b0, s0_0);
      s0_1 = a0.fma(b1, s0_1);
      s0_2 = a0.fma(b2, s0_2);
    }
    int c0 = cFrom;
    s0_0.intoArray(c, c0);
    s0_1.intoArray(c, c0 + L);
    s0_2.intoArray(c, c0 + 2 * L);
  }

  static void scores4(
      float[] a,
      int aFrom,
      int aRow,
      float[] b,
      int bFrom,
      float[] c,
      int cFrom,
      int rows,
      int inner) {
    int m = 0;
    for (; m <= rows - 4; m += 4) {
      scores4x4(a, aFrom + m * aRow, aRow, b, bFrom, c, cFrom + m * PITCH, inner);
    }
    for (; m <= rows - 1; m += 1) {
      scores1x4(a, aFrom + m * aRow, aRow, b, bFrom, c, cFrom + m * PITCH, inner);
    }
  }

  static void scores4x4(
      float[] a, int aFrom, int aRow, float[] b, int bFrom, float[] c, int cFrom, int inner) {
    int x0 = aFrom;
    FloatVector s0_0 = FloatVector.zero(F);
    FloatVector s0_1 = FloatVector.zero(F);
    FloatVector s0_2 = FloatVector.zero(F);
    FloatVector s0_3 = FloatVector.zero(F);
    int x1 = aFrom + aRow;
    FloatVector s1_0 = FloatVector.zero(F);
    FloatVector s1_1 = FloatVector.zero(F);
    FloatVector s1_2 = FloatVector.zero(F);
    FloatVector s1_3 = FloatVector.zero(F);
    int x2 = aFrom + 2 * aRow;
    FloatVector s2_0 = FloatVector.zero(F);
    FloatVector s2_1 = FloatVector.zero(F);
    FloatVector s2_2 = FloatVector.zero(F);
    FloatVector s2_3 = FloatVector.zero(F);
    int x3 = aFrom + 3 * aRow;
    FloatVector s3_0 = FloatVector.zero(F);
    FloatVector s3_1 = FloatVector.zero(F);
    FloatVector s3_2 = FloatVector.zero(F);
    FloatVector s3_3 = FloatVector.zero(F);
    for (int j = 0; j < inner; j++) {
      int k = bFrom + j * PITCH;
      FloatVector b0 = FloatVector.fromArray(F, b, k);
      FloatVector b1 = FloatVector.fromArray(F, b, k + L);
      FloatVector b2 = FloatVector.fromArray(F, b, k + 2 * L);
      FloatVector b3 = FloatVector.fromArray(F, b, k + 3 * L);
      FloatVector a0 = FloatVector.broadcast(F, a[x0 + j]);
      s0_0 = a0.fma(b0, s0_0);
      s0_1 = a0.fma(b1, s0_1);
      s0_2 = a0.fma(b2, s0_2);
      s0_3 = a0.fma(b3, s0_3);
      FloatVector a1 = FloatVector.broadcast(F, a[x1 + j]);
      s1_0 = a1.fma(b0, s1_0);
      s1_1 = a1.fma(b1, s1_1);
      s1_2 = a1.fma(b2, s1_2);
      s1_3 = a1.fma(b3, s1_3);
      FloatVector a2 = FloatVector.broadcast(F, a[x2 + j]);
      s2_0 = a2.fma(b0, s2_0);
      s2_1 = a2.fma(b1, s2_1);
      s2_2 = a2.fma(b2, s2_2);
      s2_3 = a2.fma(b3, s2_3);
      FloatVector a3 = FloatVector.broadcast(F, a[x3 + j]);
      s3_0 = a3.fma(b0, s3_0);
      s3_1 = a3.fma(b1, s3_1);
      s3_2 = a3.fma(b2, s3_2);
      s3_3 = a3.fma(b3, s3_3);
    }
    int c0 = cFrom;
    s0_0.intoArray(c, c0);
    s0_1.intoArray(c, c0 + L);
    s0_2.intoArray(c, c0 + 2 * L);
    s0_3.intoArray(c, c0 + 3 * L);
    int c1 = cFrom + PITCH;
    s1_0.intoArray(c, c1);
    s1_1.intoArray(c, c1 + L);
    s1_2.intoArray(c, c1 + 2 * L);
    s1_3.intoArray(c, c1 + 3 * L);
    int c2 = cFrom + 2 * PITCH;
    s2_0.intoArray(c, c2);
    s2_1.intoArray(c, c2 + L);
    s2_2.intoArray(c, c2 + 2 * L);
    s2_3.intoArray(c, c2 + 3 * L);
    int c3 = cFrom + 3 * PITCH;
    s3_0.intoArray(c, c3);
    s3_1.intoArray(c, c3 + L);
    s3_2.intoArray(c, c3 + 2 * L);
    s3_3.intoArray(c, c3 + 3 * L);
  }

  static void scores1x4(
      float[] a, int aFrom, int aRow, float[] b, int bFrom, float[] c, int cFrom, int inner) {
    int x0 = aFrom;
    FloatVector s0_0 = FloatVector.zero(F);
    FloatVector s0_1 = FloatVector.zero(F);
    FloatVector s0_2 = FloatVector.zero(F);
    FloatVector s0_3 = FloatVector.zero(F);
    for (int j = 0; j < inner; j++) {
      int k = bFrom + j * PITCH;
      FloatVector b0 = FloatVector.fromArray(F, b, k);
      FloatVector b1 = FloatVector.fromArray(F, b, k + L);
      FloatVector b2 = FloatVector.fromArray(F, b, k + 2 * L);
      FloatVector b3 = FloatVector.fromArray(F, b, k + 3 * L);
      FloatVector a0 = FloatVector.broadcast(F, a[x0 + j]);
      s0_0 = a0.fma(b0, s0_0);
      s0_1 = a0.fma(b1, s0_1);
      s0_2 = a0.fma(b2, s0_2);
      s0_3 = a0.fma(b3, s0_3);
    }
    int c0 = cFrom;
    s0_0.intoArray(c, c0);
    s0_1.intoArray(c, c0 + L);
    s0_2.intoArray(c, c0 + 2 * L);
    s0_3.intoArray(c, c0 + 3 * L);
  }

  static void scores5(
      float[] a,
      int aFrom,
      int aRow,
      float[] b,
      int bFrom,
      float[] c,
      int cFrom,
      int rows,
      int inner) {
    int m = 0;
    for (; m <= rows - 4; m += 4) {
      scores4x5(a, aFrom + m * aRow, aRow, b, bFrom, c, cFrom + m * PITCH, inner);
    }
    for (; m <= rows - 1; m += 1) {
      scores1x5(a, aFrom + m * aRow, aRow, b, bFrom, c, cFrom + m * PITCH, inner);
    }
  }

  static void scores4x5(
      float[] a, int aFrom, int aRow, float[] b, int bFrom, float[] c, int cFrom, int inner) {
    int x0 = aFrom;
    FloatVector s0_0 = FloatVector.zero(F);
    FloatVector s0_1 = FloatVector.zero(F);
    FloatVector s0_2 = FloatVector.zero(F);
    FloatVector s0_3 = FloatVector.zero(F);
    FloatVector s0_4 = FloatVector.zero(F);
    int x1 = aFrom + aRow;
    FloatVector s1_0 = FloatVector.zero(F);
    FloatVector s1_1 = FloatVector.zero(F);
    FloatVector s1_2 = FloatVector.zero(F);
    FloatVector s1_3 = FloatVector.zero(F);
    FloatVector s1_4 = FloatVector.zero(F);
    int x2 = aFrom + 2 * aRow;
    FloatVector s2_0 = FloatVector.zero(F);
    FloatVector s2_1 = FloatVector.zero(F);
    FloatVector s2_2 = FloatVector.zero(F);
    FloatVector s2_3 = FloatVector.zero(F);
    FloatVector s2_4 = FloatVector.zero(F);
    int x3 = aFrom + 3 * aRow;
    FloatVector s3_0 = FloatVector.zero(F);
    FloatVector s3_1 = FloatVector.zero(F);
    FloatVector s3_2 = FloatVector.zero(F);
    FloatVector s3_3 = FloatVector.zero(F);
    FloatVector s3_4 = FloatVector.zero(F);
    for (int j = 0; j < inner; j++) {
      int k = bFrom + j * PITCH;
      FloatVector b0 = FloatVector.fromArray(F, b, k);
      FloatVector b1 = FloatVector.fromArray(F, b, k + L);
      FloatVector b2 = FloatVector.fromArray(F, b, k + 2 * L);
      FloatVector b3 = FloatVector.fromArray(F, b, k + 3 * L);
      FloatVector b4 = FloatVector.fromArray(F, b, k + 4 * L);
      FloatVector a0 = FloatVector.broadcast(F, a[x0 + j]);
      s0_0 = a0.fma(b0, s0_0);
      s0_1 = a0.fma(b1, s0_1);
      s0_2 = a0.fma(b2, s0_2);
      s0_3 = a0.fma(b3, s0_3);
      s0_4 = a0.fma(b4, s0_4);
      FloatVector a1 = FloatVector.broadcast(F, a[x1 + j]);
      s1_0 = a1.fma(b0, s1_0);
      s1_1 = a1.fma(b1, s1_1);
      s1_2 = a1.fma(b2, s1_2);
      s1_3 = a1.fma(b3, s1_3);
      s1_4 = a1.fma(b4, s1_4);
      FloatVector a2 = FloatVector.broadcast(F, a[x2 + j]);
      s2_0 = a2.fma(b0, s2_0);
      s2_1 = a2.fma(b1, s2_1);
      s2_2 = a2.fma(b2, s2_2);
      s2_3 = a2.fma(b3, s2_3);
      s2_4 = a2.fma(b4, s2_4);
      FloatVector a3 = FloatVector.broadcast(F, a[x3 + j]);
      s3_0 = a3.fma(b0, s3_0);
      s3_1 = a3.fma(b1, s3_1);
      s3_2 = a3.fma(b2, s3_2);
      s3_3 = a3.fma(b3, s3_3);
      s3_4 = a3.fma(b4, s3_4);
    }
    int c0 = cFrom;
    s0_0.intoArray(c, c0);
    s0_1.intoArray(c, c0 + L);
    s0_2.intoArray(c, c0 + 2 * L);
    s0_3.intoArray(c, c0 + 3 * L);
    s0_4.intoArray(c, c0 + 4 * L);
    int c1 = cFrom + PITCH;
    s1_0.intoArray(c, c1);
    s1_1.intoArray(c, c1 + L);
    s1_2.intoArray(c, c1 + 2 * L);
    s1_3.intoArray(c, c1 + 3 * L);
    s1_4.intoArray(c, c1 + 4 * L);
    int c2 = cFrom + 2 * PITCH;
    s2_0.intoArray(c, c2);
    s2_1.intoArray(c, c2 + L);
    s2_2.intoArray(c, c2 + 2 * L);
    s2_3.intoArray(c, c2 + 3 * L);
    s2_4.intoArray(c, c2 + 4 * L);
    int c3 = cFrom + 3 * PITCH;
    s3_0.intoArray(c, c3);
    s3_1.intoArray(c, c3 + L);
    s3_2.intoArray(c, c3 + 2 * L);
    s3_3.intoArray(c, c3 + 3 * L);
    s3_4.intoArray(c, c3 + 4 * L);
  }

  static void scores1x5(
      float[] a, int aFrom, int aRow, float[] b, int bFrom, float[] c, int cFrom, int inner) {
    int x0 = aFrom;
    FloatVector s0_0 = FloatVector.zero(F);
    FloatVector s0_1 = FloatVector.zero(F);
    FloatVector s0_2 = FloatVector.zero(F);
    FloatVector s0_3 = FloatVector.zero(F);
    FloatVector s0_4 = FloatVector.zero(F);
    for (int j = 0; j < inner; j++) {
      int k = bFrom + j * PITCH;
      FloatVector b0 = FloatVector.fromArray(F, b, k);
      FloatVector b1 = FloatVector.fromArray(F, b, k + L);
      FloatVector b2 = FloatVector.fromArray(F, b, k + 2 * L);
      FloatVector b3 = FloatVector.fromArray(F, b, k + 3 * L);
      FloatVector b4 = FloatVector.fromArray(F, b, k + 4 * L);
      FloatVector a0 = FloatVector.broadcast(F, a[x0 + j]);
      s0_0 = a0.fma(b0, s0_0);
      s0_1 = a0.fma(b1, s0_1);
      s0_2 = a0.fma(b2, s0_2);
      s0_3 = a0.fma(b3, s0_3);
      s0_4 = a0.fma(b4, s0_4);
    }
    int c0 = cFrom;
    s0_0.intoArray(c, c0);
    s0_1.intoArray(c, c0 + L);
    s0_2.intoArray(c, c0 + 2 * L);
    s0_3.intoArray(c, c0 + 3 * L);
    s0_4.intoArray(c, c0 + 4 * L);
  }

  static void scores6(
      float[] a,
      int aFrom,
      int aRow,
      float[] b,
      int bFrom,
      float[] c,
      int cFrom,
      int rows,
      int inner) {
    int m = 0;
    for (; m <= rows - 4; m += 4) {
      scores4x6(a, aFrom + m * aRow, aRow, b, bFrom, c, cFrom + m * PITCH, inner);
    }
    for (; m <= rows - 1; m += 1) {
      scores1x6(a, aFrom + m * aRow, aRow, b, bFrom, c, cFrom + m * PITCH, inner);
    }
  }

  static void scores4x6(
      float[] a, int aFrom, int aRow, float[] b, int bFrom, float[] c, int cFrom, int inner) {
    int x0 = aFrom;
    FloatVector s0_0 = FloatVector.zero(F);
    FloatVector s0_1 = FloatVector.zero(F);
    FloatVector s0_2 = FloatVector.zero(F);
    FloatVector s0_3 = FloatVector.zero(F);
    FloatVector s0_4 = FloatVector.zero(F);
    FloatVector s0_5 = FloatVector.zero(F);
    int x1 = aFrom + aRow;
    FloatVector s1_0 = FloatVector.zero(F);
    FloatVector s1_1 = FloatVector.zero(F);
    FloatVector s1_2 = FloatVector.zero(F);
    FloatVector s1_3 = FloatVector.zero(F);
    FloatVector s1_4 = FloatVector.zero(F);
    FloatVector s1_5 = FloatVector.zero(F);
    int x2 = aFrom + 2 * aRow;
    FloatVector s2_0 = FloatVector.zero(F);
    FloatVector s2_1 = FloatVector.zero(F);
    FloatVector s2_2 = FloatVector.zero(F);
    FloatVector s2_3 = FloatVector.zero(F);
    FloatVector s2_4 = FloatVector.zero(F);
    FloatVector s2_5 = FloatVector.zero(F);
    int x3 = aFrom + 3 * aRow;
    FloatVector s3_0 = FloatVector.zero(F);
    FloatVector s3_1 = FloatVector.zero(F);
    FloatVector s3_2 = FloatVector.zero(F);
    FloatVector s3_3 = FloatVector.zero(F);
    FloatVector s3_4 = FloatVector.zero(F);
    FloatVector s3_5 = FloatVector.zero(F);
    for (int j = 0; j < inner; j++) {
      int k = bFrom + j * PITCH;
      FloatVector b0 = FloatVector.fromArray(F, b, k);
      FloatVector b1 = FloatVector.fromArray(F, b, k + L);
      FloatVector b2 = FloatVector.fromArray(F, b, k + 2 * L);
      FloatVector b3 = FloatVector.fromArray(F, b, k + 3 * L);
      FloatVector b4 = FloatVector.fromArray(F, b, k + 4 * L);
      FloatVector b5 = FloatVector.fromArray(F, b, k + 5 * L);
      FloatVector a0 = FloatVector.broadcast(F, a[x0 + j]);
      s0_0 = a0.fma(b0, s0_0);
      s0_1 = a0.fma(b1, s0_1);
      s0_2 = a0.fma(b2, s0_2);
      s0_3 = a0.fma(b3, s0_3);
      s0_4 = a0.fma(b4, s0_4);
      s0_5 = a0.fma(b5, s0_5);
      FloatVector a1 = FloatVector.broadcast(F, a[x1 + j]);
      s1_0 = a1.fma(b0, s1_0);
      s1_1 = a1.fma(b1, s1_1);
      s1_2 = a1.fma(b2, s1_2);
      s1_3 = a1.fma(b3, s1_3);
      s1_4 = a1.fma(b4, s1_4);
      s1_5 = a1.fma(b5, s1_5);
      FloatVector a2 = FloatVector.broadcast(F, a[x2 + j]);
      s2_0 = a2.fma(b0, s2_0);
      s2_1 = a2.fma(b1, s2_1);
      s2_2 = a2.fma(b2, s2_2);
      s2_3 = a2.fma(b3, s2_3);
      s2_4 = a2.fma(b4, s2_4);
      s2_5 = a2.fma(b5, s2_5);
      FloatVector a3 = FloatVector.broadcast(F, a[x3 + j]);
      s3_0 = a3.fma(b0, s3_0);
      s3_1 = a3.fma(b1, s3_1);
      s3_2 = a3.fma(b2, s3_2);
      s3_3 = a3.fma(b3, s3_3);
      s3_4 = a3.fma(b4, s3_4);
      s3_5 = a3.fma(b5, s3_5);
    }
    int c0 = cFrom;
    s0_0.intoArray(c, c0);
    s0_1.intoArray(c, c0 + L);
    s0_2.intoArray(c, c0 + 2 * L);
    s0_3.intoArray(c, c0 + 3 * L);
    s0_4.intoArray(c, c0 + 4 * L);
    s0_5.intoArray(c, c0 + 5 * L);
    int c1 = cFrom + PITCH;
    s1_0.intoArray(c, c1);
    s1_1.intoArray(c, c1 + L);
    s1_2.intoArray(c, c1 + 2 * L);
    s1_3.intoArray(c, c1 + 3 * L);
    s1_4.intoArray(c, c1 + 4 * L);
    s1_5.intoArray(c, c1 + 5 * L);
    int c2 = cFrom + 2 * PITCH;
    s2_0.intoArray(c, c2);
    s2_1.intoArray(c, c2 + L);
    s2_2.intoArray(c, c2 + 2 * L);
    s2_3.intoArray(c, c2 + 3 * L);
    s2_4.intoArray(c, c2 + 4 * L);
    s2_5.intoArray(c, c2 + 5 * L);
    int c3 = cFrom + 3 * PITCH;
    s3_0.intoArray(c, c3);
    s3_1.intoArray(c, c3 + L);
    s3_2.intoArray(c, c3 + 2 * L);
    s3_3.intoArray(c, c3 + 3 * L);
    s3_4.intoArray(c, c3 + 4 * L);
    s3_5.intoArray(c, c3 + 5 * L);
  }

  static void scores1x6(
      float[] a, int aFrom, int aRow, float[] b, int bFrom, float[] c, int cFrom, int inner) {
    int x0 = aFrom;
    FloatVector s0_0 = FloatVector.zero(F);
    FloatVector s0_1 = FloatVector.zero(F);
    FloatVector s0_2 = FloatVector.zero(F);
    FloatVector s0_3 = FloatVector.zero(F);
    FloatVector s0_4 = FloatVector.zero(F);
    FloatVector s0_5 = FloatVector.zero(F);
    for (int j = 0; j < inner; j++) {
      int k = bFrom + j * PITCH;
      FloatVector b0 = FloatVector.fromArray(F, b, k);
      FloatVector b1 = FloatVector.fromArray(F, b, k + L);
      FloatVector b2 = FloatVector.fromArray(F, b, k + 2 * L);
      FloatVector b3 = FloatVector.fromArray(F, b, k + 3 * L);
      FloatVector b4 = FloatVector.fromArray(F, b, k + 4 * L);
      FloatVector b5 = FloatVector.fromArray(F, b, k + 5 * L);
      FloatVector a0 = FloatVector.broadcast(F, a[x0 + j]);
      s0_0 = a0.fma(b0, s0_0);
      s0_1 = a0.fma(b1, s0_1);
      s0_2 = a0.fma(b2, s0_2);
      s0_3 = a0.fma(b3, s0_3);
      s0_4 = a0.fma(b4, s0_4);
      s0_5 = a0.fma(b5, s0_5);
    }
    int c0 = cFrom;
    s0_0.intoArray(c, c0);
    s0_1.intoArray(c, c0 + L);
    s0_2.intoArray(c, c0 + 2 * L);
    s0_3.intoArray(c, c0 + 3 * L);
    s0_4.intoArray(c, c0 + 4 * L);
    s0_5.intoArray(c, c0 + 5 * L);
  }

  static void panelScores2(
      float[] a, int aFrom, float[] b, int bFrom, float[] c, int cFrom, int rows, int inner) {
    int m = 0;
    for (; m <= rows - 4; m += 4) {
      panelScores4x2(a, aFrom + m * COLUMNS, b, bFrom, c, cFrom + m * PITCH, inner);
    }
    for (; m <= rows - 1; m += 1) {
      panelScores1x2(a, aFrom + m * COLUMNS, b, bFrom, c, cFrom + m * PITCH, inner);
    }
  }

  static void panelScores4x2(
      float[] a, int aFrom, float[] b, int bFrom, float[] c, int cFrom, int inner) {
    FloatVector s0_0 = FloatVector.zero(F);
    FloatVector s0_1 = FloatVector.zero(F);
    FloatVector s1_0 = FloatVector.zero(F);
    FloatVector s1_1 = FloatVector.zero(F);
    FloatVector s2_0 = FloatVector.zero(F);
    FloatVector s2_1 = FloatVector.zero(F);
    FloatVector s3_0 = FloatVector.zero(F);
    FloatVector s3_1 = FloatVector.zero(F);
    for (int j = 0; j < inner; j++) {
      int k = bFrom + j * PITCH;
      FloatVector b0 = FloatVector.fromArray(F, b, k);
      FloatVector b1 = FloatVector.fromArray(F, b, k + L);
      FloatVector a0 = FloatVector.broadcast(F, a[aFrom + j]);
      s0_0 = a0.fma(b0, s0_0);
      s0_1 = a0.fma(b1, s0_1);
      FloatVector a1 = FloatVector.broadcast(F, a[aFrom + j + COLUMNS]);
      s1_0 = a1.fma(b0, s1_0);
      s1_1 = a1.fma(b1, s1_1);
      FloatVector a2 = FloatVector.broadcast(F, a[aFrom + j + 2 * COLUMNS]);
      s2_0 = a2.fma(b0, s2_0);
      s2_1 = a2.fma(b1, s2_1);
      FloatVector a3 = FloatVector.broadcast(F, a[aFrom + j + 3 * COLUMNS]);
      s3_0 = a3.fma(b0, s3_0);
      s3_1 = a3.fma(b1, s3_1);
    }
    int c0 = cFrom;
    s0_0.intoArray(c, c0);
    s0_1.intoArray(c, c0 + L);
    int c1 = cFrom + PITCH;
    s1_0.intoArray(c, c1);
    s1_1.intoArray(c, c1 + L);
    int c2 = cFrom + 2 * PITCH;
    s2_0.intoArray(c, c2);
    s2_1.intoArray(c, c2 + L);
    int c3 = cFrom + 3 * PITCH;
    s3_0.intoArray(c, c3);
    s3_1.intoArray(c, c3 + L);
  }

  static void panelScores1x2(
      float[] a, int aFrom, float[] b, int bFrom, float[] c, int cFrom, int inner) {
    FloatVector s0_0 = FloatVector.zero(F);
    FloatVector s0_1 = FloatVector.zero(F);
    for (int j = 0; j < inner; j++) {
      int k = bFrom + j * PITCH;
      FloatVector b0 = FloatVector.fromArray(F, b, k);
      FloatVector b1 = FloatVector.fromArray(F, b, k + L);
      FloatVector a0 = FloatVector.broadcast(F, a[aFrom + j]);
      s0_0 = a0.fma(b0, s0_0);
      s0_1 = a0.fma(b1, s0_1);
    }
    int c0 = cFrom;
    s0_0.intoArray(c, c0);
    s0_1.intoArray(c, c0 + L);
  }

  static void panel2(
      float[] a,
      int aFrom,
      float[] b,
      int bFrom,
      float[] c,
      int cFrom,
      int cRow,
      int rows,
      int inner) {
    int m = 0;
    for (; TALL && m <= rows - 8; m += 8) {
      panel8x2(a, aFrom + m * COLUMNS, b, bFrom, c, cFrom + m * cRow, cRow, inner);
    }
    for (; m <= rows - 4; m += 4) {
      panel4x2(a, aFrom + m * COLUMNS, b, bFrom, c, cFrom + m * cRow, cRow, inner);
    }
    for (; m <= rows - 1; m += 1) {
      panel1x2(a, aFrom + m * COLUMNS, b, bFrom, c, cFrom + m * cRow, cRow, inner);
    }
  }

  static void panel8x2(
      float[] a, int aFrom, float[] b, int bFrom, float[] c, int cFrom, int cRow, int inner) {
    FloatVector s0_0 = FloatVector.zero(F);
    FloatVector s0_1 = FloatVector.zero(F);
    FloatVector s1_0 = FloatVector.zero(F);
    FloatVector s1_1 = FloatVector.zero(F);
    FloatVector s2_0 = FloatVector.zero(F);
    FloatVector s2_1 = FloatVector.zero(F);
    FloatVector s3_0 = FloatVector.zero(F);
    FloatVector s3_1 = FloatVector.zero(F);
    FloatVector s4_0 = FloatVector.zero(F);
    FloatVector s4_1 = FloatVector.zero(F);
    FloatVector s5_0 = FloatVector.zero(F);
    FloatVector s5_1 = FloatVector.zero(F);
    FloatVector s6_0 = FloatVector.zero(F);
    FloatVector s6_1 = FloatVector.zero(F);
    FloatVector s7_0 = FloatVector.zero(F);
    FloatVector s7_1 = FloatVector.zero(F);
    for (int j = 0; j < inner; j++) {
      int k = bFrom + j * COLUMNS;
      FloatVector b0 = FloatVector.fromArray(F, b, k);
      FloatVector b1 = FloatVector.fromArray(F, b, k + L);
      FloatVector a0 = FloatVector.broadcast(F, a[aFrom + j]);
      s0_0 = a0.fma(b0, s0_0);
      s0_1 = a0.fma(b1, s0_1);
      FloatVector a1 = FloatVector.broadcast(F, a[aFrom + j + COLUMNS]);
      s1_0 = a1.fma(b0, s1_0);
      s1_1 = a1.fma(b1, s1_1);
      FloatVector a2 = FloatVector.broadcast(F, a[aFrom + j + 2 * COLUMNS]);
      s2_0 = a2.fma(b0, s2_0);
      s2_1 = a2.fma(b1, s2_1);
      FloatVector a3 = FloatVector.broadcast(F, a[aFrom + j + 3 * COLUMNS]);
      s3_0 = a3.fma(b0, s3_0);
      s3_1 = a3.fma(b1, s3_1);
      FloatVector a4 = FloatVector.broadcast(F, a[aFrom + j + 4 * COLUMNS]);
      s4_0 = a4.fma(b0, s4_0);
      s4_1 = a4.fma(b1, s4_1);
      FloatVector a5 = FloatVector.broadcast(F, a[aFrom + j + 5 * COLUMNS]);
      s5_0 = a5.fma(b0, s5_0);
      s5_1 = a5.fma(b1, s5_1);
      FloatVector a6 = FloatVector.broadcast(F, a[aFrom + j + 6 * COLUMNS]);
      s6_0 = a6.fma(b0, s6_0);
      s6_1 = a6.fma(b1, s6_1);
      FloatVector a7 = FloatVector.broadcast(F, a[aFrom + j + 7 * COLUMNS]);
      s7_0 = a7.fma(b0, s7_0);
      s7_1 = a7.fma(b1, s7_1);
    }
    int c0 = cFrom;
    s0_0.intoArray(c, c0);
    s0_1.intoArray(c, c0 + L);
    int c1 = cFrom + cRow;
    s1_0.intoArray(c, c1);
    s1_1.intoArray(c, c1 + L);
    int c2 = cFrom + 2 * cRow;
    s2_0.intoArray(c, c2);
    s2_1.intoArray(c, c2 + L);
    int c3 = cFrom + 3 * cRow;
    s3_0.intoArray(c, c3);
    s3_1.intoArray(c, c3 + L);
    int c4 = cFrom + 4 * cRow;
    s4_0.intoArray(c, c4);
    s4_1.intoArray(c, c4 + L);
    int c5 = cFrom + 5 * cRow;
    s5_0.intoArray(c, c5);
    s5_1.intoArray(c, c5 + L);
    int c6 = cFrom + 6 * cRow;
    s6_0.intoArray(c, c6);
    s6_1.intoArray(c, c6 + L);
    int c7 = cFrom + 7 * cRow;
    s7_0.intoArray(c, c7);
    s7_1.intoArray(c, c7 + L);
  }

  static void panel4x2(
      float[] a, int aFrom, float[] b, int bFrom, float[] c, int cFrom, int cRow, int inner) {
    FloatVector s0_0 = FloatVector.zero(F);
    FloatVector s0_1 = FloatVector.zero(F);
    FloatVector s1_0 = FloatVector.zero(F);
    FloatVector s1_1 = FloatVector.zero(F);
    FloatVector s2_0 = FloatVector.zero(F);
    FloatVector s2_1 = FloatVector.zero(F);
    FloatVector s3_0 = FloatVector.zero(F);
    FloatVector s3_1 = FloatVector.zero(F);
    for (int j = 0; j < inner; j++) {
      int k = bFrom + j * COLUMNS;
      FloatVector b0 = FloatVector.fromArray(F, b, k);
      FloatVector b1 = FloatVector.fromArray(F, b, k + L);
      FloatVector a0 = FloatVector.broadcast(F, a[aFrom + j]);
      s0_0 = a0.fma(b0, s0_0);
      s0_1 = a0.fma(b1, s0_1);
      FloatVector a1 = FloatVector.broadcast(F, a[aFrom + j + COLUMNS]);
      s1_0 = a1.fma(b0, s1_0);
      s1_1 = a1.fma(b1, s1_1);
      FloatVector a2 = FloatVector.broadcast(F, a[aFrom + j + 2 * COLUMNS]);
      s2_0 = a2.fma(b0, s2_0);
      s2_1 = a2.fma(b1, s2_1);
      FloatVector a3 = FloatVector.broadcast(F, a[aFrom + j + 3 * COLUMNS]);
      s3_0 = a3.fma(b0, s3_0);
      s3_1 = a3.fma(b1, s3_1);
    }
    int c0 = cFrom;
    s0_0.intoArray(c, c0);
    s0_1.intoArray(c, c0 + L);
    int c1 = cFrom + cRow;
    s1_0.intoArray(c, c1);
    s1_1.intoArray(c, c1 + L);
    int c2 = cFrom + 2 * cRow;
    s2_0.intoArray(c, c2);
    s2_1.intoArray(c, c2 + L);
    int c3 = cFrom + 3 * cRow;
    s3_0.intoArray(c, c3);
    s3_1.intoArray(c, c3 + L);
  }

  static void panel1x2(
      float[] a, int aFrom, float[] b, int bFrom, float[] c, int cFrom, int cRow, int inner) {
    FloatVector s0_0 = FloatVector.zero(F);
    FloatVector s0_1 = FloatVector.zero(F);
    for (int j = 0; j < inner; j++) {
      int k = bFrom + j * COLUMNS;
      FloatVector b0 = FloatVector.fromArray(F, b, k);
      FloatVector b1 = FloatVector.fromArray(F, b, k + L);
      FloatVector a0 = FloatVector.broadcast(F, a[aFrom + j]);
      s0_0 = a0.fma(b0, s0_0);
      s0_1 = a0.fma(b1, s0_1);
    }
    int c0 = cFrom;
    s0_0.intoArray(c, c0);
    s0_1.intoArray(c, c0 + L);
  }

  static void panel2Add(
      float[] a,
      int aFrom,
      float[] b,
      int bFrom,
      float[] c,
      int cFrom,
      int cRow,
      int rows,
      int inner) {
    int m = 0;
    for (; TALL && m <= rows - 8; m += 8) {
      panel8x2Add(a, aFrom + m * COLUMNS, b, bFrom, c, cFrom + m * cRow, cRow, inner);
    }
    for (; m <= rows - 4; m += 4) {
      panel4x2Add(a, aFrom + m * COLUMNS, b, bFrom, c, cFrom + m * cRow, cRow, inner);
    }
    for (; m <= rows - 1; m += 1) {
      panel1x2Add(a, aFrom + m * COLUMNS, b, bFrom, c, cFrom + m * cRow, cRow, inner);
    }
  }

  static void panel8x2Add(
      float[] a, int aFrom, float[] b, int bFrom, float[] c, int cFrom, int cRow, int inner) {
    int c0 = cFrom;
    FloatVector s0_0 = FloatVector.fromArray(F, c, c0);
    FloatVector s0_1 = FloatVector.fromArray(F, c, c0 + L);
    int c1 = cFrom + cRow;
    FloatVector s1_0 = FloatVector.fromArray(F, c, c1);
    FloatVector s1_1 = FloatVector.fromArray(F, c, c1 + L);
    int c2 = cFrom + 2 * cRow;
    FloatVector s2_0 = FloatVector.fromArray(F, c, c2);
    FloatVector s2_1 = FloatVector.fromArray(F, c, c2 + L);
    int c3 = cFrom + 3 * cRow;
    FloatVector s3_0 = FloatVector.fromArray(F, c, c3);
    FloatVector s3_1 = FloatVector.fromArray(F, c, c3 + L);
    int c4 = cFrom + 4 * cRow;
    FloatVector s4_0 = FloatVector.fromArray(F, c, c4);
    FloatVector s4_1 = FloatVector.fromArray(F, c, c4 + L);
    int c5 = cFrom + 5 * cRow;
    FloatVector s5_0 = FloatVector.fromArray(F, c, c5);
    FloatVector s5_1 = FloatVector.fromArray(F, c, c5 + L);
    int c6 = cFrom + 6 * cRow;
    FloatVector s6_0 = FloatVector.fromArray(F, c, c6);
    FloatVector s6_1 = FloatVector.fromArray(F, c, c6 + L);
    int c7 = cFrom + 7 * cRow;
    FloatVector s7_0 = FloatVector.fromArray(F, c, c7);
    FloatVector s7_1 = FloatVector.fromArray(F, c, c7 + L);
    for (int j = 0; j < inner; j++) {
      int k = bFrom + j * COLUMNS;
      FloatVector b0 = FloatVector.fromArray(F, b, k);
      FloatVector b1 = FloatVector.fromArray(F, b, k + L);
      FloatVector a0 = FloatVector.broadcast(F, a[aFrom + j]);
      s0_0 = a0.fma(b0, s0_0);
      s0_1 = a0.fma(b1, s0_1);
      FloatVector a1 = FloatVector.broadcast(F, a[aFrom + j + COLUMNS]);
      s1_0 = a1.fma(b0, s1_0);
      s1_1 = a1.fma(b1, s1_1);
      FloatVector a2 = FloatVector.broadcast(F, a[aFrom + j + 2 * COLUMNS]);
      s2_0 = a2.fma(b0, s2_0);
      s2_1 = a2.fma(b1, s2_1);
      FloatVector a3 = FloatVector.broadcast(F, a[aFrom + j + 3 * COLUMNS]);
      s3_0 = a3.fma(b0, s3_0);
      s3_1 = a3.fma(b1, s3_1);
      FloatVector a4 = FloatVector.broadcast(F, a[aFrom + j + 4 * COLUMNS]);
      s4_0 = a4.fma(b0, s4_0);
      s4_1 = a4.fma(b1, s4_1);
      FloatVector a5 = FloatVector.broadcast(F, a[aFrom + j + 5 * COLUMNS]);
      s5_0 = a5.fma(b0, s5_0);
      s5_1 = a5.fma(b1, s5_1);
      FloatVector a6 = FloatVector.broadcast(F, a[aFrom + j + 6 * COLUMNS]);
      s6_0 = a6.fma(b0, s6_0);
      s6_1 = a6.fma(b1, s6_1);
      FloatVector a7 = FloatVector.broadcast(F, a[aFrom + j + 7 * COLUMNS]);
      s7_0 = a7.fma(b0, s7_0);
      s7_1 = a7.fma(b1, s7_1);
    }
    s0_0.intoArray(c, c0);
    s0_1.intoArray(c, c0 + L);
    s1_0.intoArray(c, c1);
    s1_1.intoArray(c, c1 + L);
    s2_0.intoArray(c, c2);
    s2_1.intoArray(c, c2 + L);
    s3_0.intoArray(c, c3);
    s3_1.intoArray(c, c3 + L);
    s4_0.intoArray(c, c4);
    s4_1.intoArray(c, c4 + L);
    s5_0.intoArray(c, c5);
    s5_1.intoArray(c, c5 + L);
    s6_0.intoArray(c, c6);
    s6_1.intoArray(c, c6 + L);
    s7_0.intoArray(c, c7);
    s7_1.intoArray(c, c7 + L);
  }

  static void panel4x2Add(
      float[] a, int aFrom, float[] b, int bFrom, float[] c, int cFrom, int cRow, int inner) {
    int c0 = cFrom;
    FloatVector s0_0 = FloatVector.fromArray(F, c, c0);
    FloatVector s0_1 = FloatVector.fromArray(F, c, c0 + L);
    int c1 = cFrom + cRow;
    FloatVector s1_0 = FloatVector.fromArray(F, c, c1);
    FloatVector s1_1 = FloatVector.fromArray(F, c, c1 + L);
    int c2 = cFrom + 2 * cRow;
    FloatVector s2_0 = FloatVector.fromArray(F, c, c2);
    FloatVector s2_1 = FloatVector.fromArray(F, c, c2 + L);
    int c3 = cFrom + 3 * cRow;
    FloatVector s3_0 = FloatVector.fromArray(F, c, c3);
    FloatVector s3_1 = FloatVector.fromArray(F, c, c3 + L);
    for (int j = 0; j < inner; j++) {
      int k = bFrom + j * COLUMNS;
      FloatVector b0 = FloatVector.fromArray(F, b, k);
      FloatVector b1 = FloatVector.fromArray(F, b, k + L);
      FloatVector a0 = FloatVector.broadcast(F, a[aFrom + j]);
      s0_0 = a0.fma(b0, s0_0);
      s0_1 = a0.fma(b1, s0_1);
      FloatVector a1 = FloatVector.broadcast(F, a[aFrom + j + COLUMNS]);
      s1_0 = a1.fma(b0, s1_0);
      s1_1 = a1.fma(b1, s1_1);
      FloatVector a2 = FloatVector.broadcast(F, a[aFrom + j + 2 * COLUMNS]);
      s2_0 = a2.fma(b0, s2_0);
      s2_1 = a2.fma(b1, s2_1);
      FloatVector a3 = FloatVector.broadcast(F, a[aFrom + j + 3 * COLUMNS]);
      s3_0 = a3.fma(b0, s3_0);
      s3_1 = a3.fma(b1, s3_1);
    }
    s0_0.intoArray(c, c0);
    s0_1.intoArray(c, c0 + L);
    s1_0.intoArray(c, c1);
    s1_1.intoArray(c, c1 + L);
    s2_0.intoArray(c, c2);
    s2_1.intoArray(c, c2 + L);
    s3_0.intoArray(c, c3);
    s3_1.intoArray(c, c3 + L);
  }

  static void panel1x2Add(
      float[] a, int aFrom, float[] b, int bFrom, float[] c, int cFrom, int cRow, int inner) {
    int c0 = cFrom;
    FloatVector s0_0 = FloatVector.fromArray(F, c, c0);
    FloatVector s0_1 = FloatVector.fromArray(F, c, c0 + L);
    for (int j = 0; j < inner; j++) {
      int k = bFrom + j * COLUMNS;
      FloatVector b0 = FloatVector.fromArray(F, b, k);
      FloatVector b1 = FloatVector.fromArray(F, b, k + L);
      FloatVector a0 = FloatVector.broadcast(F, a[aFrom + j]);
      s0_0 = a0.fma(b0, s0_0);
      s0_1 = a0.fma(b1, s0_1);
    }
    s0_0.intoArray(c, c0);
    s0_1.intoArray(c, c0 + L);
  }

  static void panelTransposed2Add(
      float[] a,
      int aFrom,
      float[] b,
      int bFrom,
      float[] c,
      int cFrom,
      int cRow,
      int rows,
      int inner) {
    int m = 0;
    for (; TALL && m <= rows - 8; m += 8) {
      panelTransposed8x2Add(a, aFrom + m, b, bFrom, c, cFrom + m * cRow, cRow, inner);
    }
    for (; m <= rows - 4; m += 4) {
      panelTransposed4x2Add(a, aFrom + m, b, bFrom, c, cFrom + m * cRow, cRow, inner);
    }
    for (; m <= rows - 1; m += 1) {
      panelTransposed1x2Add(a, aFrom + m, b, bFrom, c, cFrom + m * cRow, cRow, inner);
    }
  }

  static void panelTransposed8x2Add(
      float[] a, int aFrom, float[] b, int bFrom, float[] c, int cFrom, int cRow, int inner) {
    int c0 = cFrom;
    FloatVector s0_0 = FloatVector.fromArray(F, c, c0);
    FloatVector s0_1 = FloatVector.fromArray(F, c, c0 + L);
    int c1 = cFrom + cRow;
    FloatVector s1_0 = FloatVector.fromArray(F, c, c1);
    FloatVector s1_1 = FloatVector.fromArray(F, c, c1 + L);
    int c2 = cFrom + 2 * cRow;
    FloatVector s2_0 = FloatVector.fromArray(F, c, c2);
    FloatVector s2_1 = FloatVector.fromArray(F, c, c2 + L);
    int c3 = cFrom + 3 * cRow;
    FloatVector s3_0 = FloatVector.fromArray(F, c, c3);
    FloatVector s3_1 = FloatVector.fromArray(F, c, c3 + L);
    int c4 = cFrom + 4 * cRow;
    FloatVector s4_0 = FloatVector.fromArray(F, c, c4);
    FloatVector s4_1 = FloatVector.fromArray(F, c, c4 + L);
    int c5 = cFrom + 5 * cRow;
    FloatVector s5_0 = FloatVector.fromArray(F, c, c5);
    FloatVector s5_1 = FloatVector.fromArray(F, c, c5 + L);
    int c6 = cFrom + 6 * cRow;
    FloatVector s6_0 = FloatVector.fromArray(F, c, c6);
    FloatVector s6_1 = FloatVector.fromArray(F, c, c6 + L);
    int c7 = cFrom + 7 * cRow;
    FloatVector s7_0 = FloatVector.fromArray(F, c, c7);
    FloatVector s7_1 = FloatVector.fromArray(F, c, c7 + L);
    for (int j = 0; j < inner; j++) {
      int k = bFrom + j * COLUMNS;
      int x = aFrom + j * COLUMNS;
      FloatVector b0 = FloatVector.fromArray(F, b, k);
      FloatVector b1 = FloatVector.fromArray(F, b, k + L);
      FloatVector a0 = FloatVector.broadcast(F, a[x + 0]);
      s0_0 = a0.fma(b0, s0_0);
      s0_1 = a0.fma(b1, s0_1);
      FloatVector a1 = FloatVector.broadcast(F, a[x + 1]);
      s1_0 = a1.fma(b0, s1_0);
      s1_1 = a1.fma(b1, s1_1);
      FloatVector a2 = FloatVector.broadcast(F, a[x + 2]);
      s2_0 = a2.fma(b0, s2_0);
      s2_1 = a2.fma(b1, s2_1);
      FloatVector a3 = FloatVector.broadcast(F, a[x + 3]);
      s3_0 = a3.fma(b0, s3_0);
      s3_1 = a3.fma(b1, s3_1);
      FloatVector a4 = FloatVector.broadcast(F, a[x + 4]);
      s4_0 = a4.fma(b0, s4_0);
      s4_1 = a4.fma(b1, s4_1);
      FloatVector a5 = FloatVector.broadcast(F, a[x + 5]);
      s5_0 = a5.fma(b0, s5_0);
      s5_1 = a5.fma(b1, s5_1);
      FloatVector a6 = FloatVector.broadcast(F, a[x + 6]);
      s6_0 = a6.fma(b0, s6_0);
      s6_1 = a6.fma(b1, s6_1);
      FloatVector a7 = FloatVector.broadcast(F, a[x + 7]);
      s7_0 = a7.fma(b0, s7_0);
      s7_1 = a7.fma(b1, s7_1);
    }
    s0_0.intoArray(c, c0);
    s0_1.intoArray(c, c0 + L);
    s1_0.intoArray(c, c1);
    s1_1.intoArray(c, c1 + L);
    s2_0.intoArray(c, c2);
    s2_1.intoArray(c, c2 + L);
    s3_0.intoArray(c, c3);
    s3_1.intoArray(c, c3 + L);
    s4_0.intoArray(c, c4);
    s4_1.intoArray(c, c4 + L);
    s5_0.intoArray(c, c5);
    s5_1.intoArray(c, c5 + L);
    s6_0.intoArray(c, c6);
    s6_1.intoArray(c, c6 + L);
    s7_0.intoArray(c, c7);
    s7_1.intoArray(c, c7 + L);
  }

  static void panelTransposed4x2Add(
      float[] a, int aFrom, float[] b, int bFrom, float[] c, int cFrom, int cRow, int inner) {
    int c0 = cFrom;
    FloatVector s0_0 = FloatVector.fromArray(F, c, c0);
    FloatVector s0_1 = FloatVector.fromArray(F, c, c0 + L);
    int c1 = cFrom + cRow;
    FloatVector s1_0 = FloatVector.fromArray(F, c, c1);
    FloatVector s1_1 = FloatVector.fromArray(F, c, c1 + L);
    int c2 = cFrom + 2 * cRow;
    FloatVector s2_0 = FloatVector.fromArray(F, c, c2);
    FloatVector s2_1 = FloatVector.fromArray(F, c, c2 + L);
    int c3 = cFrom + 3 * cRow;
    FloatVector s3_0 = FloatVector.fromArray(F, c, c3);
    FloatVector s3_1 = FloatVector.fromArray(F, c, c3 + L);
    for (int j = 0; j < inner; j++) {
      int k = bFrom + j * COLUMNS;
      int x = aFrom + j * COLUMNS;
      FloatVector b0 = FloatVector.fromArray(F, b, k);
      FloatVector b1 = FloatVector.fromArray(F, b, k + L);
      FloatVector a0 = FloatVector.broadcast(F, a[x + 0]);
      s0_0 = a0.fma(b0, s0_0);
      s0_1 = a0.fma(b1, s0_1);
      FloatVector a1 = FloatVector.broadcast(F, a[x + 1]);
      s1_0 = a1.fma(b0, s1_0);
      s1_1 = a1.fma(b1, s1_1);
      FloatVector a2 = FloatVector.broadcast(F, a[x + 2]);
      s2_0 = a2.fma(b0, s2_0);
      s2_1 = a2.fma(b1, s2_1);
      FloatVector a3 = FloatVector.broadcast(F, a[x + 3]);
      s3_0 = a3.fma(b0, s3_0);
      s3_1 = a3.fma(b1, s3_1);
    }
    s0_0.intoArray(c, c0);
    s0_1.intoArray(c, c0 + L);
    s1_0.intoArray(c, c1);
    s1_1.intoArray(c, c1 + L);
    s2_0.intoArray(c, c2);
    s2_1.intoArray(c, c2 + L);
    s3_0.intoArray(c, c3);
    s3_1.intoArray(c, c3 + L);
  }

  static void panelTransposed1x2Add(
      float[] a, int aFrom, float[] b, int bFrom, float[] c, int cFrom, int cRow, int inner) {
    int c0 = cFrom;
    FloatVector s0_0 = FloatVector.fromArray(F, c, c0);
    FloatVector s0_1 = FloatVector.fromArray(F, c, c0 + L);
    for (int j = 0; j < inner; j++) {
      int k = bFrom + j * COLUMNS;
      int x = aFrom + j * COLUMNS;
      FloatVector b0 = FloatVector.fromArray(F, b, k);
      FloatVector b1 = FloatVector.fromArray(F, b, k + L);
      FloatVector a0 = FloatVector.broadcast(F, a[x + 0]);
      s0_0 = a0.fma(b0, s0_0);
      s0_1 = a0.fma(b1, s0_1);
    }
    s0_0.intoArray(c, c0);
    s0_1.intoArray(c, c0 + L);
  }

  static void pitched2(
      float[] a,
      int aFrom,
      float[] b,
      int bFrom,
      float[] c,
      int cFrom,
      int cRow,
      int rows,
      int inner) {
    int m = 0;
    for (; TALL && m <= rows - 8; m += 8) {
      pitched8x2(a, aFrom + m * PITCH, b, bFrom, c, cFrom + m * cRow, cRow, inner);
    }
    for (; m <= rows - 4; m += 4) {
      pitched4x2(a, aFrom + m * PITCH, b, bFrom, c, cFrom + m * cRow, cRow, inner);
    }
    for (; m <= rows - 1; m += 1) {
      pitched1x2(a, aFrom + m * PITCH, b, bFrom, c, cFrom + m * cRow, cRow, inner);
    }
  }

  static void pitched8x2(
      float[] a, int aFrom, float[] b, int bFrom, float[] c, int cFrom, int cRow, int inner) {
    FloatVector s0_0 = FloatVector.zero(F);
    FloatVector s0_1 = FloatVector.zero(F);
    FloatVector s1_0 = FloatVector.zero(F);
    FloatVector s1_1 = FloatVector.zero(F);
    FloatVector s2_0 = FloatVector.zero(F);
    FloatVector s2_1 = FloatVector.zero(F);
    FloatVector s3_0 = FloatVector.zero(F);
    FloatVector s3_1 = FloatVector.zero(F);
    FloatVector s4_0 = FloatVector.zero(F);
    FloatVector s4_1 = FloatVector.zero(F);
    FloatVector s5_0 = FloatVector.zero(F);
    FloatVector s5_1 = FloatVector.zero(F);
    FloatVector s6_0 = FloatVector.zero(F);
    FloatVector s6_1 = FloatVector.zero(F);
    FloatVector s7_0 = FloatVector.zero(F);
    FloatVector s7_1 = FloatVector.zero(F);
    for (int j = 0; j < inner; j++) {
      int k = bFrom + j * COLUMNS;
      FloatVector b0 = FloatVector.fromArray(F, b, k);
      FloatVector b1 = FloatVector.fromArray(F, b, k + L);
      FloatVector a0 = FloatVector.broadcast(F, a[aFrom + j]);
      s0_0 = a0.fma(b0, s0_0);
      s0_1 = a0.fma(b1, s0_1);
      FloatVector a1 = FloatVector.broadcast(F, a[aFrom + j + PITCH]);
      s1_0 = a1.fma(b0, s1_0);
      s1_1 = a1.fma(b1, s1_1);
      FloatVector a2 = FloatVector.broadcast(F, a[aFrom + j + 2 * PITCH]);
      s2_0 = a2.fma(b0, s2_0);
      s2_1 = a2.fma(b1, s2_1);
      FloatVector a3 = FloatVector.broadcast(F, a[aFrom + j + 3 * PITCH]);
      s3_0 = a3.fma(b0, s3_0);
      s3_1 = a3.fma(b1, s3_1);
      FloatVector a4 = FloatVector.broadcast(F, a[aFrom + j + 4 * PITCH]);
      s4_0 = a4.fma(b0, s4_0);
      s4_1 = a4.fma(b1, s4_1);
      FloatVector a5 = FloatVector.broadcast(F, a[aFrom + j + 5 * PITCH]);
      s5_0 = a5.fma(b0, s5_0);
      s5_1 = a5.fma(b1, s5_1);
      FloatVector a6 = FloatVector.broadcast(F, a[aFrom + j + 6 * PITCH]);
      s6_0 = a6.fma(b0, s6_0);
      s6_1 = a6.fma(b1, s6_1);
      FloatVector a7 = FloatVector.broadcast(F, a[aFrom + j + 7 * PITCH]);
      s7_0 = a7.fma(b0, s7_0);
      s7_1 = a7.fma(b1, s7_1);
    }
    int c0 = cFrom;
    s0_0.intoArray(c, c0);
    s0_1.intoArray(c, c0 + L);
    int c1 = cFrom + cRow;
    s1_0.intoArray(c, c1);
    s1_1.intoArray(c, c1 + L);
    int c2 = cFrom + 2 * cRow;
    s2_0.intoArray(c, c2);
    s2_1.intoArray(c, c2 + L);
    int c3 = cFrom + 3 * cRow;
    s3_0.intoArray(c, c3);
    s3_1.intoArray(c, c3 + L);
    int c4 = cFrom + 4 * cRow;
    s4_0.intoArray(c, c4);
    s4_1.intoArray(c, c4 + L);
    int c5 = cFrom + 5 * cRow;
    s5_0.intoArray(c, c5);
    s5_1.intoArray(c, c5 + L);
    int c6 = cFrom + 6 * cRow;
    s6_0.intoArray(c, c6);
    s6_1.intoArray(c, c6 + L);
    int c7 = cFrom + 7 * cRow;
    s7_0.intoArray(c, c7);
    s7_1.intoArray(c, c7 + L);
  }

  static void pitched4x2(
      float[] a, int aFrom, float[] b, int bFrom, float[] c, int cFrom, int cRow, int inner) {
    FloatVector s0_0 = FloatVector.zero(F);
    FloatVector s0_1 = FloatVector.zero(F);
    FloatVector s1_0 = FloatVector.zero(F);
    FloatVector s1_1 = FloatVector.zero(F);
    FloatVector s2_0 = FloatVector.zero(F);
    FloatVector s2_1 = FloatVector.zero(F);
    FloatVector s3_0 = FloatVector.zero(F);
    FloatVector s3_1 = FloatVector.zero(F);
    for (int j = 0; j < inner; j++) {
      int k = bFrom + j * COLUMNS;
      FloatVector b0 = FloatVector.fromArray(F, b, k);
      FloatVector b1 = FloatVector.fromArray(F, b, k + L);
      FloatVector a0 = FloatVector.broadcast(F, a[aFrom + j]);
      s0_0 = a0.fma(b0, s0_0);
      s0_1 = a0.fma(b1, s0_1);
      FloatVector a1 = FloatVector.broadcast(F, a[aFrom + j + PITCH]);
      s1_0 = a1.fma(b0, s1_0);
      s1_1 = a1.fma(b1, s1_1);
      FloatVector a2 = FloatVector.broadcast(F, a[aFrom + j + 2 * PITCH]);
      s2_0 = a2.fma(b0, s2_0);
      s2_1 = a2.fma(b1, s2_1);
      FloatVector a3 = FloatVector.broadcast(F, a[aFrom + j + 3 * PITCH]);
      s3_0 = a3.fma(b0, s3_0);
      s3_1 = a3.fma(b1, s3_1);
    }
    int c0 = cFrom;
    s0_0.intoArray(c, c0);
    s0_1.intoArray(c, c0 + L);
    int c1 = cFrom + cRow;
    s1_0.intoArray(c, c1);
    s1_1.intoArray(c, c1 + L);
    int c2 = cFrom + 2 * cRow;
    s2_0.intoArray(c, c2);
    s2_1.intoArray(c, c2 + L);
    int c3 = cFrom + 3 * cRow;
    s3_0.intoArray(c, c3);
    s3_1.intoArray(c, c3 + L);
  }

  static void pitched1x2(
      float[] a, int aFrom, float[] b, int bFrom, float[] c, int cFrom, int cRow, int inner) {
    FloatVector s0_0 = FloatVector.zero(F);
    FloatVector s0_1 = FloatVector.zero(F);
    for (int j = 0; j < inner; j++) {
      int k = bFrom + j * COLUMNS;
      FloatVector b0 = FloatVector.fromArray(F, b, k);
      FloatVector b1 = FloatVector.fromArray(F, b, k + L);
      FloatVector a0 = FloatVector.broadcast(F, a[aFrom + j]);
      s0_0 = a0.fma(b0, s0_0);
      s0_1 = a0.fma(b1, s0_1);
    }
    int c0 = cFrom;
    s0_0.intoArray(c, c0);
    s0_1.intoArray(c, c0 + L);
  }

  static void pitched2Add(
      float[] a,
      int aFrom,
      float[] b,
      int bFrom,
      float[] c,
      int cFrom,
      int cRow,
      int rows,
      int inner) {
    int m = 0;
    for (; TALL && m <= rows - 8; m += 8) {
      pitched8x2Add(a, aFrom + m * PITCH, b, bFrom, c, cFrom + m * cRow, cRow, inner);
    }
    for (; m <= rows - 4; m += 4) {
      pitched4x2Add(a, aFrom + m * PITCH, b, bFrom, c, cFrom + m * cRow, cRow, inner);
    }
    for (; m <= rows - 1; m += 1) {
      pitched1x2Add(a, aFrom + m * PITCH, b, bFrom, c, cFrom + m * cRow, cRow, inner);
    }
  }

  static void pitched8x2Add(
      float[] a, int aFrom, float[] b, int bFrom, float[] c, int cFrom, int cRow, int inner) {
    int c0 = cFrom;
    FloatVector s0_0 = FloatVector.fromArray(F, c, c0);
    FloatVector s0_1 = FloatVector.fromArray(F, c, c0 + L);
    int c1 = cFrom + cRow;
    FloatVector s1_0 = FloatVector.fromArray(F, c, c1);
    FloatVector s1_1 = FloatVector.fromArray(F, c, c1 + L);
    int c2 = cFrom + 2 * cRow;
    FloatVector s2_0 = FloatVector.fromArray(F, c, c2);
    FloatVector s2_1 = FloatVector.fromArray(F, c, c2 + L);
    int c3 = cFrom + 3 * cRow;
    FloatVector s3_0 = FloatVector.fromArray(F, c, c3);
    FloatVector s3_1 = FloatVector.fromArray(F, c, c3 + L);
    int c4 = cFrom + 4 * cRow;
    FloatVector s4_0 = FloatVector.fromArray(F, c, c4);
    FloatVector s4_1 = FloatVector.fromArray(F, c, c4 + L);
    int c5 = cFrom + 5 * cRow;
    FloatVector s5_0 = FloatVector.fromArray(F, c, c5);
    FloatVector s5_1 = FloatVector.fromArray(F, c, c5 + L);
    int c6 = cFrom + 6 * cRow;
    FloatVector s6_0 = FloatVector.fromArray(F, c, c6);
    FloatVector s6_1 = FloatVector.fromArray(F, c, c6 + L);
    int c7 = cFrom + 7 * cRow;
    FloatVector s7_0 = FloatVector.fromArray(F, c, c7);
    FloatVector s7_1 = FloatVector.fromArray(F, c, c7 + L);
    for (int j = 0; j < inner; j++) {
      int k = bFrom + j * COLUMNS;
      FloatVector b0 = FloatVector.fromArray(F, b, k);
      FloatVector b1 = FloatVector.fromArray(F, b, k + L);
      FloatVector a0 = FloatVector.broadcast(F, a[aFrom + j]);
      s0_0 = a0.fma(b0, s0_0);
      s0_1 = a0.fma(b1, s0_1);
      FloatVector a1 = FloatVector.broadcast(F, a[aFrom + j + PITCH]);
      s1_0 = a1.fma(b0, s1_0);
      s1_1 = a1.fma(b1, s1_1);
      FloatVector a2 = FloatVector.broadcast(F, a[aFrom + j + 2 * PITCH]);
      s2_0 = a2.fma(b0, s2_0);
      s2_1 = a2.fma(b1, s2_1);
      FloatVector a3 = FloatVector.broadcast(F, a[aFrom + j + 3 * PITCH]);
      s3_0 = a3.fma(b0, s3_0);
      s3_1 = a3.fma(b1, s3_1);
      FloatVector a4 = FloatVector.broadcast(F, a[aFrom + j + 4 * PITCH]);
      s4_0 = a4.fma(b0, s4_0);
      s4_1 = a4.fma(b1, s4_1);
      FloatVector a5 = FloatVector.broadcast(F, a[aFrom + j + 5 * PITCH]);
      s5_0 = a5.fma(b0, s5_0);
      s5_1 = a5.fma(b1, s5_1);
      FloatVector a6 = FloatVector.broadcast(F, a[aFrom + j + 6 * PITCH]);
      s6_0 = a6.fma(b0, s6_0);
      s6_1 = a6.fma(b1, s6_1);
      FloatVector a7 = FloatVector.broadcast(F, a[aFrom + j + 7 * PITCH]);
      s7_0 = a7.fma(b0, s7_0);
      s7_1 = a7.fma(b1, s7_1);
    }
    s0_0.intoArray(c, c0);
    s0_1.intoArray(c, c0 + L);
    s1_0.intoArray(c, c1);
    s1_1.intoArray(c, c1 + L);
    s2_0.intoArray(c, c2);
    s2_1.intoArray(c, c2 + L);
    s3_0.intoArray(c, c3);
    s3_1.intoArray(c, c3 + L);
    s4_0.intoArray(c, c4);
    s4_1.intoArray(c, c4 + L);
    s5_0.intoArray(c, c5);
    s5_1.intoArray(c, c5 + L);
    s6_0.intoArray(c, c6);
    s6_1.intoArray(c, c6 + L);
    s7_0.intoArray(c, c7);
    s7_1.intoArray(c, c7 + L);
  }

  static void pitched4x2Add(
      float[] a, int aFrom, float[] b, int bFrom, float[] c, int cFrom, int cRow, int inner) {
    int c0 = cFrom;
    FloatVector s0_0 = FloatVector.fromArray(F, c, c0);
    FloatVector s0_1 = FloatVector.fromArray(F, c, c0 + L);
    int c1 = cFrom + cRow;
    FloatVector s1_0 = FloatVector.fromArray(F, c, c1);
    FloatVector s1_1 = FloatVector.fromArray(F, c, c1 + L);
    int c2 = cFrom + 2 * cRow;
    FloatVector s2_0 = FloatVector.fromArray(F, c, c2);
    FloatVector s2_1 = FloatVector.fromArray(F, c, c2 + L);
    int c3 = cFrom + 3 * cRow;
    FloatVector s3_0 = FloatVector.fromArray(F, c, c3);
    FloatVector s3_1 = FloatVector.fromArray(F, c, c3 + L);
    for (int j = 0; j < inner; j++) {
      int k = bFrom + j * COLUMNS;
      FloatVector b0 = FloatVector.fromArray(F, b, k);
      FloatVector b1 = FloatVector.fromArray(F, b, k + L);
      FloatVector a0 = FloatVector.broadcast(F, a[aFrom + j]);
      s0_0 = a0.fma(b0, s0_0);
      s0_1 = a0.fma(b1, s0_1);
      FloatVector a1 = FloatVector.broadcast(F, a[aFrom + j + PITCH]);
      s1_0 = a1.fma(b0, s1_0);
      s1_1 = a1.fma(b1, s1_1);
      FloatVector a2 = FloatVector.broadcast(F, a[aFrom + j + 2 * PITCH]);
      s2_0 = a2.fma(b0, s2_0);
      s2_1 = a2.fma(b1, s2_1);
      FloatVector a3 = FloatVector.broadcast(F, a[aFrom + j + 3 * PITCH]);
      s3_0 = a3.fma(b0, s3_0);
      s3_1 = a3.fma(b1, s3_1);
    }
    s0_0.intoArray(c, c0);
    s0_1.intoArray(c, c0 + L);
    s1_0.intoArray(c, c1);
    s1_1.intoArray(c, c1 + L);
    s2_0.intoArray(c, c2);
    s2_1.intoArray(c, c2 + L);
    s3_0.intoArray(c, c3);
    s3_1.intoArray(c, c3 + L);
  }

  static void pitched1x2Add(
      float[] a, int aFrom, float[] b, int bFrom, float[] c, int cFrom, int cRow, int inner) {
    int c0 = cFrom;
    FloatVector s0_0 = FloatVector.fromArray(F, c, c0);
    FloatVector s0_1 = FloatVector.fromArray(F, c, c0 + L);
    for (int j = 0; j < inner; j++) {
      int k = bFrom + j * COLUMNS;
      FloatVector b0 = FloatVector.fromArray(F, b, k);
      FloatVector b1 = FloatVector.fromArray(F, b, k + L);
      FloatVector a0 = FloatVector.broadcast(F, a[aFrom + j]);
      s0_0 = a0.fma(b0, s0_0);
      s0_1 = a0.fma(b1, s0_1);
    }
    s0_0.intoArray(c, c0);
    s0_1.intoArray(c, c0 + L);
  }

  static void pitchedTransposed2(
      float[] a,
      int aFrom,
      float[] b,
      int bFrom,
      float[] c,
      int cFrom,
      int cRow,
      int rows,
      int inner) {
    int m = 0;
    for (; TALL && m <= rows - 8; m += 8) {
      pitchedTransposed8x2(a, aFrom + m, b, bFrom, c, cFrom + m * cRow, cRow, inner);
    }
    for (; m <= rows - 4; m += 4) {
      pitchedTransposed4x2(a, aFrom + m, b, bFrom, c, cFrom + m * cRow, cRow, inner);
    }
    for (; m <= rows - 1; m += 1) {
      pitchedTransposed1x2(a, aFrom + m, b, bFrom, c, cFrom + m * cRow, cRow, inner);
    }
  }

  static void pitchedTransposed8x2(
      float[] a, int aFrom, float[] b, int bFrom, float[] c, int cFrom, int cRow, int inner) {
    FloatVector s0_0 = FloatVector.zero(F);
    FloatVector s0_1 = FloatVector.zero(F);
    FloatVector s1_0 = FloatVector.zero(F);
    FloatVector s1_1 = FloatVector.zero(F);
    FloatVector s2_0 = FloatVector.zero(F);
    FloatVector s2_1 = FloatVector.zero(F);
    FloatVector s3_0 = FloatVector.zero(F);
    FloatVector s3_1 = FloatVector.zero(F);
    FloatVector s4_0 = FloatVector.zero(F);
    FloatVector s4_1 = FloatVector.zero(F);
    FloatVector s5_0 = FloatVector.zero(F);
    FloatVector s5_1 = FloatVector.zero(F);
    FloatVector s6_0 = FloatVector.zero(F);
    FloatVector s6_1 = FloatVector.zero(F);
    FloatVector s7_0 = FloatVector.zero(F);
    FloatVector s7_1 = FloatVector.zero(F);
    for (int j = 0; j < inner; j++) {
      int k = bFrom + j * COLUMNS;
      int x = aFrom + j * PITCH;
      FloatVector b0 = FloatVector.fromArray(F, b, k);
      FloatVector b1 = FloatVector.fromArray(F, b, k + L);
      FloatVector a0 = FloatVector.broadcast(F, a[x + 0]);
      s0_0 = a0.fma(b0, s0_0);
      s0_1 = a0.fma(b1, s0_1);
      FloatVector a1 = FloatVector.broadcast(F, a[x + 1]);
      s1_0 = a1.fma(b0, s1_0);
      s1_1 = a1.fma(b1, s1_1);
      FloatVector a2 = FloatVector.broadcast(F, a[x + 2]);
      s2_0 = a2.fma(b0, s2_0);
      s2_1 = a2.fma(b1, s2_1);
      FloatVector a3 = FloatVector.broadcast(F, a[x + 3]);
      s3_0 = a3.fma(b0, s3_0);
      s3_1 = a3.fma(b1, s3_1);
      FloatVector a4 = FloatVector.broadcast(F, a[x + 4]);
      s4_0 = a4.fma(b0, s4_0);
      s4_1 = a4.fma(b1, s4_1);
      FloatVector a5 = FloatVector.broadcast(F, a[x + 5]);
      s5_0 = a5.fma(b0, s5_0);
      s5_1 = a5.fma(b1, s5_1);
      FloatVector a6 = FloatVector.broadcast(F, a[x + 6]);
      s6_0 = a6.fma(b0, s6_0);
      s6_1 = a6.fma(b1, s6_1);
      FloatVector a7 = FloatVector.broadcast(F, a[x + 7]);
      s7_0 = a7.fma(b0, s7_0);
      s7_1 = a7.fma(b1, s7_1);
    }
    int c0 = cFrom;
    s0_0.intoArray(c, c0);
    s0_1.intoArray(c, c0 + L);
    int c1 = cFrom + cRow;
    s1_0.intoArray(c, c1);
    s1_1.intoArray(c, c1 + L);
    int c2 = cFrom + 2 * cRow;
    s2_0.intoArray(c, c2);
    s2_1.intoArray(c, c2 + L);
    int c3 = cFrom + 3 * cRow;
    s3_0.intoArray(c, c3);
    s3_1.intoArray(c, c3 + L);
    int c4 = cFrom + 4 * cRow;
    s4_0.intoArray(c, c4);
    s4_1.intoArray(c, c4 + L);
    int c5 = cFrom + 5 * cRow;
    s5_0.intoArray(c, c5);
    s5_1.intoArray(c, c5 + L);
    int c6 = cFrom + 6 * cRow;
    s6_0.intoArray(c, c6);
    s6_1.intoArray(c, c6 + L);
    int c7 = cFrom + 7 * cRow;
    s7_0.intoArray(c, c7);
    s7_1.intoArray(c, c7 + L);
  }

  static void pitchedTransposed4x2(
      float[] a, int aFrom, float[] b, int bFrom, float[] c, int cFrom, int cRow, int inner) {
    FloatVector s0_0 = FloatVector.zero(F);
    FloatVector s0_1 = FloatVector.zero(F);
    FloatVector s1_0 = FloatVector.zero(F);
    FloatVector s1_1 = FloatVector.zero(F);
    FloatVector s2_0 = FloatVector.zero(F);
    FloatVector s2_1 = FloatVector.zero(F);
    FloatVector s3_0 = FloatVector.zero(F);
    FloatVector s3_1 = FloatVector.zero(F);
    for (int j = 0; j < inner; j++) {
      int k = bFrom + j * COLUMNS;
      int x = aFrom + j * PITCH;
      FloatVector b0 = FloatVector.fromArray(F, b, k);
      FloatVector b1 = FloatVector.fromArray(F, b, k + L);
      FloatVector a0 = FloatVector.broadcast(F, a[x + 0]);
      s0_0 = a0.fma(b0, s0_0);
      s0_1 = a0.fma(b1, s0_1);
      FloatVector a1 = FloatVector.broadcast(F, a[x + 1]);
      s1_0 = a1.fma(b0, s1_0);
      s1_1 = a1.fma(b1, s1_1);
      FloatVector a2 = FloatVector.broadcast(F, a[x + 2]);
      s2_0 = a2.fma(b0, s2_0);
      s2_1 = a2.fma(b1, s2_1);
      FloatVector a3 = FloatVector.broadcast(F, a[x + 3]);
      s3_0 = a3.fma(b0, s3_0);
      s3_1 = a3.fma(b1, s3_1);
    }
    int c0 = cFrom;
    s0_0.intoArray(c, c0);
    s0_1.intoArray(c, c0 + L);
    int c1 = cFrom + cRow;
    s1_0.intoArray(c, c1);
    s1_1.intoArray(c, c1 + L);
    int c2 = cFrom + 2 * cRow;
    s2_0.intoArray(c, c2);
    s2_1.intoArray(c, c2 + L);
    int c3 = cFrom + 3 * cRow;
    s3_0.intoArray(c, c3);
    s3_1.intoArray(c, c3 + L);
  }

  static void pitchedTransposed1x2(
      float[] a, int aFrom, float[] b, int bFrom, float[] c, int cFrom, int cRow, int inner) {
    FloatVector s0_0 = FloatVector.zero(F);
    FloatVector s0_1 = FloatVector.zero(F);
    for (int j = 0; j < inner; j++) {
      int k = bFrom + j * COLUMNS;
      int x = aFrom + j * PITCH;
      FloatVector b0 = FloatVector.fromArray(F, b, k);
      FloatVector b1 = FloatVector.fromArray(F, b, k + L);
      FloatVector a0 = FloatVector.broadcast(F, a[x + 0]);
      s0_0 = a0.fma(b0, s0_0);
      s0_1 = a0.fma(b1, s0_1);
    }
    int c0 = cFrom;
    s0_0.intoArray(c, c0);
    s0_1.intoArray(c, c0 + L);
  }
}
