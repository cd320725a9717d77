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
 * <p>Ranges start at the start of a tile.
 */
final class TiledLoops {
  /** Tiles are at least this long, so that the inner loop is worth starting. */
  private static final int SHORTEST = 512;

  private TiledLoops() {}

  /** The shortest tile: the least common multiple of the channels and the widest vector. */
  static int period(int channels) {
    int power = Math.min(Integer.lowestOneBit(channels), Lanes.LOGICAL);
    return channels / power * Lanes.LOGICAL;
  }

  static int tile(int channels) {
    int period = period(channels);
    return (SHORTEST + period - 1) / period * period;
  }

  /** Repeats {@code tile[at .. at + channels]} to the end of the tile. */
  static void repeat(float[] tiles, int at, int channels, int tile) {
    for (int filled = channels; filled < tile; filled *= 2) {
      System.arraycopy(tiles, at, tiles, at + filled, Math.min(filled, tile - filled));
    }
  }

  /** Adds the tile's later periods to its first. */
  static void fold(float[] tiles, int at, int tile, int period) {
    for (int from = period; from < tile; from += period) {
      for (int i = 0; i < period; i += L) {
        FloatVector.fromArray(F, tiles, at + i)
            .add(FloatVector.fromArray(F, tiles, at + from + i))
            .intoArray(tiles, at + i);
      }
    }
  }

  /** {@code out = x + bias}. */
  static void add(
      float[] x, int xAt, float[] tiles, int bias, int tile, float[] out, int outAt, int n) {
    Kernel.launch(() -> {
      for (int t = 0; t < n; t += tile) {
        ArithmeticLoops.add(x, xAt + t, tiles, bias, out, outAt + t, Math.min(tile, n - t));
      }
    });
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
    Kernel.launch(() -> {
      for (int t = 0; t < n; t += tile) {
        affine(x, xAt + t, tiles, scale, shift, out, outAt + t, Math.min(tile, n - t));
      }
    });
  }

  private static void affine(
      float[] x, int xAt, float[] tiles, int scale, int shift, float[] out, int outAt, int n) {
    int whole = n & -L;
    for (int i = 0; i < whole; i += L) {
      FloatVector.fromArray(F, x, xAt + i)
          .fma(
              FloatVector.fromArray(F, tiles, scale + i),
              FloatVector.fromArray(F, tiles, shift + i))
          .intoArray(out, outAt + i);
    }
    if (whole < n) {
      VectorMask<Float> rest = F.indexInRange(whole, n);
      FloatVector.fromArray(F, x, xAt + whole, rest)
          .fma(
              FloatVector.fromArray(F, tiles, scale + whole),
              FloatVector.fromArray(F, tiles, shift + whole))
          .intoArray(out, outAt + whole, rest);
    }
  }

  /** {@code sum += x}. */
  static void sum(float[] x, int xAt, float[] tiles, int sum, int tile, int n) {
    Kernel.launch(() -> {
      for (int t = 0; t < n; t += tile) {
        ArithmeticLoops.add(tiles, sum, x, xAt + t, tiles, sum, Math.min(tile, n - t));
      }
    });
  }

  /** {@code sum += d; squares += d^2} with {@code d = x - shift}. */
  static void moments(
      float[] x, int xAt, float[] tiles, int shift, int sum, int squares, int tile, int n) {
    Kernel.launch(() -> {
      for (int t = 0; t < n; t += tile) {
        moments(x, xAt + t, tiles, shift, sum, squares, Math.min(tile, n - t));
      }
    });
  }

  private static void moments(
      float[] x, int xAt, float[] tiles, int shift, int sum, int squares, int n) {
    int whole = n & -L;
    for (int i = 0; i < whole; i += L) {
      FloatVector d =
          FloatVector.fromArray(F, x, xAt + i).sub(FloatVector.fromArray(F, tiles, shift + i));
      d.add(FloatVector.fromArray(F, tiles, sum + i)).intoArray(tiles, sum + i);
      d.fma(d, FloatVector.fromArray(F, tiles, squares + i)).intoArray(tiles, squares + i);
    }
    if (whole < n) {
      VectorMask<Float> rest = F.indexInRange(whole, n);
      FloatVector d =
          FloatVector.fromArray(F, x, xAt + whole, rest)
              .sub(FloatVector.fromArray(F, tiles, shift + whole));
      d.add(FloatVector.fromArray(F, tiles, sum + whole)).intoArray(tiles, sum + whole, rest);
      d.fma(d, FloatVector.fromArray(F, tiles, squares + whole))
          .intoArray(tiles, squares + whole, rest);
    }
  }

  /** {@code sum += dy; products += dy * (x - mean)}. */
  static void gradientMoments(
      float[] dy,
      int dyAt,
      float[] x,
      int xAt,
      float[] tiles,
      int mean,
      int sum,
      int products,
      int tile,
      int n) {
    Kernel.launch(() -> {
      for (int t = 0; t < n; t += tile) {
        gradientMoments(
            dy, dyAt + t, x, xAt + t, tiles, mean, sum, products, Math.min(tile, n - t));
      }
    });
  }

  private static void gradientMoments(
      float[] dy,
      int dyAt,
      float[] x,
      int xAt,
      float[] tiles,
      int mean,
      int sum,
      int products,
      int n) {
    int whole = n & -L;
    for (int i = 0; i < whole; i += L) {
      FloatVector d =
          FloatVector.fromArray(F, x, xAt + i).sub(FloatVector.fromArray(F, tiles, mean + i));
      FloatVector g = FloatVector.fromArray(F, dy, dyAt + i);
      g.add(FloatVector.fromArray(F, tiles, sum + i)).intoArray(tiles, sum + i);
      g.fma(d, FloatVector.fromArray(F, tiles, products + i)).intoArray(tiles, products + i);
    }
    if (whole < n) {
      VectorMask<Float> rest = F.indexInRange(whole, n);
      FloatVector d =
          FloatVector.fromArray(F, x, xAt + whole, rest)
              .sub(FloatVector.fromArray(F, tiles, mean + whole));
      FloatVector g = FloatVector.fromArray(F, dy, dyAt + whole, rest);
      g.add(FloatVector.fromArray(F, tiles, sum + whole)).intoArray(tiles, sum + whole, rest);
      g.fma(d, FloatVector.fromArray(F, tiles, products + whole))
          .intoArray(tiles, products + whole, rest);
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
    Kernel.launch(() -> {
      for (int t = 0; t < n; t += tile) {
        normalizeGradient(
            dy,
            dyAt + t,
            x,
            xAt + t,
            tiles,
            mean,
            scale,
            slope,
            shift,
            dx,
            dxAt + t,
            Math.min(tile, n - t));
      }
    });
  }

  private static void normalizeGradient(
      float[] dy,
      int dyAt,
      float[] x,
      int xAt,
      float[] tiles,
      int mean,
      int scale,
      int slope,
      int shift,
      float[] dx,
      int dxAt,
      int n) {
    int whole = n & -L;
    for (int i = 0; i < whole; i += L) {
      FloatVector d =
          FloatVector.fromArray(F, x, xAt + i).sub(FloatVector.fromArray(F, tiles, mean + i));
      d =
          d.fma(
              FloatVector.fromArray(F, tiles, slope + i),
              FloatVector.fromArray(F, tiles, shift + i));
      FloatVector.fromArray(F, dy, dyAt + i)
          .fma(FloatVector.fromArray(F, tiles, scale + i), d.neg())
          .intoArray(dx, dxAt + i);
    }
    if (whole < n) {
      VectorMask<Float> rest = F.indexInRange(whole, n);
      FloatVector d =
          FloatVector.fromArray(F, x, xAt + whole, rest)
              .sub(FloatVector.fromArray(F, tiles, mean + whole));
      d =
          d.fma(
              FloatVector.fromArray(F, tiles, slope + whole),
              FloatVector.fromArray(F, tiles, shift + whole));
      FloatVector.fromArray(F, dy, dyAt + whole, rest)
          .fma(FloatVector.fromArray(F, tiles, scale + whole), d.neg())
          .intoArray(dx, dxAt + whole, rest);
    }
  }
}
