package dev.jdiffusion.tensor.cpu;

import dev.jdiffusion.tensor.Tensor;
import dev.jdiffusion.tensor.ops.Softmax;

/**
 * Softmax of rows. Short ones go through the first-level cache side by side ({@link RowSoftmax}),
 * long ones each by itself ({@link LongSoftmax}).
 */
final class CpuSoftmax implements Softmax {
  /** Elements of a task: what it reads is fetched into the second-level cache at once. */
  private static final int GRAIN = 1 << 15;

  /** Rows above this length are long. */
  private static final int SHORT = 256;

  /** Elements of rows side by side: with their results they stay in the first-level cache. */
  private static final int BLOCK = 1 << 12;

  private final Workers workers;
  private final FloatPool pool;

  CpuSoftmax(Workers workers, FloatPool pool) {
    this.workers = workers;
    this.pool = pool;
  }

  @Override
  public void forward(Tensor x, Tensor out) {
    if (x.size() == 0) {
      return;
    }
    int columns = x.dim(-1);
    float[] from = FloatStorage.array(x);
    float[] to = FloatStorage.array(out);
    forBlocks(
        x.size() / columns,
        columns,
        (row, rows, scratch) ->
            scratch[0] = Prefetch.range(from, x.offset() + row * columns, rows * columns),
        (row, rows, scratch) -> {
          int xAt = x.offset() + row * columns;
          int outAt = out.offset() + row * columns;
          if (columns > SHORT) {
            LongSoftmax.forward(from, xAt, columns, to, outAt, scratch);
          } else if (columns >= RowSoftmax.WIDE) {
            RowSoftmax.forward(from, xAt, columns, rows, columns, to, outAt, columns, scratch, 0);
          } else {
            // Results in a copy first, since memory is written faster in the order of addresses.
            int copy = RowSoftmax.scratch(rows);
            RowSoftmax.forward(
                from, xAt, columns, rows, columns, scratch, copy, columns, scratch, 0);
            System.arraycopy(scratch, copy, to, outAt, rows * columns);
          }
        });
  }

  @Override
  public void backward(Tensor y, Tensor dy, Tensor dx) {
    if (y.size() == 0) {
      return;
    }
    int columns = y.dim(-1);
    float[] value = FloatStorage.array(y);
    float[] upstream = FloatStorage.array(dy);
    float[] to = FloatStorage.array(dx);
    forBlocks(
        y.size() / columns,
        columns,
        (row, rows, scratch) ->
            scratch[0] =
                Prefetch.range(value, y.offset() + row * columns, rows * columns)
                    + Prefetch.range(upstream, dy.offset() + row * columns, rows * columns)
                    + Prefetch.range(to, dx.offset() + row * columns, rows * columns),
        (row, rows, scratch) ->
            RowSoftmax.backward(
                value,
                y.offset() + row * columns,
                columns,
                upstream,
                dy.offset() + row * columns,
                columns,
                rows,
                columns,
                to,
                dx.offset() + row * columns,
                columns,
                scratch,
                0));
  }

  /** What is done with some rows. */
  private interface Block {
    void run(int row, int rows, float[] scratch);
  }

  /**
   * Goes through all rows.
   *
   * @param fetch reads ahead the short rows of a task
   * @param block does the work with rows that lie side by side in the first-level cache
   */
  private void forBlocks(int rows, int columns, Block fetch, Block block) {
    int most = columns > SHORT ? 1 : Math.max(BLOCK / columns & -Lanes.LOGICAL, Lanes.LOGICAL);
    Workers.RangeTask task =
        (first, last) -> {
          int copy = columns < RowSoftmax.WIDE ? most * columns : 0;
          float[] scratch = pool.take(RowSoftmax.scratch(most) + copy);
          if (columns <= SHORT) {
            fetch.run(first, last - first, scratch);
          }
          for (int r = first; r < last; r += most) {
            block.run(r, Math.min(most, last - r), scratch);
          }
          pool.give(scratch);
        };
    if ((long) rows * columns <= 2 * GRAIN) {
      task.run(0, rows);
    } else {
      workers.forRanges(rows, Math.max(GRAIN / columns, most), task);
    }
  }
}
