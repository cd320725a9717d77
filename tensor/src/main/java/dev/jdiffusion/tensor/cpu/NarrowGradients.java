package dev.jdiffusion.tensor.cpu;

import static dev.jdiffusion.tensor.cpu.Lanes.F;
import static dev.jdiffusion.tensor.cpu.Lanes.L;

import jdk.incubator.vector.FloatVector;

/**
 * Sums of outer products over pixels for 16 vector registers; written by {@code KernelGenerator}.
 *
 * <p>{@code gradientRxV}: for R rows k and V vectors of columns, {@code sum[k][column] += sum over
 * pixels of x[pixel][k] * d[pixel][column]}. Each element is one chain of fused multiply-adds in
 * the order of the pixels.
 */
final class NarrowGradients {
  private NarrowGradients() {}

  static void gradient12x1(
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
  }

  static void gradient5x2(
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
  }

  static void gradient3x3(
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
  }
}
