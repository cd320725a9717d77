package dev.jdiffusion.cuda.backend;

import dev.jdiffusion.tensor.Backend;
import dev.jdiffusion.tensor.Scope;
import dev.jdiffusion.tensor.Shape;
import dev.jdiffusion.tensor.Tensor;
import dev.jdiffusion.tensor.ops.Loss;

/** Mean losses: {@code loss.cu}. */
final class CudaLoss implements Loss {
  private static final String FILE = "loss";
  private static final int THREADS = 256;

  /** Elements whose penalties one block adds up. */
  private static final int CHUNK = 16 * THREADS;

  private final Backend backend;
  private final Kernels kernels;

  CudaLoss(Backend backend, Kernels kernels) {
    this.backend = backend;
    this.kernels = kernels;
  }

  @Override
  public void forward(Kind kind, Tensor prediction, Tensor target, Tensor loss) {
    int n = prediction.size();
    int blocks = Kernels.blocks(n, CHUNK);
    try (Scope _ = Scope.open()) {
      // Doubles, each in the place of two elements.
      Tensor partial = Tensor.empty(backend, Shape.of(blocks, 2));
      kernels
          .get(FILE, "loss_penalties")
          .with(kind.ordinal())
          .with(prediction)
          .with(target)
          .with(partial)
          .with(n)
          .launch(blocks, THREADS);
      kernels
          .get(FILE, "loss_mean")
          .with(partial)
          .with(loss)
          .with(blocks)
          .with(n)
          .launch(1, THREADS);
    }
  }

  @Override
  public void backward(
      Kind kind, Tensor prediction, Tensor target, Tensor dLoss, Tensor dPrediction) {
    int n = prediction.size();
    kernels
        .get(FILE, "loss_backward")
        .with(kind.ordinal())
        .with(prediction)
        .with(target)
        .with(dLoss)
        .with(dPrediction)
        .with(n)
        .launch(Kernels.blocks(n, THREADS), THREADS);
  }
}
