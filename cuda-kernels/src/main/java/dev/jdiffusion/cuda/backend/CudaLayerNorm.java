package dev.jdiffusion.cuda.backend;

import dev.jdiffusion.tensor.Scope;
import dev.jdiffusion.tensor.Shape;
import dev.jdiffusion.tensor.Tensor;
import dev.jdiffusion.tensor.ops.LayerNorm;

/** Rows as in {@link CudaSoftmax}; the parameters' gradients by chunks of rows. */
final class CudaLayerNorm implements LayerNorm {
  private static final String FILE = "layer_norm";
  private static final int THREADS = 256;
  private static final int ROWS = 8;
  private static final int LANES = 32;

  /** More chunks than this would take the second kernel longer than the first. */
  private static final int MOST_CHUNKS = 256;

  private static final int FEWEST_ROWS_PER_CHUNK = 64;

  private final Kernels kernels;

  CudaLayerNorm(Kernels kernels) {
    this.kernels = kernels;
  }

  @Override
  public void forward(
      Tensor x, Tensor gamma, Tensor beta, double epsilon, Tensor out, Tensor mean, Tensor rstd) {
    int channels = x.dim(-1);
    int rows = CudaSoftmax.rows(x);
    boolean isLong = CudaSoftmax.isLong(channels);
    Kernel kernel =
        kernels
            .get(
                FILE,
                isLong
                    ? "layer_norm_forward_long"
                    : "layer_norm_forward_" + CudaSoftmax.elementsPerLane(channels))
            .with(x)
            .with(gamma)
            .with(beta)
            .with((float) epsilon)
            .with(out)
            .with(mean)
            .with(rstd);
    launch(kernel, isLong, rows, channels);
  }

  @Override
  public void backward(
      Tensor x,
      Tensor gamma,
      Tensor mean,
      Tensor rstd,
      Tensor dOut,
      Tensor dX,
      Tensor dGamma,
      Tensor dBeta) {
    int channels = x.dim(-1);
    int rows = CudaSoftmax.rows(x);
    boolean isLong = CudaSoftmax.isLong(channels);
    Kernel inputGrad =
        kernels
            .get(
                FILE,
                isLong
                    ? "layer_norm_input_grad_long"
                    : "layer_norm_input_grad_" + CudaSoftmax.elementsPerLane(channels))
            .with(x)
            .with(gamma)
            .with(mean)
            .with(rstd)
            .with(dOut)
            .with(dX);
    launch(inputGrad, isLong, rows, channels);
    int rowsPerChunk = Math.max(FEWEST_ROWS_PER_CHUNK, Kernels.blocks(rows, MOST_CHUNKS));
    int chunks = Kernels.blocks(rows, rowsPerChunk);
    if (chunks == 0) {
      return;
    }
    try (Scope scope = Scope.open()) {
      Tensor partial = Tensor.empty(x.backend(), Shape.of(chunks, 2, channels));
      kernels
          .get(FILE, "layer_norm_parameter_partials")
          .with(x)
          .with(mean)
          .with(rstd)
          .with(dOut)
          .with(partial)
          .with(rows)
          .with(channels)
          .with(rowsPerChunk)
          .launch(chunks * Kernels.blocks(channels, LANES), THREADS);
      kernels
          .get(FILE, "layer_norm_parameters")
          .with(partial)
          .with(dGamma)
          .with(dBeta)
          .with(channels)
          .with(chunks)
          .launch(Kernels.blocks(channels, THREADS), THREADS);
    }
  }

  private static void launch(Kernel kernel, boolean isLong, int rows, int channels) {
    if (isLong) {
      kernel.with(channels).launch(rows, THREADS);
    } else {
      kernel.with(rows).with(channels).launch(Kernels.blocks(rows, ROWS), THREADS);
    }
  }
}
