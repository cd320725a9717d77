package dev.jdiffusion.tensor.cpu;

import static dev.jdiffusion.tensor.cpu.Lanes.F;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/**
 * The transforms of Winograd's minimal filtering F(2x2, 3x3), each for a vector of channels at a
 * time and {@code count} vectors that lie {@code step} apart: neighbouring tiles or further
 * channels.
 *
 * <p>With the matrices of A. Lavin and S. Gray, "Fast Algorithms for Convolutional Neural Networks"
 * (2015), equation 8:
 *
 * <pre>{@code
 *       1  0 -1  0         1    0    0
 * B' =  0  1  1  0    G = 1/2  1/2  1/2    A' = 1  1  1  0
 *       0 -1  1  0        1/2 -1/2  1/2         0  1 -1 -1
 *       0  1  0 -1         0    0    1
 * }</pre>
 *
 * The 16 elements of a transformed tile go to 16 planes, {@code plane} apart, row by row.
 */
final class WinogradTransforms {
  private WinogradTransforms() {}

  /** {@code B' d B} of tiles {@code d} of 4x4 pixels, {@code row} and {@code column} apart. */
  static void input(
      float[] d,
      int from,
      int row,
      int column,
      int step,
      float[] t,
      int to,
      int plane,
      int toStep,
      int count) {
    for (int i = 0; i < count; i++) {
      int a = from + i * step;
      int b = to + i * toStep;
      FloatVector d00 = FloatVector.fromArray(F, d, a);
      FloatVector d10 = FloatVector.fromArray(F, d, a + row);
      FloatVector d20 = FloatVector.fromArray(F, d, a + 2 * row);
      FloatVector d30 = FloatVector.fromArray(F, d, a + 3 * row);
      FloatVector r00 = d00.sub(d20);
      FloatVector r10 = d10.add(d20);
      FloatVector r20 = d20.sub(d10);
      FloatVector r30 = d10.sub(d30);
      FloatVector d01 = FloatVector.fromArray(F, d, a + column);
      FloatVector d11 = FloatVector.fromArray(F, d, a + row + column);
      FloatVector d21 = FloatVector.fromArray(F, d, a + 2 * row + column);
      FloatVector d31 = FloatVector.fromArray(F, d, a + 3 * row + column);
      FloatVector r01 = d01.sub(d21);
      FloatVector r11 = d11.add(d21);
      FloatVector r21 = d21.sub(d11);
      FloatVector r31 = d11.sub(d31);
      FloatVector d02 = FloatVector.fromArray(F, d, a + 2 * column);
      FloatVector d12 = FloatVector.fromArray(F, d, a + row + 2 * column);
      FloatVector d22 = FloatVector.fromArray(F, d, a + 2 * row + 2 * column);
      FloatVector d32 = FloatVector.fromArray(F, d, a + 3 * row + 2 * column);
      FloatVector r02 = d02.sub(d22);
      FloatVector r12 = d12.add(d22);
      FloatVector r22 = d22.sub(d12);
      FloatVector r32 = d12.sub(d32);
      FloatVector d03 = FloatVector.fromArray(F, d, a + 3 * column);
      FloatVector d13 = FloatVector.fromArray(F, d, a + row + 3 * column);
      FloatVector d23 = FloatVector.fromArray(F, d, a + 2 * row + 3 * column);
      FloatVector d33 = FloatVector.fromArray(F, d, a + 3 * row + 3 * column);
      FloatVector r03 = d03.sub(d23);
      FloatVector r13 = d13.add(d23);
      FloatVector r23 = d23.sub(d13);
      FloatVector r33 = d13.sub(d33);
      r00.sub(r02).intoArray(t, b);
      r01.add(r02).intoArray(t, b + plane);
      r02.sub(r01).intoArray(t, b + 2 * plane);
      r01.sub(r03).intoArray(t, b + 3 * plane);
      r10.sub(r12).intoArray(t, b + 4 * plane);
      r11.add(r12).intoArray(t, b + 5 * plane);
      r12.sub(r11).intoArray(t, b + 6 * plane);
      r11.sub(r13).intoArray(t, b + 7 * plane);
      r20.sub(r22).intoArray(t, b + 8 * plane);
      r21.add(r22).intoArray(t, b + 9 * plane);
      r22.sub(r21).intoArray(t, b + 10 * plane);
      r21.sub(r23).intoArray(t, b + 11 * plane);
      r30.sub(r32).intoArray(t, b + 12 * plane);
      r31.add(r32).intoArray(t, b + 13 * plane);
      r32.sub(r31).intoArray(t, b + 14 * plane);
      r31.sub(r33).intoArray(t, b + 15 * plane);
    }
  }

  /**
   * {@code A' m A + bias + residual}: 2x2 pixels of the result from the 16 planes. A tile over the
   * right or lower border has a {@code column} or {@code row} of zero; its pixel beyond is written
   * first, over which then goes the one within.
   *
   * @param biasStep from one vector's bias to the next
   * @param residualRow likewise {@code residualColumn} and {@code residualStep}: the distances in
   *     the residual
   * @param lanes columns of the vectors that are there
   */
  static void output(
      float[] t,
      int from,
      int plane,
      int step,
      float[] bias,
      int biasFrom,
      int biasStep,
      float[] residual,
      int residualFrom,
      int residualRow,
      int residualColumn,
      int residualStep,
      float[] out,
      int to,
      int row,
      int column,
      int toStep,
      int count,
      int lanes) {
    VectorMask<Float> mask = F.indexInRange(0, lanes);
    for (int i = 0; i < count; i++) {
      int a = from + i * step;
      int b = to + i * toStep;
      int r = residualFrom + i * residualStep;
      FloatVector start = FloatVector.fromArray(F, bias, biasFrom + i * biasStep, mask);
      FloatVector m00 = FloatVector.fromArray(F, t, a);
      FloatVector m10 = FloatVector.fromArray(F, t, a + 4 * plane);
      FloatVector m20 = FloatVector.fromArray(F, t, a + 8 * plane);
      FloatVector m30 = FloatVector.fromArray(F, t, a + 12 * plane);
      FloatVector s00 = m00.add(m10).add(m20);
      FloatVector s10 = m10.sub(m20).sub(m30);
      FloatVector m01 = FloatVector.fromArray(F, t, a + plane);
      FloatVector m11 = FloatVector.fromArray(F, t, a + 5 * plane);
      FloatVector m21 = FloatVector.fromArray(F, t, a + 9 * plane);
      FloatVector m31 = FloatVector.fromArray(F, t, a + 13 * plane);
      FloatVector s01 = m01.add(m11).add(m21);
      FloatVector s11 = m11.sub(m21).sub(m31);
      FloatVector m02 = FloatVector.fromArray(F, t, a + 2 * plane);
      FloatVector m12 = FloatVector.fromArray(F, t, a + 6 * plane);
      FloatVector m22 = FloatVector.fromArray(F, t, a + 10 * plane);
      FloatVector m32 = FloatVector.fromArray(F, t, a + 14 * plane);
      FloatVector s02 = m02.add(m12).add(m22);
      FloatVector s12 = m12.sub(m22).sub(m32);
      FloatVector m03 = FloatVector.fromArray(F, t, a + 3 * plane);
      FloatVector m13 = FloatVector.fromArray(F, t, a + 7 * plane);
      FloatVector m23 = FloatVector.fromArray(F, t, a + 11 * plane);
      FloatVector m33 = FloatVector.fromArray(F, t, a + 15 * plane);
      FloatVector s03 = m03.add(m13).add(m23);
      FloatVector s13 = m13.sub(m23).sub(m33);
      FloatVector y11 =
          s11.sub(s12)
              .sub(s13)
              .add(start)
              .add(FloatVector.fromArray(F, residual, r + residualRow + residualColumn, mask));
      FloatVector y10 =
          s10.add(s11)
              .add(s12)
              .add(start)
              .add(FloatVector.fromArray(F, residual, r + residualRow, mask));
      FloatVector y01 =
          s01.sub(s02)
              .sub(s03)
              .add(start)
              .add(FloatVector.fromArray(F, residual, r + residualColumn, mask));
      FloatVector y00 =
          s00.add(s01).add(s02).add(start).add(FloatVector.fromArray(F, residual, r, mask));
      y11.intoArray(out, b + row + column, mask);
      y10.intoArray(out, b + row, mask);
      y01.intoArray(out, b + column, mask);
      y00.intoArray(out, b, mask);
    }
  }

  /**
   * {@code G g G'} of windows {@code g} of 3x3 weights, {@code tap} apart; columns from {@code
   * lanes} on become zero.
   */
  static void filter(
      float[] g,
      int from,
      int tap,
      int step,
      float[] t,
      int to,
      int plane,
      int toStep,
      int count,
      int lanes) {
    VectorMask<Float> mask = F.indexInRange(0, lanes);
    for (int i = 0; i < count; i++) {
      int a = from + i * step;
      int b = to + i * toStep;
      FloatVector g00 = FloatVector.fromArray(F, g, a, mask);
      FloatVector g10 = FloatVector.fromArray(F, g, a + 3 * tap, mask);
      FloatVector g20 = FloatVector.fromArray(F, g, a + 6 * tap, mask);
      FloatVector h0 = g00.add(g20);
      FloatVector r10 = h0.add(g10).mul(0.5f);
      FloatVector r20 = h0.sub(g10).mul(0.5f);
      FloatVector g01 = FloatVector.fromArray(F, g, a + tap, mask);
      FloatVector g11 = FloatVector.fromArray(F, g, a + 4 * tap, mask);
      FloatVector g21 = FloatVector.fromArray(F, g, a + 7 * tap, mask);
      FloatVector h1 = g01.add(g21);
      FloatVector r11 = h1.add(g11).mul(0.5f);
      FloatVector r21 = h1.sub(g11).mul(0.5f);
      FloatVector g02 = FloatVector.fromArray(F, g, a + 2 * tap, mask);
      FloatVector g12 = FloatVector.fromArray(F, g, a + 5 * tap, mask);
      FloatVector g22 = FloatVector.fromArray(F, g, a + 8 * tap, mask);
      FloatVector h2 = g02.add(g22);
      FloatVector r12 = h2.add(g12).mul(0.5f);
      FloatVector r22 = h2.sub(g12).mul(0.5f);
      FloatVector k0 = g00.add(g02);
      g00.intoArray(t, b);
      k0.add(g01).mul(0.5f).intoArray(t, b + plane);
      k0.sub(g01).mul(0.5f).intoArray(t, b + 2 * plane);
      g02.intoArray(t, b + 3 * plane);
      FloatVector k1 = r10.add(r12);
      r10.intoArray(t, b + 4 * plane);
      k1.add(r11).mul(0.5f).intoArray(t, b + 5 * plane);
      k1.sub(r11).mul(0.5f).intoArray(t, b + 6 * plane);
      r12.intoArray(t, b + 7 * plane);
      FloatVector k2 = r20.add(r22);
      r20.intoArray(t, b + 8 * plane);
      k2.add(r21).mul(0.5f).intoArray(t, b + 9 * plane);
      k2.sub(r21).mul(0.5f).intoArray(t, b + 10 * plane);
      r22.intoArray(t, b + 11 * plane);
      FloatVector k3 = g20.add(g22);
      g20.intoArray(t, b + 12 * plane);
      k3.add(g21).mul(0.5f).intoArray(t, b + 13 * plane);
      k3.sub(g21).mul(0.5f).intoArray(t, b + 14 * plane);
      g22.intoArray(t, b + 15 * plane);
    }
  }

  /**
   * {@code A y A'} of tiles {@code y} of 2x2 pixels of the result's gradient. Where a tile lies
   * over the right or lower border, {@code right} or {@code lower} is false and {@code column} or
   * {@code row} zero.
   */
  static void outputGradient(
      float[] y,
      int from,
      int row,
      int column,
      boolean lower,
      boolean right,
      int step,
      float[] t,
      int to,
      int plane,
      int toStep,
      int count,
      int lanes) {
    VectorMask<Float> mask00 = F.indexInRange(0, lanes);
    VectorMask<Float> mask01 = F.indexInRange(0, right ? lanes : 0);
    VectorMask<Float> mask10 = F.indexInRange(0, lower ? lanes : 0);
    VectorMask<Float> mask11 = F.indexInRange(0, lower && right ? lanes : 0);
    for (int i = 0; i < count; i++) {
      int a = from + i * step;
      int b = to + i * toStep;
      FloatVector y00 = FloatVector.fromArray(F, y, a, mask00);
      FloatVector y01 = FloatVector.fromArray(F, y, a + column, mask01);
      FloatVector y10 = FloatVector.fromArray(F, y, a + row, mask10);
      FloatVector y11 = FloatVector.fromArray(F, y, a + row + column, mask11);
      FloatVector z = FloatVector.zero(F);
      FloatVector p0 = y00.add(y10);
      FloatVector q0 = y00.sub(y10);
      FloatVector n0 = z.sub(y10);
      FloatVector p1 = y01.add(y11);
      FloatVector q1 = y01.sub(y11);
      FloatVector n1 = z.sub(y11);
      y00.intoArray(t, b);
      y00.add(y01).intoArray(t, b + plane);
      y00.sub(y01).intoArray(t, b + 2 * plane);
      z.sub(y01).intoArray(t, b + 3 * plane);
      p0.intoArray(t, b + 4 * plane);
      p0.add(p1).intoArray(t, b + 5 * plane);
      p0.sub(p1).intoArray(t, b + 6 * plane);
      z.sub(p1).intoArray(t, b + 7 * plane);
      q0.intoArray(t, b + 8 * plane);
      q0.add(q1).intoArray(t, b + 9 * plane);
      q0.sub(q1).intoArray(t, b + 10 * plane);
      z.sub(q1).intoArray(t, b + 11 * plane);
      n0.intoArray(t, b + 12 * plane);
      n0.add(n1).intoArray(t, b + 13 * plane);
      n0.sub(n1).intoArray(t, b + 14 * plane);
      z.sub(n1).intoArray(t, b + 15 * plane);
    }
  }

  /** Adds {@code G' t G}, from the 16 planes, to the gradients of 3x3 weights {@code tap} apart. */
  static void filterGradient(
      float[] t,
      int from,
      int plane,
      int step,
      float[] g,
      int to,
      int tap,
      int toStep,
      int count,
      int lanes) {
    VectorMask<Float> mask = F.indexInRange(0, lanes);
    for (int i = 0; i < count; i++) {
      int a = from + i * step;
      int b = to + i * toStep;
      FloatVector t00 = FloatVector.fromArray(F, t, a);
      FloatVector t10 = FloatVector.fromArray(F, t, a + 4 * plane);
      FloatVector t20 = FloatVector.fromArray(F, t, a + 8 * plane);
      FloatVector t30 = FloatVector.fromArray(F, t, a + 12 * plane);
      FloatVector h0 = t10.add(t20).mul(0.5f);
      FloatVector r00 = t00.add(h0);
      FloatVector r10 = t10.sub(t20).mul(0.5f);
      FloatVector r20 = h0.add(t30);
      FloatVector t01 = FloatVector.fromArray(F, t, a + plane);
      FloatVector t11 = FloatVector.fromArray(F, t, a + 5 * plane);
      FloatVector t21 = FloatVector.fromArray(F, t, a + 9 * plane);
      FloatVector t31 = FloatVector.fromArray(F, t, a + 13 * plane);
      FloatVector h1 = t11.add(t21).mul(0.5f);
      FloatVector r01 = t01.add(h1);
      FloatVector r11 = t11.sub(t21).mul(0.5f);
      FloatVector r21 = h1.add(t31);
      FloatVector t02 = FloatVector.fromArray(F, t, a + 2 * plane);
      FloatVector t12 = FloatVector.fromArray(F, t, a + 6 * plane);
      FloatVector t22 = FloatVector.fromArray(F, t, a + 10 * plane);
      FloatVector t32 = FloatVector.fromArray(F, t, a + 14 * plane);
      FloatVector h2 = t12.add(t22).mul(0.5f);
      FloatVector r02 = t02.add(h2);
      FloatVector r12 = t12.sub(t22).mul(0.5f);
      FloatVector r22 = h2.add(t32);
      FloatVector t03 = FloatVector.fromArray(F, t, a + 3 * plane);
      FloatVector t13 = FloatVector.fromArray(F, t, a + 7 * plane);
      FloatVector t23 = FloatVector.fromArray(F, t, a + 11 * plane);
      FloatVector t33 = FloatVector.fromArray(F, t, a + 15 * plane);
      FloatVector h3 = t13.add(t23).mul(0.5f);
      FloatVector r03 = t03.add(h3);
      FloatVector r13 = t13.sub(t23).mul(0.5f);
      FloatVector r23 = h3.add(t33);
      FloatVector k0 = r01.add(r02).mul(0.5f);
      FloatVector.fromArray(F, g, b, mask).add(r00.add(k0)).intoArray(g, b, mask);
      FloatVector.fromArray(F, g, b + tap, mask)
          .add(r01.sub(r02).mul(0.5f))
          .intoArray(g, b + tap, mask);
      FloatVector.fromArray(F, g, b + 2 * tap, mask)
          .add(k0.add(r03))
          .intoArray(g, b + 2 * tap, mask);
      FloatVector k1 = r11.add(r12).mul(0.5f);
      FloatVector.fromArray(F, g, b + 3 * tap, mask)
          .add(r10.add(k1))
          .intoArray(g, b + 3 * tap, mask);
      FloatVector.fromArray(F, g, b + 4 * tap, mask)
          .add(r11.sub(r12).mul(0.5f))
          .intoArray(g, b + 4 * tap, mask);
      FloatVector.fromArray(F, g, b + 5 * tap, mask)
          .add(k1.add(r13))
          .intoArray(g, b + 5 * tap, mask);
      FloatVector k2 = r21.add(r22).mul(0.5f);
      FloatVector.fromArray(F, g, b + 6 * tap, mask)
          .add(r20.add(k2))
          .intoArray(g, b + 6 * tap, mask);
      FloatVector.fromArray(F, g, b + 7 * tap, mask)
          .add(r21.sub(r22).mul(0.5f))
          .intoArray(g, b + 7 * tap, mask);
      FloatVector.fromArray(F, g, b + 8 * tap, mask)
          .add(k2.add(r23))
          .intoArray(g, b + 8 * tap, mask);
    }
  }
}
