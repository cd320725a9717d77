package dev.jdiffusion.cuda.backend;

import dev.jdiffusion.tensor.Backend;
import dev.jdiffusion.tensor.IntTensor;
import dev.jdiffusion.tensor.Scope;
import dev.jdiffusion.tensor.Shape;
import dev.jdiffusion.tensor.Tensor;
import dev.jdiffusion.tensor.ops.CrossEntropy;

/** Mean cross-entropy: {@code cross_entropy.cu}. */
final class CudaCrossEntropy implements CrossEntropy {
  private static final String FILE = "cross_entropy";
  private static final int THREADS = 128;
  private static final int ROWS_PER_BLOCK = THREADS / 32;

  private final Backend backend;
  private final Kernels kernels;
  private final CudaMemory memory;

  CudaCrossEntropy(Backend backend, Kernels kernels, CudaMemory memory) {
    this.backend = backend;
    this.kernels = kernels;
    this.memory = memory;
  }

  @Override
  public void forward(Tensor logits, IntTensor targets, Tensor loss, Tensor probabilities) {
    int rows = logits.dim(0);
    try (Scope _ = Scope.open();
        DeviceInts classes = memory.upload(targets.values())) {
      // Doubles, each in the place of two elements.
      Tensor losses = Tensor.empty(backend, Shape.of(rows, 2));
      kernels
          .get(FILE, "cross_entropy_forward")
          .with(logits)
          .with(classes)
          .with(losses)
          .with(probabilities)
          .with(rows)
          .with(logits.dim(1))
          .launch(Kernels.blocks(rows, ROWS_PER_BLOCK), THREADS);
      kernels.get(FILE, "cross_entropy_mean").with(losses).with(loss).with(rows).launch(1, THREADS);
    }
  }

  @Override
  public void backward(Tensor probabilities, IntTensor targets, Tensor dLoss, Tensor dLogits) {
    int n = dLogits.size();
    try (DeviceInts classes = memory.upload(targets.values())) {
      kernels
          .get(FILE, "cross_entropy_backward")
          .with(probabilities)
          .with(classes)
          .with(dLoss)
          .with(dLogits)
          .with(dLogits.dim(0))
          .with(dLogits.dim(1))
          .launch(Kernels.blocks(n, THREADS), THREADS);
    }
  }
}
