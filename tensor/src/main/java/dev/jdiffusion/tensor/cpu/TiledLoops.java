package dev.jdiffusion.tensor.cpu;

import static dev.jdiffusion.tensor.cpu.Lanes.F;
import static dev.jdiffusion.tensor.cpu.Lanes.L;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/**
 * Loops over pixels of any number of channels as over flat memory. Numbers that belong to a channel
 * are repeated into a <i>tile</i>, long enough for whole vectors of every width and for whole
 * pixels; element i of the image meets element {@code i % tile} of it, so no vector is partial but
 * the image's last, and no pixel starts a loop of its own.
 *
 * <p>There is one loop over the whole range, with a second index that goes round the tile. A loop
 * over the tile within one over the pixels takes twice as long where data come from memory: its
 * first and last rounds are separate code after unrolling, and the processor foresees addresses by
 * the instruction that asks for them. For the same reason ranges should be long.
 *
 * <p>Ranges start at the start of a tile. Sums into tiles are in {@link TiledSums}.
 */
final class TiledLoops {
  /** {@link #tile} is at least this long. */
  private static final int SHORTEST = 512;

  private TiledLoops() {}

  /** The shortest tile: the least common multiple of the channels and the widest vector. */
  static int period(int channels) {
    return multiple(channels, Lanes.LOGICAL);
  }

  /** The least common multiple of the channels and a power of two. */
  static int multiple(int channels, int power) {
    return channels / Math.min(Integer.lowestOneBit(channels), power) * power;
  }

  /** A tile that is worth a loop of its own. */
  static int tile(int channels) {
    int period = period(channels);
    return Math.ceilDiv(SHORTEST, period) * period;
  }

  /** Repeats {@code tile[at .. at + channels]} to the end of the tile. */
  static void repeat(float[] tiles, int at, int channels, int tile) {
    for (int filled = channels; filled < tile; filled *= 2) {
      System.arraycopy(tiles, at, tiles, at + filled, Math.min(filled, tile - filled));
    }
  }

  /** {@code out = x + bias}. */
  static void add(
      float[] x, int xAt, float[] tiles, int bias, int tile, float[] out, int outAt, int n) {
    Kernel.launch(() -> addLoop(x, xAt, tiles, bias, tile, out, outAt, n));
  }

  private static void addLoop(
      float[] x, int xAt, float[] tiles, int bias, int tile, float[] out, int outAt, int n) {
    int whole = n & -L;
    int t = 0;
    for (int i = 0; i < whole; i += L) {
      FloatVector.fromArray(F, x, xAt + i)
          .add(FloatVector.fromArray(F, tiles, bias + t))
          .intoArray(out, outAt + i);
      t += L;
      if (t == tile) {
        t = 0;
      }
    }
    if (whole < n) {
      VectorMask<Float> rest = F.indexInRange(whole, n);
      FloatVector.fromArray(F, x, xAt + whole, rest)
          .add(FloatVector.fromArray(F, tiles, bias + t))
          .intoArray(out, outAt + whole, rest);
    }
  }

  /** {@code out = x * scale + shift}. */
  static void affine(
      float[] x,
      int xAt,
      float[] tiles,
      int scale,
      int shift,
      int tile,
      float[] out,
      int outAt,
      int n) {
    Kernel.launch(() -> affineLoop(x, xAt, tiles, scale, shift, tile, out, outAt, n));
  }

  private static void affineLoop(
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
    int t = 0;
    for (int i = 0; i < whole; i += L) {
      FloatVector.fromArray(F, x, xAt + i)
          .fma(
              FloatVector.fromArray(F, tiles, scale + t),
              FloatVector.fromArray(F, tiles, shift + t))
          .intoArray(out, outAt + i);
      t += L;
      if (t == tile) {
        t = 0;
      }
    }
    if (whole < n) {
      VectorMask<Float> rest = F.indexInRange(whole, n);
      FloatVector.fromArray(F, x, xAt + whole, rest)
          .fma(
              FloatVector.fromArray(F, tiles, scale + t),
              FloatVector.fromArray(F, tiles, shift + t))
          .intoArray(out, outAt + whole, rest);
    }
  }

  /** {@code dx = dy * scale - ((x - mean) * slope + shift)}; dx may be dy. */
  static void normalizeGradient(
      float[] dy,
      int dyAt,
      float[] x,
      int xAt,
      float[] tiles,
      int mean,
      int scale,
      int slope,
      int shift,
      int tile,
      float[] dx,
      int dxAt,
      int n) {
    int whole = TiledSums.inStrips(tile, n);
    for (int strip = 0; strip < tile && whole > 0; strip += TiledSums.STRIP) {
      int s = strip;
      Kernel.launch(() ->
          normalizeGradientOfStrip(
              dy, dyAt + s, x, xAt + s, tiles, mean + s, scale + s, slope + s, shift + s, tile, dx,
              dxAt + s, whole));
    }
    if (whole < n) {
      Kernel.launch(() ->
          normalizeGradientLoop(
              dy,
              dyAt + whole,
              x,
              xAt + whole,
              tiles,
              mean,
              scale,
              slope,
              shift,
              tile,
              dx,
              dxAt + whole,
              n - whole));
    }
  }

  /** With as many as 16 vectors of the tiles in registers, instead of four loads a vector. */
  private static void normalizeGradientOfStrip(
      float[] dy,
      int dyAt,
      float[] x,
      int xAt,
      float[] tiles,
      int mean,
      int scale,
      int slope,
      int shift,
      int tile,
      float[] dx,
      int dxAt,
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
      FloatVector d = FloatVector.fromArray(F, x, xAt + i).sub(m0).fma(b0, c0);
      FloatVector.fromArray(F, dy, dyAt + i).fma(a0, d).intoArray(dx, dxAt + i);
      d = FloatVector.fromArray(F, x, xAt + i + L).sub(m1).fma(b1, c1);
      FloatVector.fromArray(F, dy, dyAt + i + L).fma(a1, d).intoArray(dx, dxAt + i + L);
      d = FloatVector.fromArray(F, x, xAt + i + 2 * L).sub(m2).fma(b2, c2);
      FloatVector.fromArray(F, dy, dyAt + i + 2 * L).fma(a2, d).intoArray(dx, dxAt + i + 2 * L);
      d = FloatVector.fromArray(F, x, xAt + i + 3 * L).sub(m3).fma(b3, c3);
      FloatVector.fromArray(F, dy, dyAt + i + 3 * L).fma(a3, d).intoArray(dx, dxAt + i + 3 * L);
    }
  }

  private static void normalizeGradientLoop(
      float[] dy,
      int dyAt,
      float[] x,
      int xAt,
      float[] tiles,
      int mean,
      int scale,
      int slope,
      int shift,
      int tile,
      float[] dx,
      int dxAt,
      int n) {
    int whole = n & -L;
    int t = 0;
    for (int i = 0; i < whole; i += L) {
      FloatVector d =
          FloatVector.fromArray(F, x, xAt + i).sub(FloatVector.fromArray(F, tiles, mean + t));
      d =
          d.fma(
              FloatVector.fromArray(F, tiles, slope + t).neg(),
              FloatVector.fromArray(F, tiles, shift + t).neg());
      FloatVector.fromArray(F, dy, dyAt + i)
          .fma(FloatVector.fromArray(F, tiles, scale + t), d)
          .intoArray(dx, dxAt + i);
      t += L;
      if (t == tile) {
        t = 0;
      }
    }
    if (whole < n) {
      VectorMask<Float> rest = F.indexInRange(whole, n);
      FloatVector d =
          FloatVector.fromArray(F, x, xAt + whole, rest)
              .sub(FloatVector.fromArray(F, tiles, mean + t));
      d =
          d.fma(
              FloatVector.fromArray(F, tiles, slope + t).neg(),
              FloatVector.fromArray(F, tiles, shift + t).neg());
      FloatVector.fromArray(F, dy, dyAt + whole, rest)
          .fma(FloatVector.fromArray(F, tiles, scale + t), d)
          .intoArray(dx, dxAt + whole, rest);
    }
  }
}
