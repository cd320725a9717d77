package dev.jdiffusion.tensor.cpu;

import static dev.jdiffusion.tensor.cpu.Lanes.F;
import static dev.jdiffusion.tensor.cpu.Lanes.L;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/**
 * Depthwise convolution with windows seven wide, seven neighbouring pixels and one vector of
 * channels at a time; written by {@code KernelGenerator}.
 *
 * <p>Each vector of the input is loaded once per row of the window and used for up to seven pixels,
 * so that the multiply-adds, not the loads, set the speed. Planes hold one vector of channels per
 * pixel.
 */
final class DepthwiseTiles {
  private DepthwiseTiles() {}

  /** Adds seven pixels of the convolution to the first {@code pixels} of a row of out. */
  static void multiply7(
      float[] x,
      int xFrom,
      int xPitch,
      float[] w,
      int wFrom,
      int rows,
      float[] out,
      int outFrom,
      int outPitch,
      int pixels,
      int last) {
    VectorMask<Float> mask = F.indexInRange(0, last);
    int o0 = outFrom + Math.min(0, pixels - 1) * outPitch;
    FloatVector s0 = FloatVector.fromArray(F, out, o0, mask);
    int o1 = outFrom + Math.min(1, pixels - 1) * outPitch;
    FloatVector s1 = FloatVector.fromArray(F, out, o1, mask);
    int o2 = outFrom + Math.min(2, pixels - 1) * outPitch;
    FloatVector s2 = FloatVector.fromArray(F, out, o2, mask);
    int o3 = outFrom + Math.min(3, pixels - 1) * outPitch;
    FloatVector s3 = FloatVector.fromArray(F, out, o3, mask);
    int o4 = outFrom + Math.min(4, pixels - 1) * outPitch;
    FloatVector s4 = FloatVector.fromArray(F, out, o4, mask);
    int o5 = outFrom + Math.min(5, pixels - 1) * outPitch;
    FloatVector s5 = FloatVector.fromArray(F, out, o5, mask);
    int o6 = outFrom + Math.min(6, pixels - 1) * outPitch;
    FloatVector s6 = FloatVector.fromArray(F, out, o6, mask);
    for (int i = 0, b = xFrom, k = wFrom; i < rows; i++, b += xPitch, k += 7 * L) {
      FloatVector w0 = FloatVector.fromArray(F, w, k);
      FloatVector w1 = FloatVector.fromArray(F, w, k + L);
      FloatVector w2 = FloatVector.fromArray(F, w, k + 2 * L);
      FloatVector w3 = FloatVector.fromArray(F, w, k + 3 * L);
      FloatVector w4 = FloatVector.fromArray(F, w, k + 4 * L);
      FloatVector w5 = FloatVector.fromArray(F, w, k + 5 * L);
      FloatVector w6 = FloatVector.fromArray(F, w, k + 6 * L);
      FloatVector x0 = FloatVector.fromArray(F, x, b);
      s0 = x0.fma(w0, s0);
      FloatVector x1 = FloatVector.fromArray(F, x, b + L);
      s0 = x1.fma(w1, s0);
      s1 = x1.fma(w0, s1);
      FloatVector x2 = FloatVector.fromArray(F, x, b + 2 * L);
      s0 = x2.fma(w2, s0);
      s1 = x2.fma(w1, s1);
      s2 = x2.fma(w0, s2);
      FloatVector x3 = FloatVector.fromArray(F, x, b + 3 * L);
      s0 = x3.fma(w3, s0);
      s1 = x3.fma(w2, s1);
      s2 = x3.fma(w1, s2);
      s3 = x3.fma(w0, s3);
      FloatVector x4 = FloatVector.fromArray(F, x, b + 4 * L);
      s0 = x4.fma(w4, s0);
      s1 = x4.fma(w3, s1);
      s2 = x4.fma(w2, s2);
      s3 = x4.fma(w1, s3);
      s4 = x4.fma(w0, s4);
      FloatVector x5 = FloatVector.fromArray(F, x, b + 5 * L);
      s0 = x5.fma(w5, s0);
      s1 = x5.fma(w4, s1);
      s2 = x5.fma(w3, s2);
      s3 = x5.fma(w2, s3);
      s4 = x5.fma(w1, s4);
      s5 = x5.fma(w0, s5);
      FloatVector x6 = FloatVector.fromArray(F, x, b + 6 * L);
      s0 = x6.fma(w6, s0);
      s1 = x6.fma(w5, s1);
      s2 = x6.fma(w4, s2);
      s3 = x6.fma(w3, s3);
      s4 = x6.fma(w2, s4);
      s5 = x6.fma(w1, s5);
      s6 = x6.fma(w0, s6);
      FloatVector x7 = FloatVector.fromArray(F, x, b + 7 * L);
      s1 = x7.fma(w6, s1);
      s2 = x7.fma(w5, s2);
      s3 = x7.fma(w4, s3);
      s4 = x7.fma(w3, s4);
      s5 = x7.fma(w2, s5);
      s6 = x7.fma(w1, s6);
      FloatVector x8 = FloatVector.fromArray(F, x, b + 8 * L);
      s2 = x8.fma(w6, s2);
      s3 = x8.fma(w5, s3);
      s4 = x8.fma(w4, s4);
      s5 = x8.fma(w3, s5);
      s6 = x8.fma(w2, s6);
      FloatVector x9 = FloatVector.fromArray(F, x, b + 9 * L);
      s3 = x9.fma(w6, s3);
      s4 = x9.fma(w5, s4);
      s5 = x9.fma(w4, s5);
      s6 = x9.fma(w3, s6);
      FloatVector x10 = FloatVector.fromArray(F, x, b + 10 * L);
      s4 = x10.fma(w6, s4);
      s5 = x10.fma(w5, s5);
      s6 = x10.fma(w4, s6);
      FloatVector x11 = FloatVector.fromArray(F, x, b + 11 * L);
      s5 = x11.fma(w6, s5);
      s6 = x11.fma(w5, s6);
      FloatVector x12 = FloatVector.fromArray(F, x, b + 12 * L);
      s6 = x12.fma(w6, s6);
    }
    s6.intoArray(out, o6, mask);
    s5.intoArray(out, o5, mask);
    s4.intoArray(out, o4, mask);
    s3.intoArray(out, o3, mask);
    s2.intoArray(out, o2, mask);
    s1.intoArray(out, o1, mask);
    s0.intoArray(out, o0, mask);
  }

  /** Adds to the gradient of one row of the window, over all tiles of seven pixels of an image. */
  static void gradient7(
      float[] x, int[] xBase, int xFrom, float[] d, int tiles, float[] sum, int sumFrom) {
    FloatVector s0 = FloatVector.fromArray(F, sum, sumFrom);
    FloatVector s1 = FloatVector.fromArray(F, sum, sumFrom + L);
    FloatVector s2 = FloatVector.fromArray(F, sum, sumFrom + 2 * L);
    FloatVector s3 = FloatVector.fromArray(F, sum, sumFrom + 3 * L);
    FloatVector s4 = FloatVector.fromArray(F, sum, sumFrom + 4 * L);
    FloatVector s5 = FloatVector.fromArray(F, sum, sumFrom + 5 * L);
    FloatVector s6 = FloatVector.fromArray(F, sum, sumFrom + 6 * L);
    for (int q = 0, k = 0; q < tiles; q++, k += 7 * L) {
      int b = xBase[q] + xFrom;
      FloatVector d0 = FloatVector.fromArray(F, d, k);
      FloatVector d1 = FloatVector.fromArray(F, d, k + L);
      FloatVector d2 = FloatVector.fromArray(F, d, k + 2 * L);
      FloatVector d3 = FloatVector.fromArray(F, d, k + 3 * L);
      FloatVector d4 = FloatVector.fromArray(F, d, k + 4 * L);
      FloatVector d5 = FloatVector.fromArray(F, d, k + 5 * L);
      FloatVector d6 = FloatVector.fromArray(F, d, k + 6 * L);
      FloatVector x0 = FloatVector.fromArray(F, x, b);
      s0 = x0.fma(d0, s0);
      FloatVector x1 = FloatVector.fromArray(F, x, b + L);
      s1 = x1.fma(d0, s1);
      s0 = x1.fma(d1, s0);
      FloatVector x2 = FloatVector.fromArray(F, x, b + 2 * L);
      s2 = x2.fma(d0, s2);
      s1 = x2.fma(d1, s1);
      s0 = x2.fma(d2, s0);
      FloatVector x3 = FloatVector.fromArray(F, x, b + 3 * L);
      s3 = x3.fma(d0, s3);
      s2 = x3.fma(d1, s2);
      s1 = x3.fma(d2, s1);
      s0 = x3.fma(d3, s0);
      FloatVector x4 = FloatVector.fromArray(F, x, b + 4 * L);
      s4 = x4.fma(d0, s4);
      s3 = x4.fma(d1, s3);
      s2 = x4.fma(d2, s2);
      s1 = x4.fma(d3, s1);
      s0 = x4.fma(d4, s0);
      FloatVector x5 = FloatVector.fromArray(F, x, b + 5 * L);
      s5 = x5.fma(d0, s5);
      s4 = x5.fma(d1, s4);
      s3 = x5.fma(d2, s3);
      s2 = x5.fma(d3, s2);
      s1 = x5.fma(d4, s1);
      s0 = x5.fma(d5, s0);
      FloatVector x6 = FloatVector.fromArray(F, x, b + 6 * L);
      s6 = x6.fma(d0, s6);
      s5 = x6.fma(d1, s5);
      s4 = x6.fma(d2, s4);
      s3 = x6.fma(d3, s3);
      s2 = x6.fma(d4, s2);
      s1 = x6.fma(d5, s1);
      s0 = x6.fma(d6, s0);
      FloatVector x7 = FloatVector.fromArray(F, x, b + 7 * L);
      s6 = x7.fma(d1, s6);
      s5 = x7.fma(d2, s5);
      s4 = x7.fma(d3, s4);
      s3 = x7.fma(d4, s3);
      s2 = x7.fma(d5, s2);
      s1 = x7.fma(d6, s1);
      FloatVector x8 = FloatVector.fromArray(F, x, b + 8 * L);
      s6 = x8.fma(d2, s6);
      s5 = x8.fma(d3, s5);
      s4 = x8.fma(d4, s4);
      s3 = x8.fma(d5, s3);
      s2 = x8.fma(d6, s2);
      FloatVector x9 = FloatVector.fromArray(F, x, b + 9 * L);
      s6 = x9.fma(d3, s6);
      s5 = x9.fma(d4, s5);
      s4 = x9.fma(d5, s4);
      s3 = x9.fma(d6, s3);
      FloatVector x10 = FloatVector.fromArray(F, x, b + 10 * L);
      s6 = x10.fma(d4, s6);
      s5 = x10.fma(d5, s5);
      s4 = x10.fma(d6, s4);
      FloatVector x11 = FloatVector.fromArray(F, x, b + 11 * L);
      s6 = x11.fma(d5, s6);
      s5 = x11.fma(d6, s5);
      FloatVector x12 = FloatVector.fromArray(F, x, b + 12 * L);
      s6 = x12.fma(d6, s6);
    }
    s0.intoArray(sum, sumFrom);
    s1.intoArray(sum, sumFrom + L);
    s2.intoArray(sum, sumFrom + 2 * L);
    s3.intoArray(sum, sumFrom + 3 * L);
    s4.intoArray(sum, sumFrom + 4 * L);
    s5.intoArray(sum, sumFrom + 5 * L);
    s6.intoArray(sum, sumFrom + 6 * L);
  }
}
