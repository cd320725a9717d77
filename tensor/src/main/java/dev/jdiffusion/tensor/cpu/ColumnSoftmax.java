package dev.jdiffusion.tensor.cpu;

import static dev.jdiffusion.tensor.cpu.Lanes.F;
import static dev.jdiffusion.tensor.cpu.Lanes.L;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/**
 * Softmax down the columns of a matrix in cache, with powers of two. Each lane is a column of its
 * own, so nothing is exchanged between lanes and nothing depends on how many there are; a column's
 * sum is taken over runs of {@link #RUN} rows first.
 */
final class ColumnSoftmax {
  /** Rows that are added one after the other; so are the sums of the runs. */
  private static final int RUN = 64;

  private ColumnSoftmax() {}

  /** The largest element of each column. NaN may get lost here; it shows in the sum. */
  static void maxima(
      float[] x, int at, int row, int rows, int columns, float[] maxima, int maximaAt) {
    Kernel.launch(() -> {
      for (int c = 0; c < columns; c += L) {
        max(x, at + c, row, rows, maxima, maximaAt + c);
      }
    });
  }

  /** In four parts, since a comparison waits for the one before it. */
  private static void max(float[] x, int at, int row, int rows, float[] maxima, int maximaAt) {
    FloatVector m0 = FloatVector.broadcast(F, Float.NEGATIVE_INFINITY);
    FloatVector m1 = m0;
    FloatVector m2 = m0;
    FloatVector m3 = m0;
    int r = 0;
    for (; r <= rows - 4; r += 4) {
      int i = at + r * row;
      FloatVector v0 = FloatVector.fromArray(F, x, i);
      FloatVector v1 = FloatVector.fromArray(F, x, i + row);
      FloatVector v2 = FloatVector.fromArray(F, x, i + 2 * row);
      FloatVector v3 = FloatVector.fromArray(F, x, i + 3 * row);
      m0 = m0.blend(v0, v0.compare(VectorOperators.GT, m0));
      m1 = m1.blend(v1, v1.compare(VectorOperators.GT, m1));
      m2 = m2.blend(v2, v2.compare(VectorOperators.GT, m2));
      m3 = m3.blend(v3, v3.compare(VectorOperators.GT, m3));
    }
    for (; r < rows; r++) {
      FloatVector v = FloatVector.fromArray(F, x, at + r * row);
      m0 = m0.blend(v, v.compare(VectorOperators.GT, m0));
    }
    m0 = m0.blend(m1, m1.compare(VectorOperators.GT, m0));
    m2 = m2.blend(m3, m3.compare(VectorOperators.GT, m2));
    m0.blend(m2, m2.compare(VectorOperators.GT, m0)).intoArray(maxima, maximaAt);
  }

  /** {@code x = 2^(x - max)}. The sums of the results are added to {@code sums}. */
  static void powers(
      float[] x,
      int at,
      int row,
      int rows,
      int columns,
      float[] maxima,
      int maximaAt,
      float[] sums,
      int sumsAt) {
    Kernel.launch(() -> {
      for (int r = 0; r < rows; r += RUN) {
        int run = Math.min(RUN, rows - r);
        for (int c = 0; c < columns; c += L) {
          powers(x, at + r * row + c, row, run, maxima, maximaAt + c, sums, sumsAt + c);
        }
      }
    });
  }

  private static void powers(
      float[] x, int at, int row, int rows, float[] maxima, int maximaAt, float[] sums, int sumAt) {
    FloatVector max = FloatVector.fromArray(F, maxima, maximaAt);
    FloatVector s = FloatVector.zero(F);
    for (int r = 0; r < rows; r++) {
      FloatVector e = VectorMath.exp2Negative(FloatVector.fromArray(F, x, at + r * row).sub(max));
      e.intoArray(x, at + r * row);
      s = s.add(e);
    }
    FloatVector.fromArray(F, sums, sumAt).add(s).intoArray(sums, sumAt);
  }

  /**
   * {@code maxima = maxima ln 2 + log(sums)}, the natural logarithm of the sums of {@code 2^x}, and
   * {@code sums = 1 / sums}.
   */
  static void logarithms(float[] maxima, int maximaAt, float[] sums, int sumsAt, int columns) {
    Kernel.launch(() -> {
      for (int c = 0; c < columns; c += L) {
        VectorMath.log(FloatVector.fromArray(F, sums, sumsAt + c))
            .intoArray(maxima, maximaAt + columns + c);
      }
    });
    Kernel.launch(() -> {
      for (int c = 0; c < columns; c += L) {
        FloatVector.fromArray(F, maxima, maximaAt + c)
            .fma(
                FloatVector.broadcast(F, VectorMath.LN2),
                FloatVector.fromArray(F, maxima, maximaAt + columns + c))
            .intoArray(maxima, maximaAt + c);
        FloatVector.broadcast(F, 1f)
            .div(FloatVector.fromArray(F, sums, sumsAt + c))
            .intoArray(sums, sumsAt + c);
      }
    });
  }

  /** {@code x = 2^(x - shift)} and {@code dx = x * (dx - delta)}, by columns. */
  static void gradients(
      float[] x,
      int at,
      float[] dx,
      int dAt,
      int row,
      int rows,
      int columns,
      float[] statistics,
      int shifts,
      int deltas) {
    Kernel.launch(() -> {
      for (int c = 0; c < columns; c += L) {
        gradient(x, at + c, dx, dAt + c, row, rows, statistics, shifts + c, deltas + c);
      }
    });
  }

  private static void gradient(
      float[] x,
      int at,
      float[] dx,
      int dAt,
      int row,
      int rows,
      float[] statistics,
      int shiftAt,
      int deltaAt) {
    FloatVector shift = FloatVector.fromArray(F, statistics, shiftAt);
    FloatVector delta = FloatVector.fromArray(F, statistics, deltaAt);
    for (int r = 0; r < rows; r++) {
      FloatVector p = VectorMath.exp2Negative(FloatVector.fromArray(F, x, at + r * row).sub(shift));
      p.intoArray(x, at + r * row);
      FloatVector.fromArray(F, dx, dAt + r * row).sub(delta).mul(p).intoArray(dx, dAt + r * row);
    }
  }
}
