package dev.jdiffusion.cuda.backend;

import dev.jdiffusion.tensor.Backend;
import dev.jdiffusion.tensor.Scope;
import dev.jdiffusion.tensor.Shape;
import dev.jdiffusion.tensor.Tensor;
import dev.jdiffusion.tensor.ops.Reduction;
import java.util.ArrayList;
import java.util.List;

/**
 * Sums over axes, one run of reduced axes at a time, innermost first: each is a sum {@code [outer,
 * extent, inner] to [outer, inner]} of {@code reduction.cu}.
 */
final class CudaReduction implements Reduction {
  private static final String FILE = "reduction";
  private static final int THREADS = 256;
  private static final int WARP = 32;

  /** Rows of contiguous elements up to this length get a warp instead of a block. */
  private static final int SHORT_ROW = 512;

  /** Elements of a contiguous row that one block adds up. */
  private static final int CHUNK = 1 << 12;

  /** Rows of columns that one block adds up. */
  private static final int CHUNK_ROWS = 1 << 8;

  /** Elements of a block that sums squares. */
  static final int SQUARES = 1 << 12;

  private final Backend backend;
  private final Kernels kernels;
  private final CudaMemory memory;

  CudaReduction(Backend backend, Kernels kernels, CudaMemory memory) {
    this.backend = backend;
    this.kernels = kernels;
    this.memory = memory;
  }

  /** Merged neighbouring axes that are all kept, or all summed over. */
  private record Run(int extent, boolean kept) {
    static List<Run> of(Shape x, Shape out) {
      ArrayList<Run> runs = new ArrayList<>();
      for (int axis = 0; axis < x.rank(); axis++) {
        int extent = x.dim(axis);
        if (extent == 1) {
          continue;
        }
        int outAxis = axis - (x.rank() - out.rank());
        boolean kept = outAxis >= 0 && out.dim(outAxis) == extent;
        if (!runs.isEmpty() && runs.getLast().kept == kept) {
          runs.add(new Run(runs.removeLast().extent * extent, kept));
        } else {
          runs.add(new Run(extent, kept));
        }
      }
      return runs;
    }
  }

  @Override
  public void sumTo(Tensor x, Tensor out, boolean accumulate) {
    if (x.size() == 0) {
      if (!accumulate) {
        memory.fill(out, 0);
      }
      return;
    }
    if (x.size() == out.size()) {
      if (accumulate) {
        backend.elementwise().addScaled(1, x, out);
      } else {
        memory.copy(x, out);
      }
      return;
    }
    List<Run> runs = Run.of(x.shape(), out.shape());
    int sums = (int) runs.stream().filter(run -> !run.kept).count();
    try (Scope _ = Scope.open()) {
      Tensor current = x;
      int size = x.size();
      int inner = 1;
      for (Run run : runs.reversed()) {
        if (run.kept) {
          inner *= run.extent;
          continue;
        }
        size /= run.extent;
        boolean last = --sums == 0;
        Tensor target = last ? out : Tensor.empty(backend, Shape.of(size));
        sum(current, size / inner, run.extent, inner, target, last && accumulate);
        current = target;
      }
    }
  }

  /** {@code out[o, i] = sum over e of x[o, e, i]}, or added to out. */
  private void sum(Tensor x, int outer, int extent, int inner, Tensor out, boolean accumulate) {
    int chunk = inner == 1 ? CHUNK : CHUNK_ROWS;
    // A little more than a chunk is not worth a second launch.
    int chunks = extent <= 2 * chunk ? 1 : (extent + chunk - 1) / chunk;
    if (chunks == 1) {
      launch(x, outer, extent, inner, extent, 1, out, accumulate);
      return;
    }
    try (Scope _ = Scope.open()) {
      Tensor partial = Tensor.empty(backend, Shape.of(outer, chunks, inner));
      launch(x, outer, extent, inner, chunk, chunks, partial, false);
      sum(partial, outer, chunks, inner, out, accumulate);
    }
  }

  private void launch(
      Tensor x,
      int outer,
      int extent,
      int inner,
      int chunk,
      int chunks,
      Tensor out,
      boolean accumulate) {
    int add = accumulate ? 1 : 0;
    if (inner > 1) {
      kernels
          .get(FILE, "reduction_columns")
          .with(x)
          .with(out)
          .with(extent)
          .with(inner)
          .with(chunk)
          .with(chunks)
          .with(add)
          .launch(Kernels.blocks(inner, WARP) * outer * chunks, 1, 1, WARP, THREADS / WARP, 0);
    } else if (chunks == 1 && extent <= SHORT_ROW) {
      kernels
          .get(FILE, "reduction_short_rows")
          .with(x)
          .with(out)
          .with(outer)
          .with(extent)
          .with(add)
          .launch(Kernels.blocks(outer, THREADS / WARP), THREADS);
    } else {
      kernels
          .get(FILE, "reduction_rows")
          .with(x)
          .with(out)
          .with(extent)
          .with(chunk)
          .with(chunks)
          .with(add)
          .launch(outer * chunks, THREADS);
    }
  }

  @Override
  public double sumOfSquares(Tensor x) {
    if (x.size() == 0) {
      return 0;
    }
    try (Scope _ = Scope.open()) {
      Tensor partial = squares(x);
      Tensor sum = Tensor.empty(backend, Shape.of(2));
      kernels
          .get(FILE, "reduction_doubles")
          .with(partial)
          .with(sum)
          .with(partial.dim(0))
          .launch(1, THREADS);
      return memory.readDouble(sum);
    }
  }

  /**
   * The sums of squares of {@code n} parts: {@code [n, 2]}, a double in the place of two elements.
   */
  Tensor squares(Tensor x) {
    int blocks = Kernels.blocks(x.size(), SQUARES);
    Tensor partial = Tensor.empty(backend, Shape.of(blocks, 2));
    kernels
        .get(FILE, "reduction_squares")
        .with(x)
        .with(partial)
        .with(x.size())
        .launch(blocks, THREADS);
    return partial;
  }
}
