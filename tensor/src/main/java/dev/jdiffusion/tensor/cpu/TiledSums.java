package dev.jdiffusion.tensor.cpu;

import static dev.jdiffusion.tensor.cpu.Lanes.F;
import static dev.jdiffusion.tensor.cpu.Lanes.L;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/**
 * Sums over pixels into tiles as in {@link TiledLoops}: element i is added to element {@code i %
 * tile} of the sum, in ascending order of i.
 *
 * <p>Four vectors of the sums at a time stay in registers for all of the range: a strip of the
 * tile. If that is all of the tile, memory is read in the order in which it lies; otherwise there
 * are as many passes as strips, which want data that are in the second-level cache already. Where
 * the range has few rows, and for what is left after the last whole row, sums are loaded and stored
 * for each vector. All ways add in the same order, so they give the same bits.
 */
final class TiledSums {
  /** Tiles of a multiple of this length are summed in registers, at every vector width. */
  static final int WIDEST_STRIP = 4 * Lanes.LOGICAL;

  static final int STRIP = 4 * L;

  /** Rows of which a strip is worth a loop of its own. */
  private static final int FEWEST_ROWS = 12;

  private TiledSums() {}

  /** Elements that are summed in whole rows, strip by strip. */
  static int inStrips(int tile, int n) {
    return tile % WIDEST_STRIP == 0 && n >= FEWEST_ROWS * tile ? n - n % tile : 0;
  }

  /** Whether a range is read several times. */
  static boolean hasSeveralPasses(int tile, int n) {
    return tile > STRIP && inStrips(tile, n) > 0;
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

  /** {@code sum += x}. */
  static void sum(float[] x, int xAt, float[] tiles, int sum, int tile, int n) {
    int whole = inStrips(tile, n);
    for (int strip = 0; strip < tile && whole > 0; strip += STRIP) {
      int s = strip;
      Kernel.launch(() -> sumOfStrip(x, xAt + s, tiles, sum + s, tile, whole));
    }
    if (whole < n) {
      Kernel.launch(() -> sumLoop(x, xAt + whole, tiles, sum, tile, n - whole));
    }
  }

  private static void sumOfStrip(float[] x, int xAt, float[] tiles, int sum, int tile, int n) {
    FloatVector s0 = FloatVector.fromArray(F, tiles, sum);
    FloatVector s1 = FloatVector.fromArray(F, tiles, sum + L);
    FloatVector s2 = FloatVector.fromArray(F, tiles, sum + 2 * L);
    FloatVector s3 = FloatVector.fromArray(F, tiles, sum + 3 * L);
    for (int i = xAt; i < xAt + n; i += tile) {
      s0 = s0.add(FloatVector.fromArray(F, x, i));
      s1 = s1.add(FloatVector.fromArray(F, x, i + L));
      s2 = s2.add(FloatVector.fromArray(F, x, i + 2 * L));
      s3 = s3.add(FloatVector.fromArray(F, x, i + 3 * L));
    }
    s0.intoArray(tiles, sum);
    s1.intoArray(tiles, sum + L);
    s2.intoArray(tiles, sum + 2 * L);
    s3.intoArray(tiles, sum + 3 * L);
  }

  private static void sumLoop(float[] x, int xAt, float[] tiles, int sum, int tile, int n) {
    int whole = n & -L;
    int t = 0;
    for (int i = 0; i < whole; i += L) {
      FloatVector.fromArray(F, tiles, sum + t)
          .add(FloatVector.fromArray(F, x, xAt + i))
          .intoArray(tiles, sum + t);
      t += L;
      if (t == tile) {
        t = 0;
      }
    }
    if (whole < n) {
      VectorMask<Float> rest = F.indexInRange(whole, n);
      FloatVector.fromArray(F, tiles, sum + t)
          .add(FloatVector.fromArray(F, x, xAt + whole, rest))
          .intoArray(tiles, sum + t, rest);
    }
  }

  /** {@code sum += d; squares += d^2} with {@code d = x - shift}. */
  static void moments(
      float[] x, int xAt, float[] tiles, int shift, int sum, int squares, int tile, int n) {
    int whole = inStrips(tile, n);
    for (int strip = 0; strip < tile && whole > 0; strip += STRIP) {
      int s = strip;
      Kernel.launch(
          () -> momentsOfStrip(x, xAt + s, tiles, shift + s, sum + s, squares + s, tile, whole));
    }
    if (whole < n) {
      Kernel.launch(() -> momentsLoop(x, xAt + whole, tiles, shift, sum, squares, tile, n - whole));
    }
  }

  private static void momentsOfStrip(
      float[] x, int xAt, float[] tiles, int shift, int sum, int squares, int tile, int n) {
    FloatVector c0 = FloatVector.fromArray(F, tiles, shift);
    FloatVector c1 = FloatVector.fromArray(F, tiles, shift + L);
    FloatVector c2 = FloatVector.fromArray(F, tiles, shift + 2 * L);
    FloatVector c3 = FloatVector.fromArray(F, tiles, shift + 3 * L);
    FloatVector s0 = FloatVector.fromArray(F, tiles, sum);
    FloatVector s1 = FloatVector.fromArray(F, tiles, sum + L);
    FloatVector s2 = FloatVector.fromArray(F, tiles, sum + 2 * L);
    FloatVector s3 = FloatVector.fromArray(F, tiles, sum + 3 * L);
    FloatVector q0 = FloatVector.fromArray(F, tiles, squares);
    FloatVector q1 = FloatVector.fromArray(F, tiles, squares + L);
    FloatVector q2 = FloatVector.fromArray(F, tiles, squares + 2 * L);
    FloatVector q3 = FloatVector.fromArray(F, tiles, squares + 3 * L);
    for (int i = xAt; i < xAt + n; i += tile) {
      FloatVector d = FloatVector.fromArray(F, x, i).sub(c0);
      s0 = s0.add(d);
      q0 = d.fma(d, q0);
      d = FloatVector.fromArray(F, x, i + L).sub(c1);
      s1 = s1.add(d);
      q1 = d.fma(d, q1);
      d = FloatVector.fromArray(F, x, i + 2 * L).sub(c2);
      s2 = s2.add(d);
      q2 = d.fma(d, q2);
      d = FloatVector.fromArray(F, x, i + 3 * L).sub(c3);
      s3 = s3.add(d);
      q3 = d.fma(d, q3);
    }
    s0.intoArray(tiles, sum);
    s1.intoArray(tiles, sum + L);
    s2.intoArray(tiles, sum + 2 * L);
    s3.intoArray(tiles, sum + 3 * L);
    q0.intoArray(tiles, squares);
    q1.intoArray(tiles, squares + L);
    q2.intoArray(tiles, squares + 2 * L);
    q3.intoArray(tiles, squares + 3 * L);
  }

  private static void momentsLoop(
      float[] x, int xAt, float[] tiles, int shift, int sum, int squares, int tile, int n) {
    int whole = n & -L;
    int t = 0;
    for (int i = 0; i < whole; i += L) {
      FloatVector d =
          FloatVector.fromArray(F, x, xAt + i).sub(FloatVector.fromArray(F, tiles, shift + t));
      FloatVector.fromArray(F, tiles, sum + t).add(d).intoArray(tiles, sum + t);
      d.fma(d, FloatVector.fromArray(F, tiles, squares + t)).intoArray(tiles, squares + t);
      t += L;
      if (t == tile) {
        t = 0;
      }
    }
    if (whole < n) {
      VectorMask<Float> rest = F.indexInRange(whole, n);
      FloatVector d =
          FloatVector.fromArray(F, x, xAt + whole, rest)
              .sub(FloatVector.fromArray(F, tiles, shift + t));
      FloatVector.fromArray(F, tiles, sum + t).add(d).intoArray(tiles, sum + t, rest);
      d.fma(d, FloatVector.fromArray(F, tiles, squares + t)).intoArray(tiles, squares + t, rest);
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
    int whole = inStrips(tile, n);
    for (int strip = 0; strip < tile && whole > 0; strip += STRIP) {
      int s = strip;
      Kernel.launch(() ->
          gradientMomentsOfStrip(
              dy, dyAt + s, x, xAt + s, tiles, mean + s, sum + s, products + s, tile, whole));
    }
    if (whole < n) {
      Kernel.launch(() ->
          gradientMomentsLoop(
              dy, dyAt + whole, x, xAt + whole, tiles, mean, sum, products, tile, n - whole));
    }
  }

  private static void gradientMomentsOfStrip(
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
    FloatVector c0 = FloatVector.fromArray(F, tiles, mean);
    FloatVector c1 = FloatVector.fromArray(F, tiles, mean + L);
    FloatVector c2 = FloatVector.fromArray(F, tiles, mean + 2 * L);
    FloatVector c3 = FloatVector.fromArray(F, tiles, mean + 3 * L);
    FloatVector s0 = FloatVector.fromArray(F, tiles, sum);
    FloatVector s1 = FloatVector.fromArray(F, tiles, sum + L);
    FloatVector s2 = FloatVector.fromArray(F, tiles, sum + 2 * L);
    FloatVector s3 = FloatVector.fromArray(F, tiles, sum + 3 * L);
    FloatVector p0 = FloatVector.fromArray(F, tiles, products);
    FloatVector p1 = FloatVector.fromArray(F, tiles, products + L);
    FloatVector p2 = FloatVector.fromArray(F, tiles, products + 2 * L);
    FloatVector p3 = FloatVector.fromArray(F, tiles, products + 3 * L);
    for (int i = 0; i < n; i += tile) {
      FloatVector g = FloatVector.fromArray(F, dy, dyAt + i);
      s0 = s0.add(g);
      p0 = g.fma(FloatVector.fromArray(F, x, xAt + i).sub(c0), p0);
      g = FloatVector.fromArray(F, dy, dyAt + i + L);
      s1 = s1.add(g);
      p1 = g.fma(FloatVector.fromArray(F, x, xAt + i + L).sub(c1), p1);
      g = FloatVector.fromArray(F, dy, dyAt + i + 2 * L);
      s2 = s2.add(g);
      p2 = g.fma(FloatVector.fromArray(F, x, xAt + i + 2 * L).sub(c2), p2);
      g = FloatVector.fromArray(F, dy, dyAt + i + 3 * L);
      s3 = s3.add(g);
      p3 = g.fma(FloatVector.fromArray(F, x, xAt + i + 3 * L).sub(c3), p3);
    }
    s0.intoArray(tiles, sum);
    s1.intoArray(tiles, sum + L);
    s2.intoArray(tiles, sum + 2 * L);
    s3.intoArray(tiles, sum + 3 * L);
    p0.intoArray(tiles, products);
    p1.intoArray(tiles, products + L);
    p2.intoArray(tiles, products + 2 * L);
    p3.intoArray(tiles, products + 3 * L);
  }

  private static void gradientMomentsLoop(
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
    int whole = n & -L;
    int t = 0;
    for (int i = 0; i < whole; i += L) {
      FloatVector d =
          FloatVector.fromArray(F, x, xAt + i).sub(FloatVector.fromArray(F, tiles, mean + t));
      FloatVector g = FloatVector.fromArray(F, dy, dyAt + i);
      FloatVector.fromArray(F, tiles, sum + t).add(g).intoArray(tiles, sum + t);
      g.fma(d, FloatVector.fromArray(F, tiles, products + t)).intoArray(tiles, products + t);
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
      FloatVector g = FloatVector.fromArray(F, dy, dyAt + whole, rest);
      FloatVector.fromArray(F, tiles, sum + t).add(g).intoArray(tiles, sum + t, rest);
      g.fma(d, FloatVector.fromArray(F, tiles, products + t)).intoArray(tiles, products + t, rest);
    }
  }
}
