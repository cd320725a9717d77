package dev.jdiffusion.tensor.cpu;

import static dev.jdiffusion.tensor.cpu.Lanes.F;
import static dev.jdiffusion.tensor.cpu.Lanes.L;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/**
 * Outer products for 16 vector registers; written by {@code KernelGenerator}.
 *
 * <p>{@code multiplyRxV}: for R pixels and V vectors of columns, with x and out at one index each
 * per pixel, {@code out[pixel][column] = start[column] + sum over k of x[pixel][k] * w[k][column]};
 * where the name ends in {@code Add}, start has an element for each of out's. Each element is one
 * chain of fused multiply-adds in the order of k.
 *
 * <p>Only {@code last} columns are left for the last vector. Of several it begins earlier, so that
 * it ends where the columns end, and computes some a second time: storing a part of a vector takes
 * several times as long with AVX2.
 */
final class NarrowProducts {
  private NarrowProducts() {}

  static void multiply(
      int vectors,
      float[] x,
      int[] xBase,
      int xFrom,
      float[] w,
      int wFrom,
      float[] start,
      int startFrom,
      float[] out,
      int[] outBase,
      int outFrom,
      int pixels,
      int length,
      int last) {
    switch (vectors) {
      case 1 -> {
        for (int p = 0; p < pixels; p += 12) {
          multiply12x1(
              x, xBase, xFrom, w, wFrom, start, startFrom, out, outBase, outFrom, p, length, last);
        }
      }
      case 2 -> {
        for (int p = 0; p < pixels; p += 6) {
          multiply6x2(
              x, xBase, xFrom, w, wFrom, start, startFrom, out, outBase, outFrom, p, length, last);
        }
      }
      default -> {
        for (int p = 0; p < pixels; p += 3) {
          multiply3x3(
              x, xBase, xFrom, w, wFrom, start, startFrom, out, outBase, outFrom, p, length, last);
        }
      }
    }
  }

  static void multiply12x1(
      float[] x,
      int[] xBase,
      int xFrom,
      float[] w,
      int wFrom,
      float[] start,
      int startFrom,
      float[] out,
      int[] outBase,
      int outFrom,
      int pixel,
      int length,
      int last) {
    VectorMask<Float> mask = F.indexInRange(0, last);
    int x0 = xBase[pixel + 0] + xFrom;
    FloatVector s0_0 = FloatVector.fromArray(F, start, startFrom, mask);
    int x1 = xBase[pixel + 1] + xFrom;
    FloatVector s1_0 = s0_0;
    int x2 = xBase[pixel + 2] + xFrom;
    FloatVector s2_0 = s0_0;
    int x3 = xBase[pixel + 3] + xFrom;
    FloatVector s3_0 = s0_0;
    int x4 = xBase[pixel + 4] + xFrom;
    FloatVector s4_0 = s0_0;
    int x5 = xBase[pixel + 5] + xFrom;
    FloatVector s5_0 = s0_0;
    int x6 = xBase[pixel + 6] + xFrom;
    FloatVector s6_0 = s0_0;
    int x7 = xBase[pixel + 7] + xFrom;
    FloatVector s7_0 = s0_0;
    int x8 = xBase[pixel + 8] + xFrom;
    FloatVector s8_0 = s0_0;
    int x9 = xBase[pixel + 9] + xFrom;
    FloatVector s9_0 = s0_0;
    int x10 = xBase[pixel + 10] + xFrom;
    FloatVector s10_0 = s0_0;
    int x11 = xBase[pixel + 11] + xFrom;
    FloatVector s11_0 = s0_0;
    for (int j = 0, k = wFrom; j < length; j++, k += L) {
      FloatVector w0 = FloatVector.fromArray(F, w, k);
      FloatVector a0 = FloatVector.broadcast(F, x[x0 + j]);
      s0_0 = a0.fma(w0, s0_0);
      FloatVector a1 = FloatVector.broadcast(F, x[x1 + j]);
      s1_0 = a1.fma(w0, s1_0);
      FloatVector a2 = FloatVector.broadcast(F, x[x2 + j]);
      s2_0 = a2.fma(w0, s2_0);
      FloatVector a3 = FloatVector.broadcast(F, x[x3 + j]);
      s3_0 = a3.fma(w0, s3_0);
      FloatVector a4 = FloatVector.broadcast(F, x[x4 + j]);
      s4_0 = a4.fma(w0, s4_0);
      FloatVector a5 = FloatVector.broadcast(F, x[x5 + j]);
      s5_0 = a5.fma(w0, s5_0);
      FloatVector a6 = FloatVector.broadcast(F, x[x6 + j]);
      s6_0 = a6.fma(w0, s6_0);
      FloatVector a7 = FloatVector.broadcast(F, x[x7 + j]);
      s7_0 = a7.fma(w0, s7_0);
      FloatVector a8 = FloatVector.broadcast(F, x[x8 + j]);
      s8_0 = a8.fma(w0, s8_0);
      FloatVector a9 = FloatVector.broadcast(F, x[x9 + j]);
      s9_0 = a9.fma(w0, s9_0);
      FloatVector a10 = FloatVector.broadcast(F, x[x10 + j]);
      s10_0 = a10.fma(w0, s10_0);
      FloatVector a11 = FloatVector.broadcast(F, x[x11 + j]);
      s11_0 = a11.fma(w0, s11_0);
    }
    int o0 = outBase[pixel + 0] + outFrom;
    s0_0.intoArray(out, o0, mask);
    int o1 = outBase[pixel + 1] + outFrom;
    s1_0.intoArray(out, o1, mask);
    int o2 = outBase[pixel + 2] + outFrom;
    s2_0.intoArray(out, o2, mask);
    int o3 = outBase[pixel + 3] + outFrom;
    s3_0.intoArray(out, o3, mask);
    int o4 = outBase[pixel + 4] + outFrom;
    s4_0.intoArray(out, o4, mask);
    int o5 = outBase[pixel + 5] + outFrom;
    s5_0.intoArray(out, o5, mask);
    int o6 = outBase[pixel + 6] + outFrom;
    s6_0.intoArray(out, o6, mask);
    int o7 = outBase[pixel + 7] + outFrom;
    s7_0.intoArray(out, o7, mask);
    int o8 = outBase[pixel + 8] + outFrom;
    s8_0.intoArray(out, o8, mask);
    int o9 = outBase[pixel + 9] + outFrom;
    s9_0.intoArray(out, o9, mask);
    int o10 = outBase[pixel + 10] + outFrom;
    s10_0.intoArray(out, o10, mask);
    int o11 = outBase[pixel + 11] + outFrom;
    s11_0.intoArray(out, o11, mask);
  }

  static void multiply6x2(
      float[] x,
      int[] xBase,
      int xFrom,
      float[] w,
      int wFrom,
      float[] start,
      int startFrom,
      float[] out,
      int[] outBase,
      int outFrom,
      int pixel,
      int length,
      int last) {
    int tail = last;
    int x0 = xBase[pixel + 0] + xFrom;
    FloatVector s0_0 = FloatVector.fromArray(F, start, startFrom);
    FloatVector s0_1 = FloatVector.fromArray(F, start, startFrom + tail);
    int x1 = xBase[pixel + 1] + xFrom;
    FloatVector s1_0 = s0_0;
    FloatVector s1_1 = s0_1;
    int x2 = xBase[pixel + 2] + xFrom;
    FloatVector s2_0 = s0_0;
    FloatVector s2_1 = s0_1;
    int x3 = xBase[pixel + 3] + xFrom;
    FloatVector s3_0 = s0_0;
    FloatVector s3_1 = s0_1;
    int x4 = xBase[pixel + 4] + xFrom;
    FloatVector s4_0 = s0_0;
    FloatVector s4_1 = s0_1;
    int x5 = xBase[pixel + 5] + xFrom;
    FloatVector s5_0 = s0_0;
    FloatVector s5_1 = s0_1;
    for (int j = 0, k = wFrom; j < length; j++, k += 2 * L) {
      FloatVector w0 = FloatVector.fromArray(F, w, k);
      FloatVector w1 = FloatVector.fromArray(F, w, k + L);
      FloatVector a0 = FloatVector.broadcast(F, x[x0 + j]);
      s0_0 = a0.fma(w0, s0_0);
      s0_1 = a0.fma(w1, s0_1);
      FloatVector a1 = FloatVector.broadcast(F, x[x1 + j]);
      s1_0 = a1.fma(w0, s1_0);
      s1_1 = a1.fma(w1, s1_1);
      FloatVector a2 = FloatVector.broadcast(F, x[x2 + j]);
      s2_0 = a2.fma(w0, s2_0);
      s2_1 = a2.fma(w1, s2_1);
      FloatVector a3 = FloatVector.broadcast(F, x[x3 + j]);
      s3_0 = a3.fma(w0, s3_0);
      s3_1 = a3.fma(w1, s3_1);
      FloatVector a4 = FloatVector.broadcast(F, x[x4 + j]);
      s4_0 = a4.fma(w0, s4_0);
      s4_1 = a4.fma(w1, s4_1);
      FloatVector a5 = FloatVector.broadcast(F, x[x5 + j]);
      s5_0 = a5.fma(w0, s5_0);
      s5_1 = a5.fma(w1, s5_1);
    }
    int o0 = outBase[pixel + 0] + outFrom;
    s0_0.intoArray(out, o0);
    s0_1.intoArray(out, o0 + tail);
    int o1 = outBase[pixel + 1] + outFrom;
    s1_0.intoArray(out, o1);
    s1_1.intoArray(out, o1 + tail);
    int o2 = outBase[pixel + 2] + outFrom;
    s2_0.intoArray(out, o2);
    s2_1.intoArray(out, o2 + tail);
    int o3 = outBase[pixel + 3] + outFrom;
    s3_0.intoArray(out, o3);
    s3_1.intoArray(out, o3 + tail);
    int o4 = outBase[pixel + 4] + outFrom;
    s4_0.intoArray(out, o4);
    s4_1.intoArray(out, o4 + tail);
    int o5 = outBase[pixel + 5] + outFrom;
    s5_0.intoArray(out, o5);
    s5_1.intoArray(out, o5 + tail);
  }

  static void multiply3x3(
      float[] x,
      int[] xBase,
      int xFrom,
      float[] w,
      int wFrom,
      float[] start,
      int startFrom,
      float[] out,
      int[] outBase,
      int outFrom,
      int pixel,
      int length,
      int last) {
    int tail = L + last;
    int x0 = xBase[pixel + 0] + xFrom;
    FloatVector s0_0 = FloatVector.fromArray(F, start, startFrom);
    FloatVector s0_1 = FloatVector.fromArray(F, start, startFrom + L);
    FloatVector s0_2 = FloatVector.fromArray(F, start, startFrom + tail);
    int x1 = xBase[pixel + 1] + xFrom;
    FloatVector s1_0 = s0_0;
    FloatVector s1_1 = s0_1;
    FloatVector s1_2 = s0_2;
    int x2 = xBase[pixel + 2] + xFrom;
    FloatVector s2_0 = s0_0;
    FloatVector s2_1 = s0_1;
    FloatVector s2_2 = s0_2;
    for (int j = 0, k = wFrom; j < length; j++, k += 3 * L) {
      FloatVector w0 = FloatVector.fromArray(F, w, k);
      FloatVector w1 = FloatVector.fromArray(F, w, k + L);
      FloatVector w2 = FloatVector.fromArray(F, w, k + 2 * L);
      FloatVector a0 = FloatVector.broadcast(F, x[x0 + j]);
      s0_0 = a0.fma(w0, s0_0);
      s0_1 = a0.fma(w1, s0_1);
      s0_2 = a0.fma(w2, s0_2);
      FloatVector a1 = FloatVector.broadcast(F, x[x1 + j]);
      s1_0 = a1.fma(w0, s1_0);
      s1_1 = a1.fma(w1, s1_1);
      s1_2 = a1.fma(w2, s1_2);
      FloatVector a2 = FloatVector.broadcast(F, x[x2 + j]);
      s2_0 = a2.fma(w0, s2_0);
      s2_1 = a2.fma(w1, s2_1);
      s2_2 = a2.fma(w2, s2_2);
    }
    int o0 = outBase[pixel + 0] + outFrom;
    s0_0.intoArray(out, o0);
    s0_1.intoArray(out, o0 + L);
    s0_2.intoArray(out, o0 + tail);
    int o1 = outBase[pixel + 1] + outFrom;
    s1_0.intoArray(out, o1);
    s1_1.intoArray(out, o1 + L);
    s1_2.intoArray(out, o1 + tail);
    int o2 = outBase[pixel + 2] + outFrom;
    s2_0.intoArray(out, o2);
    s2_1.intoArray(out, o2 + L);
    s2_2.intoArray(out, o2 + tail);
  }

  static void multiplyAdd(
      int vectors,
      float[] x,
      int[] xBase,
      int xFrom,
      float[] w,
      int wFrom,
      float[] start,
      int startFrom,
      float[] out,
      int[] outBase,
      int outFrom,
      int pixels,
      int length,
      int last) {
    switch (vectors) {
      case 1 -> {
        for (int p = 0; p < pixels; p += 12) {
          multiply12x1Add(
              x, xBase, xFrom, w, wFrom, start, startFrom, out, outBase, outFrom, p, length, last);
        }
      }
      case 2 -> {
        for (int p = 0; p < pixels; p += 6) {
          multiply6x2Add(
              x, xBase, xFrom, w, wFrom, start, startFrom, out, outBase, outFrom, p, length, last);
        }
      }
      default -> {
        for (int p = 0; p < pixels; p += 3) {
          multiply3x3Add(
              x, xBase, xFrom, w, wFrom, start, startFrom, out, outBase, outFrom, p, length, last);
        }
      }
    }
  }

  static void multiply12x1Add(
      float[] x,
      int[] xBase,
      int xFrom,
      float[] w,
      int wFrom,
      float[] start,
      int startFrom,
      float[] out,
      int[] outBase,
      int outFrom,
      int pixel,
      int length,
      int last) {
    VectorMask<Float> mask = F.indexInRange(0, last);
    int x0 = xBase[pixel + 0] + xFrom;
    int i0 = outBase[pixel + 0] + startFrom;
    FloatVector s0_0 = FloatVector.fromArray(F, start, i0, mask);
    int x1 = xBase[pixel + 1] + xFrom;
    int i1 = outBase[pixel + 1] + startFrom;
    FloatVector s1_0 = FloatVector.fromArray(F, start, i1, mask);
    int x2 = xBase[pixel + 2] + xFrom;
    int i2 = outBase[pixel + 2] + startFrom;
    FloatVector s2_0 = FloatVector.fromArray(F, start, i2, mask);
    int x3 = xBase[pixel + 3] + xFrom;
    int i3 = outBase[pixel + 3] + startFrom;
    FloatVector s3_0 = FloatVector.fromArray(F, start, i3, mask);
    int x4 = xBase[pixel + 4] + xFrom;
    int i4 = outBase[pixel + 4] + startFrom;
    FloatVector s4_0 = FloatVector.fromArray(F, start, i4, mask);
    int x5 = xBase[pixel + 5] + xFrom;
    int i5 = outBase[pixel + 5] + startFrom;
    FloatVector s5_0 = FloatVector.fromArray(F, start, i5, mask);
    int x6 = xBase[pixel + 6] + xFrom;
    int i6 = outBase[pixel + 6] + startFrom;
    FloatVector s6_0 = FloatVector.fromArray(F, start, i6, mask);
    int x7 = xBase[pixel + 7] + xFrom;
    int i7 = outBase[pixel + 7] + startFrom;
    FloatVector s7_0 = FloatVector.fromArray(F, start, i7, mask);
    int x8 = xBase[pixel + 8] + xFrom;
    int i8 = outBase[pixel + 8] + startFrom;
    FloatVector s8_0 = FloatVector.fromArray(F, start, i8, mask);
    int x9 = xBase[pixel + 9] + xFrom;
    int i9 = outBase[pixel + 9] + startFrom;
    FloatVector s9_0 = FloatVector.fromArray(F, start, i9, mask);
    int x10 = xBase[pixel + 10] + xFrom;
    int i10 = outBase[pixel + 10] + startFrom;
    FloatVector s10_0 = FloatVector.fromArray(F, start, i10, mask);
    int x11 = xBase[pixel + 11] + xFrom;
    int i11 = outBase[pixel + 11] + startFrom;
    FloatVector s11_0 = FloatVector.fromArray(F, start, i11, mask);
    for (int j = 0, k = wFrom; j < length; j++, k += L) {
      FloatVector w0 = FloatVector.fromArray(F, w, k);
      FloatVector a0 = FloatVector.broadcast(F, x[x0 + j]);
      s0_0 = a0.fma(w0, s0_0);
      FloatVector a1 = FloatVector.broadcast(F, x[x1 + j]);
      s1_0 = a1.fma(w0, s1_0);
      FloatVector a2 = FloatVector.broadcast(F, x[x2 + j]);
      s2_0 = a2.fma(w0, s2_0);
      FloatVector a3 = FloatVector.broadcast(F, x[x3 + j]);
      s3_0 = a3.fma(w0, s3_0);
      FloatVector a4 = FloatVector.broadcast(F, x[x4 + j]);
      s4_0 = a4.fma(w0, s4_0);
      FloatVector a5 = FloatVector.broadcast(F, x[x5 + j]);
      s5_0 = a5.fma(w0, s5_0);
      FloatVector a6 = FloatVector.broadcast(F, x[x6 + j]);
      s6_0 = a6.fma(w0, s6_0);
      FloatVector a7 = FloatVector.broadcast(F, x[x7 + j]);
      s7_0 = a7.fma(w0, s7_0);
      FloatVector a8 = FloatVector.broadcast(F, x[x8 + j]);
      s8_0 = a8.fma(w0, s8_0);
      FloatVector a9 = FloatVector.broadcast(F, x[x9 + j]);
      s9_0 = a9.fma(w0, s9_0);
      FloatVector a10 = FloatVector.broadcast(F, x[x10 + j]);
      s10_0 = a10.fma(w0, s10_0);
      FloatVector a11 = FloatVector.broadcast(F, x[x11 + j]);
      s11_0 = a11.fma(w0, s11_0);
    }
    int o0 = outBase[pixel + 0] + outFrom;
    s0_0.intoArray(out, o0, mask);
    int o1 = outBase[pixel + 1] + outFrom;
    s1_0.intoArray(out, o1, mask);
    int o2 = outBase[pixel + 2] + outFrom;
    s2_0.intoArray(out, o2, mask);
    int o3 = outBase[pixel + 3] + outFrom;
    s3_0.intoArray(out, o3, mask);
    int o4 = outBase[pixel + 4] + outFrom;
    s4_0.intoArray(out, o4, mask);
    int o5 = outBase[pixel + 5] + outFrom;
    s5_0.intoArray(out, o5, mask);
    int o6 = outBase[pixel + 6] + outFrom;
    s6_0.intoArray(out, o6, mask);
    int o7 = outBase[pixel + 7] + outFrom;
    s7_0.intoArray(out, o7, mask);
    int o8 = outBase[pixel + 8] + outFrom;
    s8_0.intoArray(out, o8, mask);
    int o9 = outBase[pixel + 9] + outFrom;
    s9_0.intoArray(out, o9, mask);
    int o10 = outBase[pixel + 10] + outFrom;
    s10_0.intoArray(out, o10, mask);
    int o11 = outBase[pixel + 11] + outFrom;
    s11_0.intoArray(out, o11, mask);
  }

  static void multiply6x2Add(
      float[] x,
      int[] xBase,
      int xFrom,
      float[] w,
      int wFrom,
      float[] start,
      int startFrom,
      float[] out,
      int[] outBase,
      int outFrom,
      int pixel,
      int length,
      int last) {
    int tail = last;
    int x0 = xBase[pixel + 0] + xFrom;
    int i0 = outBase[pixel + 0] + startFrom;
    FloatVector s0_0 = FloatVector.fromArray(F, start, i0);
    FloatVector s0_1 = FloatVector.fromArray(F, start, i0 + tail);
    int x1 = xBase[pixel + 1] + xFrom;
    int i1 = outBase[pixel + 1] + startFrom;
    FloatVector s1_0 = FloatVector.fromArray(F, start, i1);
    FloatVector s1_1 = FloatVector.fromArray(F, start, i1 + tail);
    int x2 = xBase[pixel + 2] + xFrom;
    int i2 = outBase[pixel + 2] + startFrom;
    FloatVector s2_0 = FloatVector.fromArray(F, start, i2);
    FloatVector s2_1 = FloatVector.fromArray(F, start, i2 + tail);
    int x3 = xBase[pixel + 3] + xFrom;
    int i3 = outBase[pixel + 3] + startFrom;
    FloatVector s3_0 = FloatVector.fromArray(F, start, i3);
    FloatVector s3_1 = FloatVector.fromArray(F, start, i3 + tail);
    int x4 = xBase[pixel + 4] + xFrom;
    int i4 = outBase[pixel + 4] + startFrom;
    FloatVector s4_0 = FloatVector.fromArray(F, start, i4);
    FloatVector s4_1 = FloatVector.fromArray(F, start, i4 + tail);
    int x5 = xBase[pixel + 5] + xFrom;
    int i5 = outBase[pixel + 5] + startFrom;
    FloatVector s5_0 = FloatVector.fromArray(F, start, i5);
    FloatVector s5_1 = FloatVector.fromArray(F, start, i5 + tail);
    for (int j = 0, k = wFrom; j < length; j++, k += 2 * L) {
      FloatVector w0 = FloatVector.fromArray(F, w, k);
      FloatVector w1 = FloatVector.fromArray(F, w, k + L);
      FloatVector a0 = FloatVector.broadcast(F, x[x0 + j]);
      s0_0 = a0.fma(w0, s0_0);
      s0_1 = a0.fma(w1, s0_1);
      FloatVector a1 = FloatVector.broadcast(F, x[x1 + j]);
      s1_0 = a1.fma(w0, s1_0);
      s1_1 = a1.fma(w1, s1_1);
      FloatVector a2 = FloatVector.broadcast(F, x[x2 + j]);
      s2_0 = a2.fma(w0, s2_0);
      s2_1 = a2.fma(w1, s2_1);
      FloatVector a3 = FloatVector.broadcast(F, x[x3 + j]);
      s3_0 = a3.fma(w0, s3_0);
      s3_1 = a3.fma(w1, s3_1);
      FloatVector a4 = FloatVector.broadcast(F, x[x4 + j]);
      s4_0 = a4.fma(w0, s4_0);
      s4_1 = a4.fma(w1, s4_1);
      FloatVector a5 = FloatVector.broadcast(F, x[x5 + j]);
      s5_0 = a5.fma(w0, s5_0);
      s5_1 = a5.fma(w1, s5_1);
    }
    int o0 = outBase[pixel + 0] + outFrom;
    s0_0.intoArray(out, o0);
    s0_1.intoArray(out, o0 + tail);
    int o1 = outBase[pixel + 1] + outFrom;
    s1_0.intoArray(out, o1);
    s1_1.intoArray(out, o1 + tail);
    int o2 = outBase[pixel + 2] + outFrom;
    s2_0.intoArray(out, o2);
    s2_1.intoArray(out, o2 + tail);
    int o3 = outBase[pixel + 3] + outFrom;
    s3_0.intoArray(out, o3);
    s3_1.intoArray(out, o3 + tail);
    int o4 = outBase[pixel + 4] + outFrom;
    s4_0.intoArray(out, o4);
    s4_1.intoArray(out, o4 + tail);
    int o5 = outBase[pixel + 5] + outFrom;
    s5_0.intoArray(out, o5);
    s5_1.intoArray(out, o5 + tail);
  }

  static void multiply3x3Add(
      float[] x,
      int[] xBase,
      int xFrom,
      float[] w,
      int wFrom,
      float[] start,
      int startFrom,
      float[] out,
      int[] outBase,
      int outFrom,
      int pixel,
      int length,
      int last) {
    int tail = L + last;
    int x0 = xBase[pixel + 0] + xFrom;
    int i0 = outBase[pixel + 0] + startFrom;
    FloatVector s0_0 = FloatVector.fromArray(F, start, i0);
    FloatVector s0_1 = FloatVector.fromArray(F, start, i0 + L);
    FloatVector s0_2 = FloatVector.fromArray(F, start, i0 + tail);
    int x1 = xBase[pixel + 1] + xFrom;
    int i1 = outBase[pixel + 1] + startFrom;
    FloatVector s1_0 = FloatVector.fromArray(F, start, i1);
    FloatVector s1_1 = FloatVector.fromArray(F, start, i1 + L);
    FloatVector s1_2 = FloatVector.fromArray(F, start, i1 + tail);
    int x2 = xBase[pixel + 2] + xFrom;
    int i2 = outBase[pixel + 2] + startFrom;
    FloatVector s2_0 = FloatVector.fromArray(F, start, i2);
    FloatVector s2_1 = FloatVector.fromArray(F, start, i2 + L);
    FloatVector s2_2 = FloatVector.fromArray(F, start, i2 + tail);
    for (int j = 0, k = wFrom; j < length; j++, k += 3 * L) {
      FloatVector w0 = FloatVector.fromArray(F, w, k);
      FloatVector w1 = FloatVector.fromArray(F, w, k + L);
      FloatVector w2 = FloatVector.fromArray(F, w, k + 2 * L);
      FloatVector a0 = FloatVector.broadcast(F, x[x0 + j]);
      s0_0 = a0.fma(w0, s0_0);
      s0_1 = a0.fma(w1, s0_1);
      s0_2 = a0.fma(w2, s0_2);
      FloatVector a1 = FloatVector.broadcast(F, x[x1 + j]);
      s1_0 = a1.fma(w0, s1_0);
      s1_1 = a1.fma(w1, s1_1);
      s1_2 = a1.fma(w2, s1_2);
      FloatVector a2 = FloatVector.broadcast(F, x[x2 + j]);
      s2_0 = a2.fma(w0, s2_0);
      s2_1 = a2.fma(w1, s2_1);
      s2_2 = a2.fma(w2, s2_2);
    }
    int o0 = outBase[pixel + 0] + outFrom;
    s0_0.intoArray(out, o0);
    s0_1.intoArray(out, o0 + L);
    s0_2.intoArray(out, o0 + tail);
    int o1 = outBase[pixel + 1] + outFrom;
    s1_0.intoArray(out, o1);
    s1_1.intoArray(out, o1 + L);
    s1_2.intoArray(out, o1 + tail);
    int o2 = outBase[pixel + 2] + outFrom;
    s2_0.intoArray(out, o2);
    s2_1.intoArray(out, o2 + L);
    s2_2.intoArray(out, o2 + tail);
  }
}
