package dev.jdiffusion.tensor.cpu;

import static dev.jdiffusion.tensor.cpu.Lanes.F;
import static dev.jdiffusion.tensor.cpu.Lanes.L;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShuffle;

/**
 * Softmax of rows whose length is padded to a multiple of 16. Element i of a row belongs to logical
 * lane {@code i % 16}; the lanes are combined by halving, which exchanges of lanes do within
 * vectors and leave in every lane of the result. Rows of 32, the usual head size, have a version
 * without loops.
 */
final class SoftmaxLoops {
  private static final VectorShuffle<Float> SWAP_8 =
      VectorShuffle.fromOp(F, i -> (i ^ 8) & (L - 1));
  private static final VectorShuffle<Float> SWAP_4 =
      VectorShuffle.fromOp(F, i -> (i ^ 4) & (L - 1));
  private static final VectorShuffle<Float> SWAP_2 = VectorShuffle.fromOp(F, i -> i ^ 2);
  private static final VectorShuffle<Float> SWAP_1 = VectorShuffle.fromOp(F, i -> i ^ 1);

  private SoftmaxLoops() {}

  /** The larger numbers; where one is NaN, the second. NaN shows in the sum anyway. */
  private static FloatVector larger(FloatVector a, FloatVector b) {
    return b.blend(a, a.compare(VectorOperators.GT, b));
  }

  /** The largest lane, in all lanes. */
  static FloatVector maxAcross(FloatVector v) {
    FloatVector m = v;
    if (L == 16) {
      m = larger(m, m.rearrange(SWAP_8));
    }
    if (L >= 8) {
      m = larger(m, m.rearrange(SWAP_4));
    }
    m = larger(m, m.rearrange(SWAP_2));
    return larger(m, m.rearrange(SWAP_1));
  }

  /** The sum of the lanes, in all lanes: the halvings that fit in a vector. */
  static FloatVector sumAcross(FloatVector v) {
    FloatVector s = v;
    if (L == 16) {
      s = s.add(s.rearrange(SWAP_8));
    }
    if (L >= 8) {
      s = s.add(s.rearrange(SWAP_4));
    }
    s = s.add(s.rearrange(SWAP_2));
    return s.add(s.rearrange(SWAP_1));
  }

  /** The sum of a row, in all lanes. */
  static FloatVector sum(float[] x, int at, int width) {
    FloatVector s = lanes(x, at, width);
    if (L == 8) {
      s = s.add(lanes(x, at + 8, width));
    } else if (L == 4) {
      FloatVector odd = lanes(x, at + 4, width).add(lanes(x, at + 12, width));
      s = s.add(lanes(x, at + 8, width)).add(odd);
    }
    return sumAcross(s);
  }

  private static FloatVector lanes(float[] x, int at, int width) {
    FloatVector s = FloatVector.zero(F);
    for (int i = 0; i < width; i += Lanes.LOGICAL) {
      s = s.add(FloatVector.fromArray(F, x, at + i));
    }
    return s;
  }

  private static FloatVector max(float[] x, int at, int width) {
    FloatVector m = FloatVector.fromArray(F, x, at);
    for (int i = L; i < width; i += L) {
      m = larger(m, FloatVector.fromArray(F, x, at + i));
    }
    return maxAcross(m);
  }

  /**
   * Replaces rows, one after the other in memory, by {@code e^(x - max)}; not yet divided by their
   * sums.
   *
   * @param statistics overwritten: the rows' maxima from {@code maxAt}, their sums from {@code
   *     sumAt}
   */
  static void exponentials(
      float[] x, int at, int rows, int width, float[] statistics, int maxAt, int sumAt) {
    Kernel.launch(() -> subtractMax(x, at, rows, width, statistics, maxAt));
    Kernel.launch(() -> exponentials(x, at, rows * width));
    Kernel.launch(() -> sums(x, at, rows, width, statistics, sumAt));
  }

  private static void subtractMax(
      float[] x, int at, int rows, int width, float[] maxima, int maxAt) {
    for (int r = 0; r < rows; r++) {
      int row = at + r * width;
      FloatVector max = max(x, row, width);
      maxima[maxAt + r] = max.lane(0);
      for (int i = row; i < row + width; i += L) {
        FloatVector.fromArray(F, x, i).sub(max).intoArray(x, i);
      }
    }
  }

  private static void exponentials(float[] x, int at, int n) {
    for (int i = at; i < at + n; i += L) {
      VectorMath.expNegative(FloatVector.fromArray(F, x, i)).intoArray(x, i);
    }
  }

  private static void sums(float[] x, int at, int rows, int width, float[] sums, int sumAt) {
    for (int r = 0; r < rows; r++) {
      sums[sumAt + r] = sum(x, at + r * width, width).lane(0);
    }
  }

  /** Replaces rows, one after the other in memory, by their softmax. */
  static void softmax(float[] x, int at, int rows, int width) {
    if (L == 16 && width == 32) {
      Kernel.launch(() -> subtractMax32(x, at, rows));
      Kernel.launch(() -> exponentials(x, at, rows * width));
      Kernel.launch(() -> normalize32(x, at, rows));
      return;
    }
    Kernel.launch(() -> subtractMax(x, at, rows, width));
    Kernel.launch(() -> exponentials(x, at, rows * width));
    Kernel.launch(() -> normalize(x, at, rows, width));
  }

  private static void subtractMax(float[] x, int at, int rows, int width) {
    for (int r = 0; r < rows; r++) {
      int row = at + r * width;
      FloatVector max = max(x, row, width);
      for (int i = row; i < row + width; i += L) {
        FloatVector.fromArray(F, x, i).sub(max).intoArray(x, i);
      }
    }
  }

  private static void normalize(float[] x, int at, int rows, int width) {
    for (int r = 0; r < rows; r++) {
      int row = at + r * width;
      FloatVector inverse = FloatVector.broadcast(F, 1f).div(sum(x, row, width));
      for (int i = row; i < row + width; i += L) {
        FloatVector.fromArray(F, x, i).mul(inverse).intoArray(x, i);
      }
    }
  }

  private static void subtractMax32(float[] x, int at, int rows) {
    for (int i = at; i < at + 32 * rows; i += 32) {
      FloatVector x0 = FloatVector.fromArray(F, x, i);
      FloatVector x1 = FloatVector.fromArray(F, x, i + 16);
      FloatVector max = maxAcross(larger(x0, x1));
      x0.sub(max).intoArray(x, i);
      x1.sub(max).intoArray(x, i + 16);
    }
  }

  private static void normalize32(float[] x, int at, int rows) {
    for (int i = at; i < at + 32 * rows; i += 32) {
      FloatVector e0 = FloatVector.fromArray(F, x, i);
      FloatVector e1 = FloatVector.fromArray(F, x, i + 16);
      FloatVector inverse = FloatVector.broadcast(F, 1f).div(sumAcross(e0.add(e1)));
      e0.mul(inverse).intoArray(x, i);
      e1.mul(inverse).intoArray(x, i + 16);
    }
  }

  /** Replaces rows of dy by {@code y * (dy - sum of y * dy)}. */
  static void gradient(float[] y, int yAt, float[] dy, int dyAt, int rows, int width) {
    if (L == 16 && width == 32) {
      Kernel.launch(() -> gradient32(y, yAt, dy, dyAt, rows));
    } else {
      Kernel.launch(() -> gradientRows(y, yAt, dy, dyAt, rows, width));
    }
  }

  private static void gradientRows(float[] y, int yAt, float[] dy, int dyAt, int rows, int width) {
    for (int r = 0; r < rows; r++) {
      gradientRow(y, yAt + r * width, dy, dyAt + r * width, width);
    }
  }

  private static void gradientRow(float[] y, int yAt, float[] dy, int dyAt, int width) {
    FloatVector dot = FloatVector.broadcast(F, dot(y, yAt, dy, dyAt, width));
    for (int i = 0; i < width; i += L) {
      FloatVector.fromArray(F, dy, dyAt + i)
          .sub(dot)
          .mul(FloatVector.fromArray(F, y, yAt + i))
          .intoArray(dy, dyAt + i);
    }
  }

  /**
   * The inner product of two rows. It returns a number and calls no method that returns a vector:
   * one that C2 decides not to inline hands it over as an object.
   */
  static float dot(float[] x, int xAt, float[] y, int yAt, int width) {
    FloatVector s = FloatVector.zero(F);
    if (L == 16) {
      for (int i = 0; i < width; i += 16) {
        s = FloatVector.fromArray(F, x, xAt + i).fma(FloatVector.fromArray(F, y, yAt + i), s);
      }
    } else if (L == 8) {
      FloatVector t = FloatVector.zero(F);
      for (int i = 0; i < width; i += 16) {
        int a = xAt + i;
        int b = yAt + i;
        s = FloatVector.fromArray(F, x, a).fma(FloatVector.fromArray(F, y, b), s);
        t = FloatVector.fromArray(F, x, a + 8).fma(FloatVector.fromArray(F, y, b + 8), t);
      }
      s = s.add(t);
    } else {
      FloatVector t = FloatVector.zero(F);
      FloatVector u = FloatVector.zero(F);
      FloatVector v = FloatVector.zero(F);
      for (int i = 0; i < width; i += 16) {
        int a = xAt + i;
        int b = yAt + i;
        s = FloatVector.fromArray(F, x, a).fma(FloatVector.fromArray(F, y, b), s);
        t = FloatVector.fromArray(F, x, a + 4).fma(FloatVector.fromArray(F, y, b + 4), t);
        u = FloatVector.fromArray(F, x, a + 8).fma(FloatVector.fromArray(F, y, b + 8), u);
        v = FloatVector.fromArray(F, x, a + 12).fma(FloatVector.fromArray(F, y, b + 12), v);
      }
      s = s.add(u).add(t.add(v));
    }
    return sumAcross(s).lane(0);
  }

  private static void gradient32(float[] y, int yAt, float[] dy, int dyAt, int rows) {
    FloatVector zero = FloatVector.zero(F);
    for (int i = 0; i < 32 * rows; i += 32) {
      FloatVector y0 = FloatVector.fromArray(F, y, yAt + i);
      FloatVector y1 = FloatVector.fromArray(F, y, yAt + i + 16);
      FloatVector d0 = FloatVector.fromArray(F, dy, dyAt + i);
      FloatVector d1 = FloatVector.fromArray(F, dy, dyAt + i + 16);
      FloatVector dot = sumAcross(y1.fma(d1, y0.fma(d0, zero)));
      d0.sub(dot).mul(y0).intoArray(dy, dyAt + i);
      d1.sub(dot).mul(y1).intoArray(dy, dyAt + i + 16);
    }
  }
}
