package dev.jdiffusion.tensor.cpu;

import static dev.jdiffusion.tensor.cpu.Lanes.F;
import static dev.jdiffusion.tensor.cpu.Lanes.L;

import jdk.incubator.vector.FloatVector;

/**
 * Sums of outer products over pixels for 32 vector registers; written by {@code KernelGenerator}.
 *
 * <p>{@code gradientRxV}: for R rows k and V vectors of columns, {@code sum[k][column] += sum over
 * pixels of x[pixel][k] * d[pixel][column]}. Each element is one chain of fused multiply-adds in
 * the order of the pixels.
 */
final class WideGradients {
  private WideGradients() {}

  static void gradient14x1(
      float[] x,
      int[] xBase,
      int xFrom,
      int pixel,
      int pixels,
      float[] d,
      int dFrom,
      float[] sum,
      int sumFrom) {
    FloatVector s0_0 = FloatVector.fromArray(F, sum, sumFrom);
    FloatVector s1_0 = FloatVector.fromArray(F, sum, sumFrom + L);
    FloatVector s2_0 = FloatVector.fromArray(F, sum, sumFrom + 2 * L);
    FloatVector s3_0 = FloatVector.fromArray(F, sum, sumFrom + 3 * L);
    FloatVector s4_0 = FloatVector.fromArray(F, sum, sumFrom + 4 * L);
    FloatVector s5_0 = FloatVector.fromArray(F, sum, sumFrom + 5 * L);
    FloatVector s6_0 = FloatVector.fromArray(F, sum, sumFrom + 6 * L);
    FloatVector s7_0 = FloatVector.fromArray(F, sum, sumFrom + 7 * L);
    FloatVector s8_0 = FloatVector.fromArray(F, sum, sumFrom + 8 * L);
    FloatVector s9_0 = FloatVector.fromArray(F, sum, sumFrom + 9 * L);
    FloatVector s10_0 = FloatVector.fromArray(F, sum, sumFrom + 10 * L);
    FloatVector s11_0 = FloatVector.fromArray(F, sum, sumFrom + 11 * L);
    FloatVector s12_0 = FloatVector.fromArray(F, sum, sumFrom + 12 * L);
    FloatVector s13_0 = FloatVector.fromArray(F, sum, sumFrom + 13 * L);
    for (int p = 0, k = dFrom; p < pixels; p++, k += L) {
      int b = xBase[pixel + p] + xFrom;
      FloatVector d0 = FloatVector.fromArray(F, d, k);
      FloatVector a0 = FloatVector.broadcast(F, x[b + 0]);
      s0_0 = a0.fma(d0, s0_0);
      FloatVector a1 = FloatVector.broadcast(F, x[b + 1]);
      s1_0 = a1.fma(d0, s1_0);
      FloatVector a2 = FloatVector.broadcast(F, x[b + 2]);
      s2_0 = a2.fma(d0, s2_0);
      FloatVector a3 = FloatVector.broadcast(F, x[b + 3]);
      s3_0 = a3.fma(d0, s3_0);
      FloatVector a4 = FloatVector.broadcast(F, x[b + 4]);
      s4_0 = a4.fma(d0, s4_0);
      FloatVector a5 = FloatVector.broadcast(F, x[b + 5]);
      s5_0 = a5.fma(d0, s5_0);
      FloatVector a6 = FloatVector.broadcast(F, x[b + 6]);
      s6_0 = a6.fma(d0, s6_0);
      FloatVector a7 = FloatVector.broadcast(F, x[b + 7]);
      s7_0 = a7.fma(d0, s7_0);
      FloatVector a8 = FloatVector.broadcast(F, x[b + 8]);
      s8_0 = a8.fma(d0, s8_0);
      FloatVector a9 = FloatVector.broadcast(F, x[b + 9]);
      s9_0 = a9.fma(d0, s9_0);
      FloatVector a10 = FloatVector.broadcast(F, x[b + 10]);
      s10_0 = a10.fma(d0, s10_0);
      FloatVector a11 = FloatVector.broadcast(F, x[b + 11]);
      s11_0 = a11.fma(d0, s11_0);
      FloatVector a12 = FloatVector.broadcast(F, x[b + 12]);
      s12_0 = a12.fma(d0, s12_0);
      FloatVector a13 = FloatVector.broadcast(F, x[b + 13]);
      s13_0 = a13.fma(d0, s13_0);
    }
    s0_0.intoArray(sum, sumFrom);
    s1_0.intoArray(sum, sumFrom + L);
    s2_0.intoArray(sum, sumFrom + 2 * L);
    s3_0.intoArray(sum, sumFrom + 3 * L);
    s4_0.intoArray(sum, sumFrom + 4 * L);
    s5_0.intoArray(sum, sumFrom + 5 * L);
    s6_0.intoArray(sum, sumFrom + 6 * L);
    s7_0.intoArray(sum, sumFrom + 7 * L);
    s8_0.intoArray(sum, sumFrom + 8 * L);
    s9_0.intoArray(sum, sumFrom + 9 * L);
    s10_0.intoArray(sum, sumFrom + 10 * L);
    s11_0.intoArray(sum, sumFrom + 11 * L);
    s12_0.intoArray(sum, sumFrom + 12 * L);
    s13_0.intoArray(sum, sumFrom + 13 * L);
  }

  static void gradient10x2(
      float[] x,
      int[] xBase,
      int xFrom,
      int pixel,
      int pixels,
      float[] d,
      int dFrom,
      float[] sum,
      int sumFrom) {
    FloatVector s0_0 = FloatVector.fromArray(F, sum, sumFrom);
    FloatVector s0_1 = FloatVector.fromArray(F, sum, sumFrom + L);
    FloatVector s1_0 = FloatVector.fromArray(F, sum, sumFrom + 2 * L);
    FloatVector s1_1 = FloatVector.fromArray(F, sum, sumFrom + 3 * L);
    FloatVector s2_0 = FloatVector.fromArray(F, sum, sumFrom + 4 * L);
    FloatVector s2_1 = FloatVector.fromArray(F, sum, sumFrom + 5 * L);
    FloatVector s3_0 = FloatVector.fromArray(F, sum, sumFrom + 6 * L);
    FloatVector s3_1 = FloatVector.fromArray(F, sum, sumFrom + 7 * L);
    FloatVector s4_0 = FloatVector.fromArray(F, sum, sumFrom + 8 * L);
    FloatVector s4_1 = FloatVector.fromArray(F, sum, sumFrom + 9 * L);
    FloatVector s5_0 = FloatVector.fromArray(F, sum, sumFrom + 10 * L);
    FloatVector s5_1 = FloatVector.fromArray(F, sum, sumFrom + 11 * L);
    FloatVector s6_0 = FloatVector.fromArray(F, sum, sumFrom + 12 * L);
    FloatVector s6_1 = FloatVector.fromArray(F, sum, sumFrom + 13 * L);
    FloatVector s7_0 = FloatVector.fromArray(F, sum, sumFrom + 14 * L);
    FloatVector s7_1 = FloatVector.fromArray(F, sum, sumFrom + 15 * L);
    FloatVector s8_0 = FloatVector.fromArray(F, sum, sumFrom + 16 * L);
    FloatVector s8_1 = FloatVector.fromArray(F, sum, sumFrom + 17 * L);
    FloatVector s9_0 = FloatVector.fromArray(F, sum, sumFrom + 18 * L);
    FloatVector s9_1 = FloatVector.fromArray(F, sum, sumFrom + 19 * L);
    for (int p = 0, k = dFrom; p < pixels; p++, k += 2 * L) {
      int b = xBase[pixel + p] + xFrom;
      FloatVector d0 = FloatVector.fromArray(F, d, k);
      FloatVector d1 = FloatVector.fromArray(F, d, k + L);
      FloatVector a0 = FloatVector.broadcast(F, x[b + 0]);
      s0_0 = a0.fma(d0, s0_0);
      s0_1 = a0.fma(d1, s0_1);
      FloatVector a1 = FloatVector.broadcast(F, x[b + 1]);
      s1_0 = a1.fma(d0, s1_0);
      s1_1 = a1.fma(d1, s1_1);
      FloatVector a2 = FloatVector.broadcast(F, x[b + 2]);
      s2_0 = a2.fma(d0, s2_0);
      s2_1 = a2.fma(d1, s2_1);
      FloatVector a3 = FloatVector.broadcast(F, x[b + 3]);
      s3_0 = a3.fma(d0, s3_0);
      s3_1 = a3.fma(d1, s3_1);
      FloatVector a4 = FloatVector.broadcast(F, x[b + 4]);
      s4_0 = a4.fma(d0, s4_0);
      s4_1 = a4.fma(d1, s4_1);
      FloatVector a5 = FloatVector.broadcast(F, x[b + 5]);
      s5_0 = a5.fma(d0, s5_0);
      s5_1 = a5.fma(d1, s5_1);
      FloatVector a6 = FloatVector.broadcast(F, x[b + 6]);
      s6_0 = a6.fma(d0, s6_0);
      s6_1 = a6.fma(d1, s6_1);
      FloatVector a7 = FloatVector.broadcast(F, x[b + 7]);
      s7_0 = a7.fma(d0, s7_0);
      s7_1 = a7.fma(d1, s7_1);
      FloatVector a8 = FloatVector.broadcast(F, x[b + 8]);
      s8_0 = a8.fma(d0, s8_0);
      s8_1 = a8.fma(d1, s8_1);
      FloatVector a9 = FloatVector.broadcast(F, x[b + 9]);
      s9_0 = a9.fma(d0, s9_0);
      s9_1 = a9.fma(d1, s9_1);
    }
    s0_0.intoArray(sum, sumFrom);
    s0_1.intoArray(sum, sumFrom + L);
    s1_0.intoArray(sum, sumFrom + 2 * L);
    s1_1.intoArray(sum, sumFrom + 3 * L);
    s2_0.intoArray(sum, sumFrom + 4 * L);
    s2_1.intoArray(sum, sumFrom + 5 * L);
    s3_0.intoArray(sum, sumFrom + 6 * L);
    s3_1.intoArray(sum, sumFrom + 7 * L);
    s4_0.intoArray(sum, sumFrom + 8 * L);
    s4_1.intoArray(sum, sumFrom + 9 * L);
    s5_0.intoArray(sum, sumFrom + 10 * L);
    s5_1.intoArray(sum, sumFrom + 11 * L);
    s6_0.intoArray(sum, sumFrom + 12 * L);
    s6_1.intoArray(sum, sumFrom + 13 * L);
    s7_0.intoArray(sum, sumFrom + 14 * L);
    s7_1.intoArray(sum, sumFrom + 15 * L);
    s8_0.intoArray(sum, sumFrom + 16 * L);
    s8_1.intoArray(sum, sumFrom + 17 * L);
    s9_0.intoArray(sum, sumFrom + 18 * L);
    s9_1.intoArray(sum, sumFrom + 19 * L);
  }

  static void gradient8x3(
      float[] x,
      int[] xBase,
      int xFrom,
      int pixel,
      int pixels,
      float[] d,
      int dFrom,
      float[] sum,
      int sumFrom) {
    FloatVector s0_0 = FloatVector.fromArray(F, sum, sumFrom);
    FloatVector s0_1 = FloatVector.fromArray(F, sum, sumFrom + L);
    FloatVector s0_2 = FloatVector.fromArray(F, sum, sumFrom + 2 * L);
    FloatVector s1_0 = FloatVector.fromArray(F, sum, sumFrom + 3 * L);
    FloatVector s1_1 = FloatVector.fromArray(F, sum, sumFrom + 4 * L);
    FloatVector s1_2 = FloatVector.fromArray(F, sum, sumFrom + 5 * L);
    FloatVector s2_0 = FloatVector.fromArray(F, sum, sumFrom + 6 * L);
    FloatVector s2_1 = FloatVector.fromArray(F, sum, sumFrom + 7 * L);
    FloatVector s2_2 = FloatVector.fromArray(F, sum, sumFrom + 8 * L);
    FloatVector s3_0 = FloatVector.fromArray(F, sum, sumFrom + 9 * L);
    FloatVector s3_1 = FloatVector.fromArray(F, sum, sumFrom + 10 * L);
    FloatVector s3_2 = FloatVector.fromArray(F, sum, sumFrom + 11 * L);
    FloatVector s4_0 = FloatVector.fromArray(F, sum, sumFrom + 12 * L);
    FloatVector s4_1 = FloatVector.fromArray(F, sum, sumFrom + 13 * L);
    FloatVector s4_2 = FloatVector.fromArray(F, sum, sumFrom + 14 * L);
    FloatVector s5_0 = FloatVector.fromArray(F, sum, sumFrom + 15 * L);
    FloatVector s5_1 = FloatVector.fromArray(F, sum, sumFrom + 16 * L);
    FloatVector s5_2 = FloatVector.fromArray(F, sum, sumFrom + 17 * L);
    FloatVector s6_0 = FloatVector.fromArray(F, sum, sumFrom + 18 * L);
    FloatVector s6_1 = FloatVector.fromArray(F, sum, sumFrom + 19 * L);
    FloatVector s6_2 = FloatVector.fromArray(F, sum, sumFrom + 20 * L);
    FloatVector s7_0 = FloatVector.fromArray(F, sum, sumFrom + 21 * L);
    FloatVector s7_1 = FloatVector.fromArray(F, sum, sumFrom + 22 * L);
    FloatVector s7_2 = FloatVector.fromArray(F, sum, sumFrom + 23 * L);
    for (int p = 0, k = dFrom; p < pixels; p++, k += 3 * L) {
      int b = xBase[pixel + p] + xFrom;
      FloatVector d0 = FloatVector.fromArray(F, d, k);
      FloatVector d1 = FloatVector.fromArray(F, d, k + L);
      FloatVector d2 = FloatVector.fromArray(F, d, k + 2 * L);
      FloatVector a0 = FloatVector.broadcast(F, x[b + 0]);
      s0_0 = a0.fma(d0, s0_0);
      s0_1 = a0.fma(d1, s0_1);
      s0_2 = a0.fma(d2, s0_2);
      FloatVector a1 = FloatVector.broadcast(F, x[b + 1]);
      s1_0 = a1.fma(d0, s1_0);
      s1_1 = a1.fma(d1, s1_1);
      s1_2 = a1.fma(d2, s1_2);
      FloatVector a2 = FloatVector.broadcast(F, x[b + 2]);
      s2_0 = a2.fma(d0, s2_0);
      s2_1 = a2.fma(d1, s2_1);
      s2_2 = a2.fma(d2, s2_2);
      FloatVector a3 = FloatVector.broadcast(F, x[b + 3]);
      s3_0 = a3.fma(d0, s3_0);
      s3_1 = a3.fma(d1, s3_1);
      s3_2 = a3.fma(d2, s3_2);
      FloatVector a4 = FloatVector.broadcast(F, x[b + 4]);
      s4_0 = a4.fma(d0, s4_0);
      s4_1 = a4.fma(d1, s4_1);
      s4_2 = a4.fma(d2, s4_2);
      FloatVector a5 = FloatVector.broadcast(F, x[b + 5]);
      s5_0 = a5.fma(d0, s5_0);
      s5_1 = a5.fma(d1, s5_1);
      s5_2 = a5.fma(d2, s5_2);
      FloatVector a6 = FloatVector.broadcast(F, x[b + 6]);
      s6_0 = a6.fma(d0, s6_0);
      s6_1 = a6.fma(d1, s6_1);
      s6_2 = a6.fma(d2, s6_2);
      FloatVector a7 = FloatVector.broadcast(F, x[b + 7]);
      s7_0 = a7.fma(d0, s7_0);
      s7_1 = a7.fma(d1, s7_1);
      s7_2 = a7.fma(d2, s7_2);
    }
    s0_0.intoArray(sum, sumFrom);
    s0_1.intoArray(sum, sumFrom + L);
    s0_2.intoArray(sum, sumFrom + 2 * L);
    s1_0.intoArray(sum, sumFrom + 3 * L);
    s1_1.intoArray(sum, sumFrom + 4 * L);
    s1_2.intoArray(sum, sumFrom + 5 * L);
    s2_0.intoArray(sum, sumFrom + 6 * L);
    s2_1.intoArray(sum, sumFrom + 7 * L);
    s2_2.intoArray(sum, sumFrom + 8 * L);
    s3_0.intoArray(sum, sumFrom + 9 * L);
    s3_1.intoArray(sum, sumFrom + 10 * L);
    s3_2.intoArray(sum, sumFrom + 11 * L);
    s4_0.intoArray(sum, sumFrom + 12 * L);
    s4_1.intoArray(sum, sumFrom + 13 * L);
    s4_2.intoArray(sum, sumFrom + 14 * L);
    s5_0.intoArray(sum, sumFrom + 15 * L);
    s5_1.intoArray(sum, sumFrom + 16 * L);
    s5_2.intoArray(sum, sumFrom + 17 * L);
    s6_0.intoArray(sum, sumFrom + 18 * L);
    s6_1.intoArray(sum, sumFrom + 19 * L);
    s6_2.intoArray(sum, sumFrom + 20 * L);
    s7_0.intoArray(sum, sumFrom + 21 * L);
    s7_1.intoArray(sum, sumFrom + 22 * L);
    s7_2.intoArray(sum, sumFrom + 23 * L);
  }

  static void gradient6x4(
      float[] x,
      int[] xBase,
      int xFrom,
      int pixel,
      int pixels,
      float[] d,
      int dFrom,
      float[] sum,
      int sumFrom) {
    FloatVector s0_0 = FloatVector.fromArray(F, sum, sumFrom);
    FloatVector s0_1 = FloatVector.fromArray(F, sum, sumFrom + L);
    FloatVector s0_2 = FloatVector.fromArray(F, sum, sumFrom + 2 * L);
    FloatVector s0_3 = FloatVector.fromArray(F, sum, sumFrom + 3 * L);
    FloatVector s1_0 = FloatVector.fromArray(F, sum, sumFrom + 4 * L);
    FloatVector s1_1 = FloatVector.fromArray(F, sum, sumFrom + 5 * L);
    FloatVector s1_2 = FloatVector.fromArray(F, sum, sumFrom + 6 * L);
    FloatVector s1_3 = FloatVector.fromArray(F, sum, sumFrom + 7 * L);
    FloatVector s2_0 = FloatVector.fromArray(F, sum, sumFrom + 8 * L);
    FloatVector s2_1 = FloatVector.fromArray(F, sum, sumFrom + 9 * L);
    FloatVector s2_2 = FloatVector.fromArray(F, sum, sumFrom + 10 * L);
    FloatVector s2_3 = FloatVector.fromArray(F, sum, sumFrom + 11 * L);
    FloatVector s3_0 = FloatVector.fromArray(F, sum, sumFrom + 12 * L);
    FloatVector s3_1 = FloatVector.fromArray(F, sum, sumFrom + 13 * L);
    FloatVector s3_2 = FloatVector.fromArray(F, sum, sumFrom + 14 * L);
    FloatVector s3_3 = FloatVector.fromArray(F, sum, sumFrom + 15 * L);
    FloatVector s4_0 = FloatVector.fromArray(F, sum, sumFrom + 16 * L);
    FloatVector s4_1 = FloatVector.fromArray(F, sum, sumFrom + 17 * L);
    FloatVector s4_2 = FloatVector.fromArray(F, sum, sumFrom + 18 * L);
    FloatVector s4_3 = FloatVector.fromArray(F, sum, sumFrom + 19 * L);
    FloatVector s5_0 = FloatVector.fromArray(F, sum, sumFrom + 20 * L);
    FloatVector s5_1 = FloatVector.fromArray(F, sum, sumFrom + 21 * L);
    FloatVector s5_2 = FloatVector.fromArray(F, sum, sumFrom + 22 * L);
    FloatVector s5_3 = FloatVector.fromArray(F, sum, sumFrom + 23 * L);
    for (int p = 0, k = dFrom; p < pixels; p++, k += 4 * L) {
      int b = xBase[pixel + p] + xFrom;
      FloatVector d0 = FloatVector.fromArray(F, d, k);
      FloatVector d1 = FloatVector.fromArray(F, d, k + L);
      FloatVector d2 = FloatVector.fromArray(F, d, k + 2 * L);
      FloatVector d3 = FloatVector.fromArray(F, d, k + 3 * L);
      FloatVector a0 = FloatVector.broadcast(F, x[b + 0]);
      s0_0 = a0.fma(d0, s0_0);
      s0_1 = a0.fma(d1, s0_1);
      s0_2 = a0.fma(d2, s0_2);
      s0_3 = a0.fma(d3, s0_3);
      FloatVector a1 = FloatVector.broadcast(F, x[b + 1]);
      s1_0 = a1.fma(d0, s1_0);
      s1_1 = a1.fma(d1, s1_1);
      s1_2 = a1.fma(d2, s1_2);
      s1_3 = a1.fma(d3, s1_3);
      FloatVector a2 = FloatVector.broadcast(F, x[b + 2]);
      s2_0 = a2.fma(d0, s2_0);
      s2_1 = a2.fma(d1, s2_1);
      s2_2 = a2.fma(d2, s2_2);
      s2_3 = a2.fma(d3, s2_3);
      FloatVector a3 = FloatVector.broadcast(F, x[b + 3]);
      s3_0 = a3.fma(d0, s3_0);
      s3_1 = a3.fma(d1, s3_1);
      s3_2 = a3.fma(d2, s3_2);
      s3_3 = a3.fma(d3, s3_3);
      FloatVector a4 = FloatVector.broadcast(F, x[b + 4]);
      s4_0 = a4.fma(d0, s4_0);
      s4_1 = a4.fma(d1, s4_1);
      s4_2 = a4.fma(d2, s4_2);
      s4_3 = a4.fma(d3, s4_3);
      FloatVector a5 = FloatVector.broadcast(F, x[b + 5]);
      s5_0 = a5.fma(d0, s5_0);
      s5_1 = a5.fma(d1, s5_1);
      s5_2 = a5.fma(d2, s5_2);
      s5_3 = a5.fma(d3, s5_3);
    }
    s0_0.intoArray(sum, sumFrom);
    s0_1.intoArray(sum, sumFrom + L);
    s0_2.intoArray(sum, sumFrom + 2 * L);
    s0_3.intoArray(sum, sumFrom + 3 * L);
    s1_0.intoArray(sum, sumFrom + 4 * L);
    s1_1.intoArray(sum, sumFrom + 5 * L);
    s1_2.intoArray(sum, sumFrom + 6 * L);
    s1_3.intoArray(sum, sumFrom + 7 * L);
    s2_0.intoArray(sum, sumFrom + 8 * L);
    s2_1.intoArray(sum, sumFrom + 9 * L);
    s2_2.intoArray(sum, sumFrom + 10 * L);
    s2_3.intoArray(sum, sumFrom + 11 * L);
    s3_0.intoArray(sum, sumFrom + 12 * L);
    s3_1.intoArray(sum, sumFrom + 13 * L);
    s3_2.intoArray(sum, sumFrom + 14 * L);
    s3_3.intoArray(sum, sumFrom + 15 * L);
    s4_0.intoArray(sum, sumFrom + 16 * L);
    s4_1.intoArray(sum, sumFrom + 17 * L);
    s4_2.intoArray(sum, sumFrom + 18 * L);
    s4_3.intoArray(sum, sumFrom + 19 * L);
    s5_0.intoArray(sum, sumFrom + 20 * L);
    s5_1.intoArray(sum, sumFrom + 21 * L);
    s5_2.intoArray(sum, sumFrom + 22 * L);
    s5_3.intoArray(sum, sumFrom + 23 * L);
  }
}
