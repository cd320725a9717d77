package dev.jdiffusion.tensor.cpu;

import dev.jdiffusion.tensor.Shape;
import dev.jdiffusion.tensor.Tensor;
import dev.jdiffusion.tensor.ops.Elementwise;
import java.util.Arrays;

/**
 * Pointwise arithmetic. Everything runs in ranges of {@link #GRAIN} elements through {@link
 * UnaryLoops}, {@link UnaryGradLoops} and {@link ArithmeticLoops}.
 */
final class CpuElementwise implements Elementwise {
  /** Elements of a task: three arrays of that many fill half of a second-level cache. */
  private static final int GRAIN = 1 << 14;

  /** Shorter rows of a broadcast operand are repeated into one of about this length. */
  private static final int ROW = 512;

  private final Workers workers;

  CpuElementwise(Workers workers) {
    this.workers = workers;
  }

  private void ranges(int length, Workers.RangeTask task) {
    if (length <= 2 * GRAIN) {
      task.run(0, length);
    } else {
      workers.forRanges(length, GRAIN, task);
    }
  }

  @Override
  public void unary(Unary function, Tensor x, Tensor out) {
    float[] from = FloatStorage.array(x);
    float[] to = FloatStorage.array(out);
    int fromAt = x.offset();
    int toAt = out.offset();
    ranges(
        out.size(),
        (start, end) ->
            UnaryLoops.apply(function, from, fromAt + start, to, toAt + start, end - start));
  }

  @Override
  public void unaryGrad(Unary function, Tensor x, Tensor y, Tensor dy, Tensor dx) {
    Tensor at = UnaryGradLoops.usesValue(function) ? y : x;
    float[] argument = FloatStorage.array(at);
    float[] upstream = FloatStorage.array(dy);
    float[] to = FloatStorage.array(dx);
    int argumentAt = at.offset();
    int upstreamAt = dy.offset();
    int toAt = dx.offset();
    ranges(
        dx.size(),
        (start, end) ->
            UnaryGradLoops.apply(
                function,
                argument,
                argumentAt + start,
                upstream,
                upstreamAt + start,
                to,
                toAt + start,
                end - start));
  }

  @Override
  public void power(Tensor x, double exponent, Tensor out) {
    float[] from = FloatStorage.array(x);
    float[] to = FloatStorage.array(out);
    int fromAt = x.offset();
    int toAt = out.offset();
    ranges(
        out.size(),
        (start, end) -> {
          for (int i = start; i < end; i++) {
            to[toAt + i] = (float) StrictMath.pow(from[fromAt + i], exponent);
          }
        });
  }

  @Override
  public void powerGrad(Tensor x, double exponent, Tensor dy, Tensor dx) {
    float[] from = FloatStorage.array(x);
    float[] upstream = FloatStorage.array(dy);
    float[] to = FloatStorage.array(dx);
    int fromAt = x.offset();
    int upstreamAt = dy.offset();
    int toAt = dx.offset();
    ranges(
        dx.size(),
        (start, end) -> {
          for (int i = start; i < end; i++) {
            // x^0 is constant, also at 0, where the formula would be 0 times infinity.
            double slope =
                exponent == 0 ? 0 : exponent * StrictMath.pow(from[fromAt + i], exponent - 1);
            to[toAt + i] = (float) (upstream[upstreamAt + i] * slope);
          }
        });
  }

  @Override
  public void affine(Tensor x, double scale, double shift, Tensor out) {
    float[] from = FloatStorage.array(x);
    float[] to = FloatStorage.array(out);
    int fromAt = x.offset();
    int toAt = out.offset();
    ranges(
        out.size(),
        (start, end) ->
            ArithmeticLoops.affine(
                from, fromAt + start, (float) scale, (float) shift, to, toAt + start, end - start));
  }

  @Override
  public void clamp(Tensor x, double low, double high, Tensor out) {
    float[] from = FloatStorage.array(x);
    float[] to = FloatStorage.array(out);
    int fromAt = x.offset();
    int toAt = out.offset();
    ranges(
        out.size(),
        (start, end) ->
            ArithmeticLoops.clamp(
                from, fromAt + start, (float) low, (float) high, to, toAt + start, end - start));
  }

  @Override
  public void addScaled(double scale, Tensor x, Tensor y) {
    float[] from = FloatStorage.array(x);
    float[] to = FloatStorage.array(y);
    int fromAt = x.offset();
    int toAt = y.offset();
    ranges(
        y.size(),
        (start, end) ->
            ArithmeticLoops.addScaled(
                (float) scale, from, fromAt + start, to, toAt + start, end - start));
  }

  @Override
  public void fill(double value, Tensor out) {
    float[] to = FloatStorage.array(out);
    int toAt = out.offset();
    ranges(out.size(), (start, end) -> Arrays.fill(to, toAt + start, toAt + end, (float) value));
  }

  @Override
  public void copy(Tensor x, Tensor out) {
    float[] from = FloatStorage.array(x);
    float[] to = FloatStorage.array(out);
    int fromAt = x.offset();
    int toAt = out.offset();
    ranges(
        out.size(),
        (start, end) -> System.arraycopy(from, fromAt + start, to, toAt + start, end - start));
  }

  @Override
  public void binary(Binary function, Tensor a, Tensor b, Tensor out) {
    if (out.size() == 0) {
      return;
    }
    BinaryPlan plan = new BinaryPlan(function, a, b, out);
    if (plan.rows == 1) {
      ranges(plan.columns, plan::segment);
      return;
    }
    plan.tileShortRows(ROW);
    int grain = Math.max(GRAIN / plan.columns, 1);
    if (out.size() <= 2 * GRAIN) {
      plan.rows(0, plan.rows);
    } else {
      workers.forRanges(plan.rows, grain, plan::rows);
    }
  }

  /**
   * Broadcasting reduced to rows: neighbouring axes along which both operands behave alike are
   * merged; the innermost merged axis is the row, along which each operand advances or stands
   * still.
   */
  private static final class BinaryPlan {
    final Binary function;
    final float[] a;
    final float[] b;
    final float[] out;
    final int aAt;
    final int bAt;
    final int outAt;
    // Of the merged axes but the last, innermost first.
    final int[] extents;
    final int[] aStrides;
    final int[] bStrides;
    int outer;
    int rows;
    int columns;
    boolean aAdvances;
    boolean bAdvances;
    // Where rows are short, one operand's row repeated many times; see tileShortRows.
    float[] repeatedA;
    float[] repeatedB;

    BinaryPlan(Binary function, Tensor a, Tensor b, Tensor out) {
      this.function = function;
      this.a = FloatStorage.array(a);
      this.b = FloatStorage.array(b);
      this.out = FloatStorage.array(out);
      aAt = a.offset();
      bAt = b.offset();
      outAt = out.offset();
      repeatedA = this.a;
      repeatedB = this.b;
      Shape shape = out.shape();
      extents = new int[shape.rank() + 1];
      aStrides = new int[shape.rank() + 1];
      bStrides = new int[shape.rank() + 1];
      int axes = 0;
      int aSize = 1;
      int bSize = 1;
      for (int i = 1; i <= shape.rank(); i++) {
        int extent = shape.dim(-i);
        if (extent == 1) {
          continue;
        }
        boolean inA = i <= a.shape().rank() && a.dim(-i) != 1;
        boolean inB = i <= b.shape().rank() && b.dim(-i) != 1;
        if (axes > 0 && inA == aStrides[axes - 1] > 0 && inB == bStrides[axes - 1] > 0) {
          extents[axes - 1] *= extent;
        } else {
          extents[axes] = extent;
          aStrides[axes] = inA ? aSize : 0;
          bStrides[axes] = inB ? bSize : 0;
          axes++;
        }
        aSize *= inA ? extent : 1;
        bSize *= inB ? extent : 1;
      }
      columns = axes == 0 ? shape.size() : extents[0];
      aAdvances = axes == 0 || aStrides[0] > 0;
      bAdvances = axes == 0 || bStrides[0] > 0;
      outer = Math.max(axes - 1, 0);
      for (int i = 0; i < outer; i++) {
        extents[i] = extents[i + 1];
        aStrides[i] = aStrides[i + 1];
        bStrides[i] = bStrides[i + 1];
      }
      rows = shape.size() / columns;
    }

    /**
     * Where both operands advance along short rows and one of them returns to its start with the
     * next row, like a bias of a few channels, its row is written out several times, and the rows
     * become longer.
     */
    void tileShortRows(int wanted) {
      if (columns * 2 > wanted || outer != 1 || !aAdvances || !bAdvances) {
        return;
      }
      if (bStrides[0] == 0) {
        repeatedB = repeat(b, bAt, wanted);
      } else if (aStrides[0] == 0) {
        repeatedA = repeat(a, aAt, wanted);
      }
    }

    private float[] repeat(float[] source, int at, int wanted) {
      int copies = wanted / columns;
      float[] repeated = new float[copies * columns];
      for (int i = 0; i < copies; i++) {
        System.arraycopy(source, at, repeated, i * columns, columns);
      }
      return repeated;
    }

    /** A part of the only row. */
    void segment(int from, int to) {
      row(aAt + (aAdvances ? from : 0), bAt + (bAdvances ? from : 0), from, to - from);
    }

    void rows(int from, int to) {
      if (repeatedA != a || repeatedB != b) {
        repeatedRows(from, to);
        return;
      }
      for (int r = from; r < to; r++) {
        int rest = r;
        int aRow = aAt;
        int bRow = bAt;
        for (int i = 0; i < outer; i++) {
          int index = rest % extents[i];
          rest /= extents[i];
          aRow += index * aStrides[i];
          bRow += index * bStrides[i];
        }
        row(aRow, bRow, r * columns, columns);
      }
    }

    private void repeatedRows(int from, int to) {
      int step = repeatedA != a ? repeatedA.length : repeatedB.length;
      int end = to * columns;
      for (int i = from * columns; i < end; i += step) {
        ArithmeticLoops.apply(
            function,
            repeatedA,
            repeatedA != a ? 0 : aAt + i,
            repeatedB,
            repeatedB != b ? 0 : bAt + i,
            out,
            outAt + i,
            Math.min(step, end - i));
      }
    }

    private void row(int aRow, int bRow, int i, int n) {
      if (aAdvances && bAdvances) {
        ArithmeticLoops.apply(function, a, aRow, b, bRow, out, outAt + i, n);
      } else if (aAdvances) {
        ArithmeticLoops.applyScalar(function, a, aRow, b[bRow], out, outAt + i, n);
      } else {
        ArithmeticLoops.scalarApply(function, a[aRow], b, bRow, out, outAt + i, n);
      }
    }
  }
}
