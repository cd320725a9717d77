package dev.jdiffusion.cuda.backend;

import dev.jdiffusion.tensor.Tensor;
import dev.jdiffusion.tensor.ops.Softmax;

/** Rows of up to 512 elements by warps, longer ones by blocks. */
final class CudaSoftmax implements Softmax {
  private static final String FILE = "softmax";
  private static final int THREADS = 256;
  private static final int ROWS = 8;

  private final Kernels kernels;

  CudaSoftmax(Kernels kernels) {
    this.kernels = kernels;
  }

  @Override
  public void forward(Tensor x, Tensor out) {
    int channels = x.dim(-1);
    int rows = rows(x);
    if (isLong(channels)) {
      kernels
          .get(FILE, "softmax_forward_long")
          .with(x)
          .with(out)
          .with(channels)
          .launch(rows, THREADS);
    } else {
      kernels
          .get(FILE, "softmax_forward_" + elementsPerLane(channels))
          .with(x)
          .with(out)
          .with(rows)
          .with(channels)
          .launch(Kernels.blocks(rows, ROWS), THREADS);
    }
  }

  @Override
  public void backward(Tensor y, Tensor dy, Tensor dx) {
    int channels = y.dim(-1);
    int rows = rows(y);
    if (isLong(channels)) {
      kernels
          .get(FILE, "softmax_backward_long")
          .with(y)
          .with(dy)
          .with(dx)
          .with(channels)
          .launch(rows, THREADS);
    } else {
      kernels
          .get(FILE, "softmax_backward_" + elementsPerLane(channels))
          .with(y)
          .with(dy)
          .with(dx)
          .with(rows)
          .with(channels)
          .launch(Kernels.blocks(rows, ROWS), THREADS);
    }
  }

  /** Rows of the last axis. */
  static int rows(Tensor x) {
    return x.size() == 0 ? 0 : x.size() / x.dim(-1);
  }

  /** Whether a row has more elements than a warp holds in registers. */
  static boolean isLong(int channels) {
    return channels > 16 * 32;
  }

  /** Of the kernels for short rows, the one whose lanes hold enough. */
  static int elementsPerLane(int channels) {
    return channels <= 32 ? 1 : channels <= 4 * 32 ? 4 : 16;
  }
}
