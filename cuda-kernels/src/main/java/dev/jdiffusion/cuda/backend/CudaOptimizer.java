package dev.jdiffusion.cuda.backend;

import dev.jdiffusion.tensor.Tensor;
import dev.jdiffusion.tensor.ops.Optimizer;
import org.jspecify.annotations.Nullable;

/** Adam, AdamW and the moving average in one launch: {@code optimizer.cu}. */
final class CudaOptimizer implements Optimizer {
  private static final int THREADS = 256;
  private static final int PER_BLOCK = 4 * THREADS;

  private final Kernels kernels;
  private final CudaMemory memory;

  CudaOptimizer(Kernels kernels, CudaMemory memory) {
    this.kernels = kernels;
    this.memory = memory;
  }

  @Override
  public void adam(
      AdamStep step,
      Tensor weight,
      Tensor gradient,
      Tensor firstMoment,
      Tensor secondMoment,
      @Nullable Tensor ema) {
    memory.refuseWhileRecording("makes an optimizer's step");
    int n = weight.size();
    kernels
        .get("optimizer", "optimizer_adam")
        .with(weight)
        .with(gradient)
        .with(firstMoment)
        .with(secondMoment)
        .with(ema)
        .with(n)
        .with((float) step.gradientScale())
        .with((float) (step.decoupled() ? 0 : step.weightDecay()))
        .with((float) (step.decoupled() ? 1 - step.learningRate() * step.weightDecay() : 1))
        .with((float) (1 - step.beta1()))
        .with((float) step.beta2())
        .with((float) (1 - step.beta2()))
        .with((float) (step.learningRate() / (1 - StrictMath.pow(step.beta1(), step.step()))))
        .with((float) (1 / StrictMath.sqrt(1 - StrictMath.pow(step.beta2(), step.step()))))
        .with((float) step.epsilon())
        .with((float) (1 - step.emaDecay()))
        .launch(Kernels.blocks(n, PER_BLOCK), THREADS);
  }
}
