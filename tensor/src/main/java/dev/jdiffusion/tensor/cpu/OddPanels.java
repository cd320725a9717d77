package dev.jdiffusion.tensor.cpu;

import static dev.jdiffusion.tensor.cpu.Lanes.F;
import static dev.jdiffusion.tensor.cpu.Lanes.L;

import jdk.incubator.vector.FloatVector;

/**
 * Panels of one or three vectors of columns for {@link SmallMatMul}, where vectors have 16 lanes:
 * three are faster than two where sums are short, since a tile's beginning and end cost the same.
 */
final class OddPanels {
  private OddPanels() {}

  /** Three vectors of columns; a row of a is {@code aStep} after the one before. */
  static void multiplyTriple(
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
    for (; m + 8 <= rows; m += 8) {
      eightTriples(
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
      oneTriple(
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

  /** One vector of columns; a row of a is {@code aStep} after the one before. */
  static void multiplySingle(
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
    for (; m < rows; m++) {
      oneRow(
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
    FloatVector s0 = FloatVector.fromArray(F, start, startAt);
    FloatVector s1 = FloatVector.fromArray(F, start, startAt + startRow);
    FloatVector s2 = FloatVector.fromArray(F, start, startAt + 2 * startRow);
    FloatVector s3 = FloatVector.fromArray(F, start, startAt + 3 * startRow);
    FloatVector s4 = FloatVector.fromArray(F, start, startAt + 4 * startRow);
    FloatVector s5 = FloatVector.fromArray(F, start, startAt + 5 * startRow);
    FloatVector s6 = FloatVector.fromArray(F, start, startAt + 6 * startRow);
    FloatVector s7 = FloatVector.fromArray(F, start, startAt + 7 * startRow);
    int at1 = aAt + aStep;
    int at2 = aAt + 2 * aStep;
    int at3 = aAt + 3 * aStep;
    int at4 = aAt + 4 * aStep;
    int at5 = aAt + 5 * aStep;
    int at6 = aAt + 6 * aStep;
    int at7 = aAt + 7 * aStep;
    for (int k = 0; k < inner; k++) {
      FloatVector v = FloatVector.fromArray(F, b, bAt + k * bRow);
      s0 = FloatVector.broadcast(F, a[aAt + k]).fma(v, s0);
      s1 = FloatVector.broadcast(F, a[at1 + k]).fma(v, s1);
      s2 = FloatVector.broadcast(F, a[at2 + k]).fma(v, s2);
      s3 = FloatVector.broadcast(F, a[at3 + k]).fma(v, s3);
      s4 = FloatVector.broadcast(F, a[at4 + k]).fma(v, s4);
      s5 = FloatVector.broadcast(F, a[at5 + k]).fma(v, s5);
      s6 = FloatVector.broadcast(F, a[at6 + k]).fma(v, s6);
      s7 = FloatVector.broadcast(F, a[at7 + k]).fma(v, s7);
    }
    s0.intoArray(c, cAt);
    s1.intoArray(c, cAt + cRow);
    s2.intoArray(c, cAt + 2 * cRow);
    s3.intoArray(c, cAt + 3 * cRow);
    s4.intoArray(c, cAt + 4 * cRow);
    s5.intoArray(c, cAt + 5 * cRow);
    s6.intoArray(c, cAt + 6 * cRow);
    s7.intoArray(c, cAt + 7 * cRow);
  }

  private static void oneRow(
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
    FloatVector s = FloatVector.fromArray(F, start, startAt);
    for (int k = 0; k < inner; k++) {
      s = FloatVector.broadcast(F, a[aAt + k]).fma(FloatVector.fromArray(F, b, bAt + k * bRow), s);
    }
    s.intoArray(c, cAt);
  }

  /** 8 rows by 3 vectors. */
  private static void eightTriples(
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
    FloatVector s02 = FloatVector.fromArray(F, start, startAt + 2 * L);
    FloatVector s10 = FloatVector.fromArray(F, start, startAt + startRow);
    FloatVector s11 = FloatVector.fromArray(F, start, startAt + startRow + L);
    FloatVector s12 = FloatVector.fromArray(F, start, startAt + startRow + 2 * L);
    FloatVector s20 = FloatVector.fromArray(F, start, startAt + 2 * startRow);
    FloatVector s21 = FloatVector.fromArray(F, start, startAt + 2 * startRow + L);
    FloatVector s22 = FloatVector.fromArray(F, start, startAt + 2 * startRow + 2 * L);
    FloatVector s30 = FloatVector.fromArray(F, start, startAt + 3 * startRow);
    FloatVector s31 = FloatVector.fromArray(F, start, startAt + 3 * startRow + L);
    FloatVector s32 = FloatVector.fromArray(F, start, startAt + 3 * startRow + 2 * L);
    FloatVector s40 = FloatVector.fromArray(F, start, startAt + 4 * startRow);
    FloatVector s41 = FloatVector.fromArray(F, start, startAt + 4 * startRow + L);
    FloatVector s42 = FloatVector.fromArray(F, start, startAt + 4 * startRow + 2 * L);
    FloatVector s50 = FloatVector.fromArray(F, start, startAt + 5 * startRow);
    FloatVector s51 = FloatVector.fromArray(F, start, startAt + 5 * startRow + L);
    FloatVector s52 = FloatVector.fromArray(F, start, startAt + 5 * startRow + 2 * L);
    FloatVector s60 = FloatVector.fromArray(F, start, startAt + 6 * startRow);
    FloatVector s61 = FloatVector.fromArray(F, start, startAt + 6 * startRow + L);
    FloatVector s62 = FloatVector.fromArray(F, start, startAt + 6 * startRow + 2 * L);
    FloatVector s70 = FloatVector.fromArray(F, start, startAt + 7 * startRow);
    FloatVector s71 = FloatVector.fromArray(F, start, startAt + 7 * startRow + L);
    FloatVector s72 = FloatVector.fromArray(F, start, startAt + 7 * startRow + 2 * L);
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
      FloatVector b2 = FloatVector.fromArray(F, b, bAt + k * bRow + 2 * L);
      FloatVector a0 = FloatVector.broadcast(F, a[aAt + k]);
      s00 = a0.fma(b0, s00);
      s01 = a0.fma(b1, s01);
      s02 = a0.fma(b2, s02);
      FloatVector a1 = FloatVector.broadcast(F, a[at1 + k]);
      s10 = a1.fma(b0, s10);
      s11 = a1.fma(b1, s11);
      s12 = a1.fma(b2, s12);
      FloatVector a2 = FloatVector.broadcast(F, a[at2 + k]);
      s20 = a2.fma(b0, s20);
      s21 = a2.fma(b1, s21);
      s22 = a2.fma(b2, s22);
      FloatVector a3 = FloatVector.broadcast(F, a[at3 + k]);
      s30 = a3.fma(b0, s30);
      s31 = a3.fma(b1, s31);
      s32 = a3.fma(b2, s32);
      FloatVector a4 = FloatVector.broadcast(F, a[at4 + k]);
      s40 = a4.fma(b0, s40);
      s41 = a4.fma(b1, s41);
      s42 = a4.fma(b2, s42);
      FloatVector a5 = FloatVector.broadcast(F, a[at5 + k]);
      s50 = a5.fma(b0, s50);
      s51 = a5.fma(b1, s51);
      s52 = a5.fma(b2, s52);
      FloatVector a6 = FloatVector.broadcast(F, a[at6 + k]);
      s60 = a6.fma(b0, s60);
      s61 = a6.fma(b1, s61);
      s62 = a6.fma(b2, s62);
      FloatVector a7 = FloatVector.broadcast(F, a[at7 + k]);
      s70 = a7.fma(b0, s70);
      s71 = a7.fma(b1, s71);
      s72 = a7.fma(b2, s72);
    }
    s00.intoArray(c, cAt);
    s01.intoArray(c, cAt + L);
    s02.intoArray(c, cAt + 2 * L);
    s10.intoArray(c, cAt + cRow);
    s11.intoArray(c, cAt + cRow + L);
    s12.intoArray(c, cAt + cRow + 2 * L);
    s20.intoArray(c, cAt + 2 * cRow);
    s21.intoArray(c, cAt + 2 * cRow + L);
    s22.intoArray(c, cAt + 2 * cRow + 2 * L);
    s30.intoArray(c, cAt + 3 * cRow);
    s31.intoArray(c, cAt + 3 * cRow + L);
    s32.intoArray(c, cAt + 3 * cRow + 2 * L);
    s40.intoArray(c, cAt + 4 * cRow);
    s41.intoArray(c, cAt + 4 * cRow + L);
    s42.intoArray(c, cAt + 4 * cRow + 2 * L);
    s50.intoArray(c, cAt + 5 * cRow);
    s51.intoArray(c, cAt + 5 * cRow + L);
    s52.intoArray(c, cAt + 5 * cRow + 2 * L);
    s60.intoArray(c, cAt + 6 * cRow);
    s61.intoArray(c, cAt + 6 * cRow + L);
    s62.intoArray(c, cAt + 6 * cRow + 2 * L);
    s70.intoArray(c, cAt + 7 * cRow);
    s71.intoArray(c, cAt + 7 * cRow + L);
    s72.intoArray(c, cAt + 7 * cRow + 2 * L);
  }

  private static void oneTriple(
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
    FloatVector s0 = FloatVector.fromArray(F, start, startAt);
    FloatVector s1 = FloatVector.fromArray(F, start, startAt + L);
    FloatVector s2 = FloatVector.fromArray(F, start, startAt + 2 * L);
    for (int k = 0; k < inner; k++) {
      FloatVector a0 = FloatVector.broadcast(F, a[aAt + k]);
      s0 = a0.fma(FloatVector.fromArray(F, b, bAt + k * bRow), s0);
      s1 = a0.fma(FloatVector.fromArray(F, b, bAt + k * bRow + L), s1);
      s2 = a0.fma(FloatVector.fromArray(F, b, bAt + k * bRow + 2 * L), s2);
    }
    s0.intoArray(c, cAt);
    s1.intoArray(c, cAt + L);
    s2.intoArray(c, cAt + 2 * L);
  }
}
