package dev.jdiffusion.tensor.cpu;

import static dev.jdiffusion.tensor.cpu.Lanes.F;
import static dev.jdiffusion.tensor.cpu.Lanes.L;

import dev.jdiffusion.tensor.Activation;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;

/**
 * Group normalisation together with its activation, in tiles as in {@link TiledLoops}. What is
 * computed while memory is on its way costs nothing; the same arithmetic in a loop after the one
 * that waits for memory costs all its time.
 *
 * <p>Each element goes through the operations of the separate loops in their order, so both give
 * the same bits, and the last, partial vector is left to them.
 */
final class GroupNormLoops {
  private GroupNormLoops() {}

  /** {@code out = silu(x * scale + shift)}. */
  static void affineSilu(
      float[] x,
      int xAt,
      float[] tiles,
      int scale,
      int shift,
      int tile,
      float[] out,
      int outAt,
      int n) {
    int whole = n & -L;
    Kernel.launch(() -> affineSiluLoop(x, xAt, tiles, scale, shift, tile, out, outAt, whole));
    if (whole < n) {
      int at = whole % tile;
      int o = outAt + whole;
      int rest = n - whole;
      TiledLoops.affine(x, xAt + whole, tiles, scale + at, shift + at, tile, out, o, rest);
      UnaryLoops.apply(Activation.SILU, out, o, out, o, rest);
    }
  }

  private static void affineSiluLoop(
      float[] x,
      int xAt,
      float[] tiles,
      int scale,
      int shift,
      int tile,
      float[] out,
      int outAt,
      int n) {
    int t = 0;
    for (int i = 0; i < n; i += L) {
      FloatVector v =
          FloatVector.fromArray(F, x, xAt + i)
              .fma(
                  FloatVector.fromArray(F, tiles, scale + t),
                  FloatVector.fromArray(F, tiles, shift + t));
      VectorMath.silu(v).intoArray(out, outAt + i);
      t += L;
      if (t == tile) {
        t = 0;
      }
    }
  }

  /**
   * {@code dv = dy * silu'(x * scale + shift)}.
   *
   * @param dv may be dy
   */
  static void siluGradient(
      float[] dy,
      int dyAt,
      float[] x,
      int xAt,
      float[] tiles,
      int scale,
      int shift,
      int tile,
      float[] dv,
      int dvAt,
      int n) {
    int whole = n & -L;
    Kernel.launch(
        () -> siluGradientLoop(dy, dyAt, x, xAt, tiles, scale, shift, tile, dv, dvAt, whole));
    if (whole < n) {
      int at = whole % tile;
      int rest = n - whole;
      float[] v = new float[L];
      TiledLoops.affine(x, xAt + whole, tiles, scale + at, shift + at, tile, v, 0, rest);
      UnaryGradLoops.apply(Activation.SILU, v, 0, dy, dyAt + whole, dv, dvAt + whole, rest);
    }
  }

  private static void siluGradientLoop(
      float[] dy,
      int dyAt,
      float[] x,
      int xAt,
      float[] tiles,
      int scale,
      int shift,
      int tile,
      float[] dv,
      int dvAt,
      int n) {
    int t = 0;
    for (int i = 0; i < n; i += L) {
      FloatVector v =
          FloatVector.fromArray(F, x, xAt + i)
              .fma(
                  FloatVector.fromArray(F, tiles, scale + t),
                  FloatVector.fromArray(F, tiles, shift + t));
      FloatVector.fromArray(F, dy, dyAt + i).mul(VectorMath.siluGrad(v)).intoArray(dv, dvAt + i);
      t += L;
      if (t == tile) {
        t = 0;
      }
    }
  }

  /**
   * {@code u = gelu(x); slopes = gelu'(x)}: value and slope have all their expensive parts in
   * common. Two loops, since one would be too long for C2.
   */
  static void geluAndSlope(
      float[] x, int xAt, float[] u, int uAt, float[] slopes, int slopesAt, int n) {
    int whole = n & -L;
    Kernel.launch(() -> bell(x, xAt, slopes, slopesAt, whole));
    Kernel.launch(() -> geluAndSlopeOfBell(x, xAt, u, uAt, slopes, slopesAt, whole));
    if (whole < n) {
      int rest = n - whole;
      int s = slopesAt + whole;
      Arrays.fill(slopes, s, s + rest, 1f);
      UnaryGradLoops.apply(Activation.GELU, x, xAt + whole, slopes, s, slopes, s, rest);
      UnaryLoops.apply(Activation.GELU, x, xAt + whole, u, uAt + whole, rest);
    }
  }

  private static void bell(float[] x, int xAt, float[] bells, int bellsAt, int n) {
    for (int i = 0; i < n; i += L) {
      VectorMath.bell(FloatVector.fromArray(F, x, xAt + i)).intoArray(bells, bellsAt + i);
    }
  }

  /** Replaces the bells by the slopes. */
  private static void geluAndSlopeOfBell(
      float[] x, int xAt, float[] u, int uAt, float[] slopes, int slopesAt, int n) {
    for (int i = 0; i < n; i += L) {
      FloatVector z = FloatVector.fromArray(F, x, xAt + i);
      FloatVector bell = FloatVector.fromArray(F, slopes, slopesAt + i);
      FloatVector cdf = VectorMath.normalCdf(z, bell);
      z.mul(cdf).intoArray(u, uAt + i);
      VectorMath.geluGrad(z, bell, cdf).intoArray(slopes, slopesAt + i);
    }
  }

  /** {@code dx = (dy * scale - ((u - mean) * slope + shift)) * slopes}, where u is in dx. */
  static void slopedGradient(
      float[] dy,
      int dyAt,
      float[] dx,
      int dxAt,
      float[] tiles,
      int mean,
      int scale,
      int slope,
      int shift,
      int tile,
      float[] slopes,
      int slopesAt,
      int n) {
    int inStrips = TiledSums.inStrips(tile, n);
    for (int strip = 0; strip < tile && inStrips > 0; strip += TiledSums.STRIP) {
      int s = strip;
      Kernel.launch(() ->
          slopedGradientOfStrip(
              dy,
              dyAt + s,
              dx,
              dxAt + s,
              tiles,
              mean + s,
              scale + s,
              slope + s,
              shift + s,
              tile,
              slopes,
              slopesAt + s,
              inStrips));
    }
    if (inStrips < n) {
      int rest = n - inStrips;
      int to = dxAt + inStrips;
      TiledLoops.normalizeGradient(
          dy, dyAt + inStrips, dx, to, tiles, mean, scale, slope, shift, tile, dx, to, rest);
      ArithmeticLoops.multiply(dx, to, slopes, slopesAt + inStrips, dx, to, rest);
    }
  }

  private static void slopedGradientOfStrip(
      float[] dy,
      int dyAt,
      float[] dx,
      int dxAt,
      float[] tiles,
      int mean,
      int scale,
      int slope,
      int shift,
      int tile,
      float[] slopes,
      int slopesAt,
      int n) {
    FloatVector m0 = FloatVector.fromArray(F, tiles, mean);
    FloatVector m1 = FloatVector.fromArray(F, tiles, mean + L);
    FloatVector m2 = FloatVector.fromArray(F, tiles, mean + 2 * L);
    FloatVector m3 = FloatVector.fromArray(F, tiles, mean + 3 * L);
    FloatVector a0 = FloatVector.fromArray(F, tiles, scale);
    FloatVector a1 = FloatVector.fromArray(F, tiles, scale + L);
    FloatVector a2 = FloatVector.fromArray(F, tiles, scale + 2 * L);
    FloatVector a3 = FloatVector.fromArray(F, tiles, scale + 3 * L);
    FloatVector b0 = FloatVector.fromArray(F, tiles, slope).neg();
    FloatVector b1 = FloatVector.fromArray(F, tiles, slope + L).neg();
    FloatVector b2 = FloatVector.fromArray(F, tiles, slope + 2 * L).neg();
    FloatVector b3 = FloatVector.fromArray(F, tiles, slope + 3 * L).neg();
    FloatVector c0 = FloatVector.fromArray(F, tiles, shift).neg();
    FloatVector c1 = FloatVector.fromArray(F, tiles, shift + L).neg();
    FloatVector c2 = FloatVector.fromArray(F, tiles, shift + 2 * L).neg();
    FloatVector c3 = FloatVector.fromArray(F, tiles, shift + 3 * L).neg();
    for (int i = 0; i < n; i += tile) {
      FloatVector d = FloatVector.fromArray(F, dx, dxAt + i).sub(m0).fma(b0, c0);
      FloatVector.fromArray(F, dy, dyAt + i)
          .fma(a0, d)
          .mul(FloatVector.fromArray(F, slopes, slopesAt + i))
          .intoArray(dx, dxAt + i);
      d = FloatVector.fromArray(F, dx, dxAt + i + L).sub(m1).fma(b1, c1);
      FloatVector.fromArray(F, dy, dyAt + i + L)
          .fma(a1, d)
          .mul(FloatVector.fromArray(F, slopes, slopesAt + i + L))
          .intoArray(dx, dxAt + i + L);
      d = FloatVector.fromArray(F, dx, dxAt + i + 2 * L).sub(m2).fma(b2, c2);
      FloatVector.fromArray(F, dy, dyAt + i + 2 * L)
          .fma(a2, d)
          .mul(FloatVector.fromArray(F, slopes, slopesAt + i + 2 * L))
          .intoArray(dx, dxAt + i + 2 * L);
      d = FloatVector.fromArray(F, dx, dxAt + i + 3 * L).sub(m3).fma(b3, c3);
      FloatVector.fromArray(F, dy, dyAt + i + 3 * L)
          .fma(a3, d)
          .mul(FloatVector.fromArray(F, slopes, slopesAt + i + 3 * L))
          .intoArray(dx, dxAt + i + 3 * L);
    }
  }
}
