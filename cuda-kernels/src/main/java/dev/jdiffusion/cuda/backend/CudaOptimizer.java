package dev.jdiffusion.cuda.backend;

import dev.jdiffusion.tensor.Scope;
import dev.jdiffusion.tensor.Tensor;
import dev.jdiffusion.tensor.ops.Optimizer;
import org.jspecify.annotations.Nullable;

/**
 * Adam, AdamW and the moving average in one launch, and clipping before it: {@code optimizer.cu}.
 */
final class CudaOptimizer implements Optimizer {
  private static final String FILE = "optimizer";
  private static final int THREADS = 256;
  private static final int PER_BLOCK = 4 * THREADS;

  private final Kernels kernels;
  private final CudaReduction reduction;

  CudaOptimizer(Kernels kernels, CudaReduction reduction) {
    this.kernels = kernels;
    this.reduction = reduction;
  }

  @Override
  public void clip(double scale, double maxNorm, Tensor gradient, Tensor losses, Tensor clipped) {
    try (Scope _ = Scope.open()) {
      Tensor partial = reduction.squares(gradient);
      kernels
          .get(FILE, "optimizer_clip")
          .with(partial)
          .with(losses)
          .with(clipped)
          .with(partial.dim(0))
          .with(losses.size())
          .with(scale)
          .with(maxNorm)
          .launch(1, THREADS);
    }
  }

  @Override
  public void adam(
      Tensor numbers,
      Tensor factor,
      Tensor weight,
      Tensor gradient,
      Tensor firstMoment,
      Tensor secondMoment,
      @Nullable Tensor ema) {
    int n = weight.size();
    kernels
        .get(FILE, "optimizer_adam")
        .with(numbers)
        .with(factor)
        .with(weight)
        .with(gradient)
        .with(firstMoment)
        .with(secondMoment)
        .with(ema)
        .with(n)
        .launch(Kernels.blocks(n, PER_BLOCK), THREADS);
  }
}
