package dev.jdiffusion.tensor.cpu;

import dev.jdiffusion.tensor.Tensor;
import dev.jdiffusion.tensor.ops.Softmax;
import java.util.Arrays;

/** Softmax of rows, each copied to a padded buffer and back; see {@link SoftmaxLoops}. */
final class CpuSoftmax implements Softmax {
  /** Elements of a task. */
  private static final int GRAIN = 1 << 13;

  private final Workers workers;
  private final FloatPool pool;

  CpuSoftmax(Workers workers, FloatPool pool) {
    this.workers = workers;
    this.pool = pool;
  }

  private static int padded(int columns) {
    return (columns + Lanes.LOGICAL - 1) & -Lanes.LOGICAL;
  }

  @Override
  public void forward(Tensor x, Tensor out) {
    if (x.size() == 0) {
      return;
    }
    int columns = x.dim(-1);
    int width = padded(columns);
    float[] from = FloatStorage.array(x);
    float[] to = FloatStorage.array(out);
    forRows(
        x.size() / columns,
        columns,
        (first, last) -> {
          float[] row = pool.take(width);
          for (int r = first; r < last; r++) {
            System.arraycopy(from, x.offset() + r * columns, row, 0, columns);
            Arrays.fill(row, columns, width, Float.NEGATIVE_INFINITY);
            SoftmaxLoops.softmax(row, 0, 1, width);
            System.arraycopy(row, 0, to, out.offset() + r * columns, columns);
          }
          pool.give(row);
        });
  }

  @Override
  public void backward(Tensor y, Tensor dy, Tensor dx) {
    if (y.size() == 0) {
      return;
    }
    int columns = y.dim(-1);
    int width = padded(columns);
    float[] value = FloatStorage.array(y);
    float[] upstream = FloatStorage.array(dy);
    float[] to = FloatStorage.array(dx);
    forRows(
        y.size() / columns,
        columns,
        (first, last) -> {
          float[] rows = pool.take(2 * width);
          Arrays.fill(rows, 0, 2 * width, 0f);
          for (int r = first; r < last; r++) {
            System.arraycopy(value, y.offset() + r * columns, rows, 0, columns);
            System.arraycopy(upstream, dy.offset() + r * columns, rows, width, columns);
            SoftmaxLoops.gradient(rows, 0, rows, width, 1, width);
            System.arraycopy(rows, width, to, dx.offset() + r * columns, columns);
          }
          pool.give(rows);
        });
  }

  private void forRows(int rows, int columns, Workers.RangeTask task) {
    if ((long) rows * columns <= 2 * GRAIN) {
      task.run(0, rows);
    } else {
      workers.forRanges(rows, Math.max(GRAIN / columns, 1), task);
    }
  }
}
