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

  /**
   * {@code dx = (dy * scale - ((u - mean) * slope + shift)) * slopes}.
   *
   * @param dx may be u
   */
  static void slopedGradient(
      float[] dy,
      int dyAt,
      float[] u,
      int uAt,
      float[] tiles,
      int mean,
      int scale,
      int slope,
      int shift,
      int tile,
      float[] slopes,
      int slopesAt,
      float[] dx,
      int dxAt,
      int n) {
    int whole = n & -L;
    Kernel.launch(() ->
        slopedGradientLoop(
            dy, dyAt, u, uAt, tiles, mean, scale, slope, shift, tile, slopes, slopesAt, dx, dxAt,
            whole));
    if (whole < n) {
      int at = whole % tile;
      int rest = n - whole;
      int to = dxAt + whole;
      TiledLoops.normalizeGradient(
          dy,
          dyAt + whole,
          u,
          uAt + whole,
          tiles,
          mean + at,
          scale + at,
          slope + at,
          shift + at,
          tile,
          dx,
          to,
          rest);
      ArithmeticLoops.multiply(dx, to, slopes, slopesAt + whole, dx, to, rest);
    }
  }

  private static void slopedGradientLoop(
      float[] dy,
      int dyAt,
      float[] u,
      int uAt,
      float[] tiles,
      int mean,
      int scale,
      int slope,
      int shift,
      int tile,
      float[] slopes,
      int slopesAt,
      float[] dx,
      int dxAt,
      int n) {
    int t = 0;
    for (int i = 0; i < n; i += L) {
      FloatVector d =
          FloatVector.fromArray(F, u, uAt + i).sub(FloatVector.fromArray(F, tiles, mean + t));
      d =
          d.fma(
              FloatVector.fromArray(F, tiles, slope + t),
              FloatVector.fromArray(F, tiles, shift + t));
      FloatVector.fromArray(F, dy, dyAt + i)
          .fma(FloatVector.fromArray(F, tiles, scale + t), d.neg())
          .mul(FloatVector.fromArray(F, slopes, slopesAt + i))
          .intoArray(dx, dxAt + i);
      t += L;
      if (t == tile) {
        t = 0;
      }
    }
  }
}
