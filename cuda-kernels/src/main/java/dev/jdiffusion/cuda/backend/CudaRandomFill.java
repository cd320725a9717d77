package dev.jdiffusion.cuda.backend;

import dev.jdiffusion.tensor.IntTensor;
import dev.jdiffusion.tensor.Philox;
import dev.jdiffusion.tensor.RandomKey;
import dev.jdiffusion.tensor.Tensor;
import dev.jdiffusion.tensor.ops.RandomFill;

/** Philox numbers, with the bits of the CPU's: {@code random_fill.cu}. */
final class CudaRandomFill implements RandomFill {
  private static final String FILE = "random_fill";
  private static final int THREADS = 256;

  private final Kernels kernels;
  private final CudaMemory memory;

  CudaRandomFill(Kernels kernels, CudaMemory memory) {
    this.kernels = kernels;
    this.memory = memory;
  }

  private Kernel with(Kernel kernel, RandomKey key) {
    memory.refuseWhileRecording("draws random numbers");
    return kernel
        .with((int) key.seed())
        .with((int) (key.seed() >>> 32))
        .with(key.purpose())
        .with(key.step());
  }

  private void fill(String function, RandomKey key, IntTensor rows, Tensor out) {
    int count = rows.values().length;
    if (out.size() == 0) {
      return;
    }
    int length = out.size() / count;
    long blocksOfNumbers = (long) count * Kernels.blocks(length, Philox.BLOCK);
    try (DeviceInts streams = memory.upload(rows.values())) {
      Kernel kernel = kernels.get(FILE, function).with(streams).with(out).with(count).with(length);
      with(kernel, key).launch(Kernels.blocks(blocksOfNumbers, THREADS), THREADS);
    }
  }

  @Override
  public void normal(RandomKey key, IntTensor rows, Tensor out) {
    fill("random_normal", key, rows, out);
  }

  @Override
  public void uniform(RandomKey key, IntTensor rows, Tensor out) {
    fill("random_uniform", key, rows, out);
  }

  @Override
  public void dropout(RandomKey key, double p, Tensor x, Tensor out) {
    int n = out.size();
    // word * 2^-24 >= p, said of the integer.
    int threshold = (int) Math.ceil(p * 0x1p24);
    Kernel kernel =
        kernels
            .get(FILE, "random_dropout")
            .with(x)
            .with(out)
            .with(n)
            .with(threshold)
            .with((float) (1 / (1 - p)));
    with(kernel, key).launch(Kernels.blocks(Kernels.blocks(n, Philox.BLOCK), THREADS), THREADS);
  }
}
