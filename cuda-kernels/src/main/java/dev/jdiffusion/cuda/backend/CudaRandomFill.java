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
    memory.refuseWhileRecording("draws random numbers with a key of the host's");
    return with(kernel, key.seed(), key.purpose()).with(key.step());
  }

  private static Kernel with(Kernel kernel, long seed, int purpose) {
    return kernel.with((int) seed).with((int) (seed >>> 32)).with(purpose);
  }

  private static int blocks(int rows, int length) {
    return Kernels.blocks((long) rows * Kernels.blocks(length, Philox.BLOCK), THREADS);
  }

  private void fill(String function, RandomKey key, IntTensor rows, Tensor out) {
    int count = rows.values().length;
    if (out.size() == 0) {
      return;
    }
    int length = out.size() / count;
    try (DeviceInts streams = memory.upload(rows.values())) {
      Kernel kernel = kernels.get(FILE, function).with(streams).with(out).with(count).with(length);
      with(kernel, key).launch(blocks(count, length), THREADS);
    }
  }

  @Override
  public void normal(RandomKey key, IntTensor rows, Tensor out) {
    fill("random_normal", key, rows, out);
  }

  @Override
  public void normal(DeviceKey key, Tensor out) {
    if (out.size() == 0) {
      return;
    }
    int count = out.dim(0);
    int length = out.size() / count;
    Kernel kernel =
        kernels
            .get(FILE, "random_normal_of_step")
            .with(key.step())
            .with(out)
            .with(count)
            .with(length);
    with(kernel, key.seed(), key.purpose()).launch(blocks(count, length), THREADS);
  }

  @Override
  public void uniform(RandomKey key, IntTensor rows, Tensor out) {
    fill("random_uniform", key, rows, out);
  }

  @Override
  public void dropout(RandomKey key, double p, Tensor x, Tensor out) {
    Kernel kernel = dropout(kernels.get(FILE, "random_dropout"), p, x, out);
    start(with(kernel, key), out);
  }

  @Override
  public void dropout(DeviceKey key, double p, Tensor x, Tensor out) {
    Kernel kernel = kernels.get(FILE, "random_dropout_of_step").with(key.step());
    start(with(dropout(kernel, p, x, out), key.seed(), key.purpose()), out);
  }

  private static Kernel dropout(Kernel kernel, double p, Tensor x, Tensor out) {
    // word * 2^-24 >= p, said of the integer.
    int threshold = (int) Math.ceil(p * 0x1p24);
    return kernel.with(x).with(out).with(out.size()).with(threshold).with((float) (1 / (1 - p)));
  }

  private static void start(Kernel dropout, Tensor out) {
    dropout.launch(blocks(1, out.size()), THREADS);
  }
}
