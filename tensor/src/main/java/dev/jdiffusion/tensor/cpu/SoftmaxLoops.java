package dev.jdiffusion.tensor.cpu;

import static dev.jdiffusion.tensor.cpu.Lanes.F;
import static dev.jdiffusion.tensor.cpu.Lanes.L;
import static dev.jdiffusion.tensor.cpu.RowReductions.SWAP_1;
import static dev.jdiffusion.tensor.cpu.RowReductions.SWAP_2;
import static dev.jdiffusion.tensor.cpu.RowReductions.SWAP_4;
import static dev.jdiffusion.tensor.cpu.RowReductions.SWAP_8;
import static dev.jdiffusion.tensor.cpu.RowReductions.larger;

import jdk.incubator.vector.FloatVector;

/**
 * Reductions of single rows whose length is padded to a multiple of 16. Element i of a row belongs
 * to logical lane {@code i % 16}; the lanes are combined by halving, which exchanges of lanes do
 * within vectors and leave in every lane of the result. Many rows at once: {@link RowSoftmax}.
 */
final class SoftmaxLoops {
  private SoftmaxLoops() {}

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
}
