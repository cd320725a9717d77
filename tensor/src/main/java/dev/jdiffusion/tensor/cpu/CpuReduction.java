package dev.jdiffusion.tensor.cpu;

import static dev.jdiffusion.tensor.cpu.Lanes.F;
import static dev.jdiffusion.tensor.cpu.Lanes.L;

import dev.jdiffusion.tensor.Shape;
import dev.jdiffusion.tensor.Tensor;
import dev.jdiffusion.tensor.ops.Reduction;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import org.jspecify.annotations.Nullable;

/**
 * Sums over axes, one run of reduced axes at a time, innermost first: each is a sum {@code [A, R,
 * C] to [A, C]}.
 *
 * <p>Long sums are cut into blocks of a length that depends on the shape alone. A block is summed
 * in single precision, by columns or (C = 1) by logical lanes; the blocks' sums are added in order,
 * in double precision.
 */
final class CpuReduction implements Reduction {
  private static final int BLOCK = 1 << 13;

  private final Workers workers;
  private final FloatPool pool;

  CpuReduction(Workers workers, FloatPool pool) {
    this.workers = workers;
    this.pool = pool;
  }

  @Override
  public void sumTo(Tensor x, Tensor out, boolean accumulate) {
    float[] target = FloatStorage.array(out);
    if (x.size() == 0) {
      if (!accumulate) {
        Arrays.fill(target, out.offset(), out.offset() + out.size(), 0f);
      }
      return;
    }
    List<int[]> runs = runs(x.shape(), out.shape());
    float[] current = FloatStorage.array(x);
    int at = x.offset();
    float @Nullable [] owned = null;
    int inner = 1;
    int size = x.size();
    for (int i = runs.size() - 1; i >= 0; i--) {
      int extent = runs.get(i)[0];
      boolean kept = runs.get(i)[1] == 1;
      if (kept) {
        inner *= extent;
        continue;
      }
      int outer = size / (extent * inner);
      size /= extent;
      float[] sums = pool.take(size);
      sum(current, at, outer, extent, inner, sums);
      if (owned != null) {
        pool.give(owned);
      }
      owned = sums;
      current = sums;
      at = 0;
    }
    if (accumulate) {
      ArithmeticLoops.add(target, out.offset(), current, at, target, out.offset(), size);
    } else {
      System.arraycopy(current, at, target, out.offset(), size);
    }
    if (owned != null) {
      pool.give(owned);
    }
  }

  /** Extents of merged neighbouring axes, each with 1 if kept, 0 if summed over. */
  private static List<int[]> runs(Shape x, Shape out) {
    ArrayList<int[]> runs = new ArrayList<>();
    for (int axis = 0; axis < x.rank(); axis++) {
      int extent = x.dim(axis);
      int outAxis = axis - (x.rank() - out.rank());
      int kept = outAxis >= 0 && out.dim(outAxis) == extent ? 1 : 0;
      if (extent == 1) {
        continue;
      }
      int last = runs.size() - 1;
      if (last >= 0 && runs.get(last)[1] == kept) {
        runs.get(last)[0] *= extent;
      } else {
        runs.add(new int[] {extent, kept});
      }
    }
    return runs;
  }

  /** {@code sums[a, c] = sum over r of x[a, r, c]}. */
  void sum(float[] x, int at, int outer, int extent, int inner, float[] sums) {
    int rows = Math.max(BLOCK / inner, 16);
    int blocks = Math.ceilDiv(extent, rows);
    if (blocks == 1) {
      int grain = Math.max(2 * BLOCK / (extent * inner), 1);
      workers.forRanges(
          outer,
          grain,
          (long) outer * extent * inner,
          (first, end) -> {
            float[] lanes = new float[Lanes.LOGICAL];
            for (int a = first; a < end; a++) {
              block(x, at + a * extent * inner, extent, inner, sums, a * inner, lanes);
            }
          });
      return;
    }
    float[] partial = pool.take(outer * blocks * inner);
    workers.run(
        outer * blocks,
        (long) outer * extent * inner,
        task -> {
          int first = task % blocks * rows;
          int count = Math.min(rows, extent - first);
          int from = at + (task / blocks * extent + first) * inner;
          block(x, from, count, inner, partial, task * inner, new float[Lanes.LOGICAL]);
        });
    for (int a = 0; a < outer; a++) {
      for (int c = 0; c < inner; c++) {
        double sum = 0;
        for (int i = 0; i < blocks; i++) {
          sum += partial[(a * blocks + i) * inner + c];
        }
        sums[a * inner + c] = (float) sum;
      }
    }
    pool.give(partial);
  }

  private static void block(
      float[] x, int at, int rows, int columns, float[] sums, int sumsAt, float[] lanes) {
    if (columns == 1) {
      sums[sumsAt] = Lanes.sum(x, at, rows, lanes);
      return;
    }
    for (int c = 0; c < columns; c += L) {
      if (c + L <= columns) {
        sumColumns(x, at + c, rows, columns, sums, sumsAt + c);
      } else {
        sumLastColumns(x, at + c, rows, columns, sums, sumsAt + c, columns - c);
      }
    }
  }

  /** Rows 0, 4, 8.. of a column in one chain of additions, rows 1, 5, 9.. in the next. */
  private static void sumColumns(
      float[] x, int at, int rows, int stride, float[] sums, int sumsAt) {
    FloatVector s0 = FloatVector.zero(F);
    FloatVector s1 = FloatVector.zero(F);
    FloatVector s2 = FloatVector.zero(F);
    FloatVector s3 = FloatVector.zero(F);
    int r = 0;
    for (; r + 4 <= rows; r += 4) {
      int i = at + r * stride;
      s0 = s0.add(FloatVector.fromArray(F, x, i));
      s1 = s1.add(FloatVector.fromArray(F, x, i + stride));
      s2 = s2.add(FloatVector.fromArray(F, x, i + 2 * stride));
      s3 = s3.add(FloatVector.fromArray(F, x, i + 3 * stride));
    }
    for (; r < rows; r++) {
      s0 = s0.add(FloatVector.fromArray(F, x, at + r * stride));
    }
    s0.add(s1).add(s2.add(s3)).intoArray(sums, sumsAt);
  }

  /** {@link #sumColumns} of less than a vector of columns. */
  private static void sumLastColumns(
      float[] x, int at, int rows, int stride, float[] sums, int sumsAt, int columns) {
    VectorMask<Float> mask = F.indexInRange(0, columns);
    FloatVector s0 = FloatVector.zero(F);
    FloatVector s1 = FloatVector.zero(F);
    FloatVector s2 = FloatVector.zero(F);
    FloatVector s3 = FloatVector.zero(F);
    int r = 0;
    for (; r + 4 <= rows; r += 4) {
      int i = at + r * stride;
      s0 = s0.add(FloatVector.fromArray(F, x, i, mask));
      s1 = s1.add(FloatVector.fromArray(F, x, i + stride, mask));
      s2 = s2.add(FloatVector.fromArray(F, x, i + 2 * stride, mask));
      s3 = s3.add(FloatVector.fromArray(F, x, i + 3 * stride, mask));
    }
    for (; r < rows; r++) {
      s0 = s0.add(FloatVector.fromArray(F, x, at + r * stride, mask));
    }
    s0.add(s1).add(s2.add(s3)).intoArray(sums, sumsAt, mask);
  }

  @Override
  public double sumOfSquares(Tensor x) {
    float[] array = FloatStorage.array(x);
    int at = x.offset();
    int n = x.size();
    double[] partial = new double[Math.ceilDiv(n, BLOCK)];
    workers.run(
        partial.length,
        n,
        task -> {
          int from = task * BLOCK;
          partial[task] = sumOfSquares(array, at + from, Math.min(BLOCK, n - from));
        });
    double sum = 0;
    for (double p : partial) {
      sum += p;
    }
    return sum;
  }

  /** Squares of floats are exact in double precision; eight chains hide the additions' latency. */
  private static double sumOfSquares(float[] x, int at, int n) {
    double s0 = 0;
    double s1 = 0;
    double s2 = 0;
    double s3 = 0;
    double s4 = 0;
    double s5 = 0;
    double s6 = 0;
    double s7 = 0;
    int i = at;
    for (; i + 8 <= at + n; i += 8) {
      s0 += (double) x[i] * x[i];
      s1 += (double) x[i + 1] * x[i + 1];
      s2 += (double) x[i + 2] * x[i + 2];
      s3 += (double) x[i + 3] * x[i + 3];
      s4 += (double) x[i + 4] * x[i + 4];
      s5 += (double) x[i + 5] * x[i + 5];
      s6 += (double) x[i + 6] * x[i + 6];
      s7 += (double) x[i + 7] * x[i + 7];
    }
    for (; i < at + n; i++) {
      s0 += (double) x[i] * x[i];
    }
    return ((s0 + s1) + (s2 + s3)) + ((s4 + s5) + (s6 + s7));
  }
}
