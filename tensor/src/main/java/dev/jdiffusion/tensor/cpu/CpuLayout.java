package dev.jdiffusion.tensor.cpu;

import dev.jdiffusion.tensor.Shape;
import dev.jdiffusion.tensor.Tensor;
import dev.jdiffusion.tensor.ops.Layout;
import java.util.Arrays;
import java.util.List;

/** Moving elements, in contiguous runs where there are any. */
final class CpuLayout implements Layout {
  /** Elements of a task. */
  private static final int GRAIN = 1 << 14;

  /** Side of the squares by which matrices are transposed: their rows and columns stay in cache. */
  private static final int SQUARE = 32;

  private final Workers workers;

  CpuLayout(Workers workers) {
    this.workers = workers;
  }

  @Override
  public void concat(List<Tensor> parts, int axis, Tensor out) {
    int index = out.shape().normalizeAxis(axis);
    int rank = out.shape().rank();
    int outRun = out.shape().sizeOf(index, rank);
    int at = out.offset();
    for (Tensor part : parts) {
      int run = part.shape().sizeOf(index, rank);
      copyRuns(
          FloatStorage.array(part),
          part.offset(),
          run,
          FloatStorage.array(out),
          at,
          outRun,
          run,
          out.shape().sizeOf(0, index));
      at += run;
    }
  }

  @Override
  public void slice(Tensor x, int axis, int start, Tensor out) {
    int index = x.shape().normalizeAxis(axis);
    int rank = x.shape().rank();
    int run = out.shape().sizeOf(index, rank);
    int at = x.offset() + start * x.shape().sizeOf(index + 1, rank);
    copyRuns(
        FloatStorage.array(x),
        at,
        x.shape().sizeOf(index, rank),
        FloatStorage.array(out),
        out.offset(),
        run,
        run,
        x.shape().sizeOf(0, index));
  }

  @Override
  public void sliceGrad(Tensor dy, int axis, int start, Tensor dx) {
    int index = dx.shape().normalizeAxis(axis);
    int rank = dx.shape().rank();
    int dxRun = dx.shape().sizeOf(index, rank);
    int run = dy.shape().sizeOf(index, rank);
    int before = start * dx.shape().sizeOf(index + 1, rank);
    float[] from = FloatStorage.array(dy);
    float[] to = FloatStorage.array(dx);
    int grain = Math.max(GRAIN / Math.max(dxRun, 1), 1);
    forRows(
        dx.shape().sizeOf(0, index),
        grain,
        dxRun,
        (first, last) -> {
          for (int i = first; i < last; i++) {
            int row = dx.offset() + i * dxRun;
            Arrays.fill(to, row, row + before, 0f);
            System.arraycopy(from, dy.offset() + i * run, to, row + before, run);
            Arrays.fill(to, row + before + run, row + dxRun, 0f);
          }
        });
  }

  private void copyRuns(
      float[] from,
      int fromAt,
      int fromStride,
      float[] to,
      int toAt,
      int toStride,
      int run,
      int runs) {
    int grain = Math.max(GRAIN / Math.max(run, 1), 1);
    forRows(
        runs,
        grain,
        run,
        (first, last) -> {
          for (int i = first; i < last; i++) {
            System.arraycopy(from, fromAt + i * fromStride, to, toAt + i * toStride, run);
          }
        });
  }

  private void forRows(int rows, int grain, long length, Workers.RangeTask task) {
    if (rows * length <= 2 * GRAIN) {
      task.run(0, rows);
    } else {
      workers.forRanges(rows, grain, task);
    }
  }

  @Override
  public void permute(Tensor x, int[] axes, Tensor out) {
    if (x.size() == 0) {
      return;
    }
    Permutation permutation = Permutation.of(x.shape(), axes);
    float[] from = FloatStorage.array(x);
    float[] to = FloatStorage.array(out);
    int columns = permutation.extents[permutation.rank - 1];
    int rows = out.size() / columns;
    if (permutation.strides[permutation.rank - 1] == 1) {
      forRows(
          rows,
          Math.max(GRAIN / columns, 1),
          columns,
          (first, last) -> {
            for (int r = first; r < last; r++) {
              int source = x.offset() + permutation.source(r, permutation.rank - 1);
              System.arraycopy(from, source, to, out.offset() + r * columns, columns);
            }
          });
      return;
    }
    // The last axis of out strides through x. Neighbours in x are neighbours along another axis of
    // out; squares over both use whole cache lines on either side.
    int unit = permutation.unitAxis();
    int height = permutation.extents[unit];
    int outStride = permutation.outStride(unit);
    int planes = rows / height;
    long strip = (long) columns * SQUARE;
    int strips = Math.ceilDiv(height, SQUARE);
    forRows(
        planes * strips,
        (int) Math.max(GRAIN / strip, 1),
        strip,
        (first, last) -> {
          for (int s = first; s < last; s++) {
            int top = s % strips * SQUARE;
            int plane = permutation.planeRow(s / strips, unit);
            int source = x.offset() + permutation.source(plane, permutation.rank - 1) + top;
            int target = out.offset() + plane * columns + top * outStride;
            transpose(
                from,
                source,
                permutation.strides[permutation.rank - 1],
                to,
                target,
                outStride,
                Math.min(SQUARE, height - top),
                columns);
          }
        });
  }

  /** {@code to[r * toStride + c] = from[c * fromStride + r]}. */
  private static void transpose(
      float[] from,
      int fromAt,
      int fromStride,
      float[] to,
      int toAt,
      int toStride,
      int rows,
      int columns) {
    for (int left = 0; left < columns; left += SQUARE) {
      int right = Math.min(left + SQUARE, columns);
      for (int r = 0; r < rows; r++) {
        for (int c = left; c < right; c++) {
          to[toAt + r * toStride + c] = from[fromAt + c * fromStride + r];
        }
      }
    }
  }

  /** Out's axes with their strides in x; axes that stay neighbours are merged. */
  private record Permutation(int rank, int[] extents, int[] strides) {
    static Permutation of(Shape x, int[] axes) {
      int[] extents = new int[axes.length + 1];
      int[] strides = new int[axes.length + 1];
      int rank = 0;
      for (int axis : axes) {
        int index = x.normalizeAxis(axis);
        int extent = x.dim(index);
        int stride = x.sizeOf(index + 1, x.rank());
        if (extent == 1) {
          continue;
        }
        if (rank > 0 && strides[rank - 1] == extent * stride) {
          extents[rank - 1] *= extent;
          strides[rank - 1] = stride;
        } else {
          extents[rank] = extent;
          strides[rank++] = stride;
        }
      }
      if (rank == 0) {
        extents[0] = 1;
        strides[0] = 1;
        rank = 1;
      }
      return new Permutation(rank, extents, strides);
    }

    /** Where in x row r of out's first {@code axes} axes starts. */
    int source(int r, int axes) {
      int source = 0;
      int rest = r;
      for (int i = axes - 1; i >= 0; i--) {
        source += rest % extents[i] * strides[i];
        rest /= extents[i];
      }
      return source;
    }

    /** The axis of out along which x is contiguous. */
    int unitAxis() {
      int axis = 0;
      while (strides[axis] != 1) {
        axis++;
      }
      return axis;
    }

    int outStride(int axis) {
      int stride = 1;
      for (int i = axis + 1; i < rank; i++) {
        stride *= extents[i];
      }
      return stride;
    }

    /**
     * The row of out at index 0 of the unit axis and at this number of the other axes but the last.
     */
    int planeRow(int plane, int unit) {
      int below = 1;
      for (int i = unit + 1; i < rank - 1; i++) {
        below *= extents[i];
      }
      return plane / below * below * extents[unit] + plane % below;
    }
  }
}
