package dev.jdiffusion.cuda.backend;

import dev.jdiffusion.tensor.Tensor;
import dev.jdiffusion.tensor.ops.Upsampling;

/** Nearest-neighbour upsampling: {@code upsampling.cu}. */
final class CudaUpsampling implements Upsampling {
  private static final String FILE = "upsampling";
  private static final int THREADS = 256;

  private final Kernels kernels;

  CudaUpsampling(Kernels kernels) {
    this.kernels = kernels;
  }

  @Override
  public void forward(Tensor input, int factor, Tensor out) {
    launch("upsampling_forward", input, out, input, factor);
  }

  @Override
  public void backward(Tensor dOut, int factor, Tensor dInput) {
    launch("upsampling_backward", dOut, dInput, dInput, factor);
  }

  private void launch(String function, Tensor read, Tensor written, Tensor small, int factor) {
    int n = written.size();
    kernels
        .get(FILE, function)
        .with(read)
        .with(written)
        .with(n)
        .with(small.dim(2))
        .with(small.dim(3))
        .with(factor)
        .launch(Kernels.blocks(n, THREADS), THREADS);
  }
}
