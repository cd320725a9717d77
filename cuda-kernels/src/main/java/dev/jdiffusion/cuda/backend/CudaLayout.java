package dev.jdiffusion.cuda.backend;

import dev.jdiffusion.tensor.Shape;
import dev.jdiffusion.tensor.Tensor;
import dev.jdiffusion.tensor.ops.Layout;
import java.util.ArrayList;
import java.util.List;

/** Moving elements: {@code layout.cu}. */
final class CudaLayout implements Layout {
  private static final String FILE = "layout";
  private static final int THREADS = 256;
  private static final int TILE = 32;

  /** The most blocks in the second and third direction of a grid. */
  private static final int MOST_BLOCKS = 65_535;

  /** Axes that the kernel for any permutation has; what lies outside of them is a loop here. */
  private static final int MOST_AXES = 5;

  private final Kernels kernels;

  CudaLayout(Kernels kernels) {
    this.kernels = kernels;
  }

  @Override
  public void concat(List<Tensor> parts, int axis, Tensor out) {
    int along = out.shape().normalizeAxis(axis);
    int inner = out.shape().sizeOf(along + 1, out.shape().rank());
    int stride = out.dim(along) * inner;
    int at = 0;
    for (Tensor part : parts) {
      int run = part.dim(along) * inner;
      copyRows(part, 0, run, out, at, stride, run);
      at += run;
    }
  }

  @Override
  public void slice(Tensor x, int axis, int start, Tensor out) {
    int along = x.shape().normalizeAxis(axis);
    int inner = x.shape().sizeOf(along + 1, x.shape().rank());
    int run = out.dim(along) * inner;
    copyRows(x, start * inner, x.dim(along) * inner, out, 0, run, run);
  }

  /** Copies all rows of the smaller of two matrices; {@code run} is how long they are there. */
  private void copyRows(
      Tensor from, int fromAt, int fromStride, Tensor to, int toAt, int toStride, int run) {
    int n = Math.min(from.size(), to.size());
    if (run == 0 || n == 0) {
      return;
    }
    // The smaller one has rows of the run's length and nothing else.
    int elements = fromStride == run ? from.size() : to.size();
    kernels
        .get(FILE, "layout_copy_rows")
        .with(from.range(fromAt, Shape.of()))
        .with(to.range(toAt, Shape.of()))
        .with(elements)
        .with(run)
        .with(fromStride)
        .with(toStride)
        .launch(Kernels.blocks(elements, THREADS), THREADS);
  }

  @Override
  public void sliceGrad(Tensor dy, int axis, int start, Tensor dx) {
    int along = dx.shape().normalizeAxis(axis);
    int n = dx.size();
    kernels
        .get(FILE, "layout_slice_grad")
        .with(dy)
        .with(dx)
        .with(n)
        .with(dx.dim(along))
        .with(dx.shape().sizeOf(along + 1, dx.shape().rank()))
        .with(start)
        .with(dy.dim(along))
        .launch(Kernels.blocks(n, THREADS), THREADS);
  }

  /** An axis of the result, and how far apart its elements lie in what is read. */
  private record Axis(int extent, int stride) {}

  @Override
  public void permute(Tensor x, int[] axes, Tensor out) {
    if (out.size() == 0) {
      return;
    }
    ArrayList<Axis> merged = new ArrayList<>();
    for (int source : axes) {
      int extent = x.dim(source);
      if (extent == 1) {
        continue;
      }
      int stride = x.shape().sizeOf(source + 1, x.shape().rank());
      if (!merged.isEmpty() && merged.getLast().stride == stride * extent) {
        merged.add(new Axis(merged.removeLast().extent * extent, stride));
      } else {
        merged.add(new Axis(extent, stride));
      }
    }
    permute(merged, x, 0, out, 0);
  }

  private void permute(List<Axis> axes, Tensor x, int from, Tensor out, int at) {
    int rank = axes.size();
    int size = 1;
    for (Axis axis : axes) {
      size *= axis.extent;
    }
    if (rank > MOST_AXES) {
      Axis first = axes.getFirst();
      for (int i = 0; i < first.extent; i++) {
        permute(
            axes.subList(1, rank), x, from + i * first.stride, out, at + i * (size / first.extent));
      }
      return;
    }
    Tensor source = x.range(from, Shape.of());
    Tensor target = out.range(at, Shape.of());
    if (isTransposition(axes)) {
      int rows = axes.getLast().extent;
      int columns = axes.get(rank - 2).extent;
      int gridY = Kernels.blocks(rows, TILE);
      int batch = rank == 3 ? axes.getFirst().extent : 1;
      if (gridY <= MOST_BLOCKS && batch <= MOST_BLOCKS) {
        kernels
            .get(FILE, "layout_transpose")
            .with(source)
            .with(target)
            .with(rows)
            .with(columns)
            .launch(Kernels.blocks(columns, TILE), gridY, batch, TILE, THREADS / TILE, 0);
        return;
      }
    }
    int missing = MOST_AXES - rank;
    Kernel kernel = kernels.get(FILE, "layout_gather").with(source).with(target).with(size);
    for (int i = 1; i < MOST_AXES; i++) {
      kernel.with(i < missing ? 1 : axes.get(i - missing).extent);
    }
    for (int i = 0; i < MOST_AXES; i++) {
      kernel.with(i < missing ? 0 : axes.get(i - missing).stride);
    }
    kernel.launch(Kernels.blocks(size, THREADS), THREADS);
  }

  /** Whether the last two axes are exchanged and, of three, the first stays. */
  private static boolean isTransposition(List<Axis> axes) {
    int rank = axes.size();
    if (rank != 2 && rank != 3) {
      return false;
    }
    Axis rows = axes.getLast();
    Axis columns = axes.get(rank - 2);
    return columns.stride == 1
        && rows.stride == columns.extent
        && (rank == 2 || axes.getFirst().stride == rows.extent * columns.extent);
  }
}
