package dev.jdiffusion.tensor.cpu;

import static dev.jdiffusion.tensor.cpu.Lanes.F;
import static dev.jdiffusion.tensor.cpu.Lanes.L;
import static dev.jdiffusion.tensor.cpu.VectorMath.B1;
import static dev.jdiffusion.tensor.cpu.VectorMath.B2;
import static dev.jdiffusion.tensor.cpu.VectorMath.B3;
import static dev.jdiffusion.tensor.cpu.VectorMath.B4;
import static dev.jdiffusion.tensor.cpu.VectorMath.B5;
import static dev.jdiffusion.tensor.cpu.VectorMath.B6;
import static dev.jdiffusion.tensor.cpu.VectorMath.ROUND_BIASED;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/**
 * Softmax down the columns of a matrix in cache, with powers of two. Each lane is a column of its
 * own, so nothing is exchanged between lanes and nothing depends on how many there are; a column's
 * sum is taken over runs of rows first.
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

  /**
   * {@code x = 2^(a b)} of a product, see {@link SmallMatMul#scores}, whose elements lie between
   * -126 and 127. To {@code sums} are added the sums of four rows at a time.
   *
   * <p>Powers follow on each few rows, so that the processor begins with the next product while it
   * ends them.
   */
  static void powersOfProduct(
      float[] a,
      int aAt,
      int aRow,
      float[] b,
      int bAt,
      float[] x,
      int at,
      int rows,
      int columns,
      int inner,
      float[] sums,
      int sumsAt) {
    int row = SmallMatMul.PITCH;
    int m = 0;
    for (; m <= rows - 4; m += 4) {
      SmallMatMul.scores(a, aAt + m * aRow, aRow, b, bAt, x, at + m * row, 4, columns, inner);
      powers4(x, at + m * row, row, columns, sums, sumsAt);
    }
    for (; m < rows; m++) {
      SmallMatMul.scores(a, aAt + m * aRow, aRow, b, bAt, x, at + m * row, 1, columns, inner);
      powers1(x, at + m * row, columns, sums, sumsAt);
    }
  }

  /**
   * Four rows. Spelled out, since with four calls of {@link VectorMath#exp2Small} C2 would reach
   * its limit of nodes in the caller, into which it inlines methods that are short.
   */
  private static void powers4(float[] x, int at, int row, int columns, float[] sums, int sumsAt) {
    FloatVector bias = FloatVector.broadcast(F, ROUND_BIASED);
    for (int c = 0; c < columns; c += L) {
      int i = at + c;
      FloatVector x0 = FloatVector.fromArray(F, x, i);
      FloatVector x1 = FloatVector.fromArray(F, x, i + row);
      FloatVector x2 = FloatVector.fromArray(F, x, i + 2 * row);
      FloatVector x3 = FloatVector.fromArray(F, x, i + 3 * row);
      FloatVector t0 = x0.add(bias);
      FloatVector t1 = x1.add(bias);
      FloatVector t2 = x2.add(bias);
      FloatVector t3 = x3.add(bias);
      FloatVector r0 = x0.sub(t0.sub(bias));
      FloatVector r1 = x1.sub(t1.sub(bias));
      FloatVector r2 = x2.sub(t2.sub(bias));
      FloatVector r3 = x3.sub(t3.sub(bias));
      FloatVector p0 = r0.fma(FloatVector.broadcast(F, B6), FloatVector.broadcast(F, B5));
      FloatVector p1 = r1.fma(FloatVector.broadcast(F, B6), FloatVector.broadcast(F, B5));
      FloatVector p2 = r2.fma(FloatVector.broadcast(F, B6), FloatVector.broadcast(F, B5));
      FloatVector p3 = r3.fma(FloatVector.broadcast(F, B6), FloatVector.broadcast(F, B5));
      p0 = p0.fma(r0, FloatVector.broadcast(F, B4));
      p1 = p1.fma(r1, FloatVector.broadcast(F, B4));
      p2 = p2.fma(r2, FloatVector.broadcast(F, B4));
      p3 = p3.fma(r3, FloatVector.broadcast(F, B4));
      p0 = p0.fma(r0, FloatVector.broadcast(F, B3));
      p1 = p1.fma(r1, FloatVector.broadcast(F, B3));
      p2 = p2.fma(r2, FloatVector.broadcast(F, B3));
      p3 = p3.fma(r3, FloatVector.broadcast(F, B3));
      p0 = p0.fma(r0, FloatVector.broadcast(F, B2));
      p1 = p1.fma(r1, FloatVector.broadcast(F, B2));
      p2 = p2.fma(r2, FloatVector.broadcast(F, B2));
      p3 = p3.fma(r3, FloatVector.broadcast(F, B2));
      p0 = p0.fma(r0, FloatVector.broadcast(F, B1));
      p1 = p1.fma(r1, FloatVector.broadcast(F, B1));
      p2 = p2.fma(r2, FloatVector.broadcast(F, B1));
      p3 = p3.fma(r3, FloatVector.broadcast(F, B1));
      p0 = p0.fma(r0, FloatVector.broadcast(F, 1f));
      p1 = p1.fma(r1, FloatVector.broadcast(F, 1f));
      p2 = p2.fma(r2, FloatVector.broadcast(F, 1f));
      p3 = p3.fma(r3, FloatVector.broadcast(F, 1f));
      FloatVector e0 =
          p0.mul(t0.reinterpretAsInts().lanewise(VectorOperators.LSHL, 23).reinterpretAsFloats());
      FloatVector e1 =
          p1.mul(t1.reinterpretAsInts().lanewise(VectorOperators.LSHL, 23).reinterpretAsFloats());
      FloatVector e2 =
          p2.mul(t2.reinterpretAsInts().lanewise(VectorOperators.LSHL, 23).reinterpretAsFloats());
      FloatVector e3 =
          p3.mul(t3.reinterpretAsInts().lanewise(VectorOperators.LSHL, 23).reinterpretAsFloats());
      e0.intoArray(x, i);
      e1.intoArray(x, i + row);
      e2.intoArray(x, i + 2 * row);
      e3.intoArray(x, i + 3 * row);
      FloatVector.fromArray(F, sums, sumsAt + c)
          .add(e0.add(e1).add(e2.add(e3)))
          .intoArray(sums, sumsAt + c);
    }
  }

  private static void powers1(float[] x, int at, int columns, float[] sums, int sumsAt) {
    for (int c = 0; c < columns; c += L) {
      FloatVector e = VectorMath.exp2Small(FloatVector.fromArray(F, x, at + c));
      e.intoArray(x, at + c);
      FloatVector.fromArray(F, sums, sumsAt + c).add(e).intoArray(sums, sumsAt + c);
    }
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
