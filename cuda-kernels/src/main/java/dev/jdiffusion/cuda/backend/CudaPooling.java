package dev.jdiffusion.cuda.backend;

import dev.jdiffusion.tensor.Tensor;
import dev.jdiffusion.tensor.ops.Pooling;

/** Maximum and average over windows: {@code pooling.cu}. */
final class CudaPooling implements Pooling {
  private static final String FILE = "pooling";
  private static final int THREADS = 256;

  private final Kernels kernels;

  CudaPooling(Kernels kernels) {
    this.kernels = kernels;
  }

  /** Appends the extents, after the number of elements that are computed, and starts the kernel. */
  private static void launch(
      Kernel kernel, int elements, Tensor large, Tensor small, Window window) {
    kernel
        .with(elements)
        .with(large.dim(1))
        .with(large.dim(2))
        .with(large.dim(3))
        .with(small.dim(1))
        .with(small.dim(2))
        .with(window.size())
        .with(window.stride())
        .with(window.padding())
        .launch(Kernels.blocks(elements, THREADS), THREADS);
  }

  @Override
  public void forward(Kind kind, Tensor input, Window window, Tensor out) {
    Kernel kernel =
        kernels.get(FILE, "pooling_forward").with(kind == Kind.MAX ? 1 : 0).with(input).with(out);
    launch(kernel, out.size(), input, out, window);
  }

  @Override
  public void backward(Kind kind, Tensor input, Tensor dOut, Window window, Tensor dInput) {
    Kernel kernel =
        kernels
            .get(FILE, "pooling_backward")
            .with(kind == Kind.MAX ? 1 : 0)
            .with(input)
            .with(dOut)
            .with(dInput);
    launch(kernel, dInput.size(), dInput, dOut, window);
  }
}
