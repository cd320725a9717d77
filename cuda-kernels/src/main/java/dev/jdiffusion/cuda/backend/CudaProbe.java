package dev.jdiffusion.cuda.backend;

import dev.jdiffusion.tensor.Backend;
import dev.jdiffusion.tensor.Scope;
import dev.jdiffusion.tensor.Shape;
import dev.jdiffusion.tensor.Tensor;
import dev.jdiffusion.tensor.ops.Probe;

/** Chains of multiply-adds on every multiprocessor: {@code probe.cu}. */
final class CudaProbe implements Probe {
  private static final int THREADS = 128;
  private static final int PER_BLOCK = 4 * THREADS;

  /** Blocks that one multiprocessor runs side by side: all of its 2,048 threads. */
  private static final int BLOCKS_PER_MULTIPROCESSOR = 16;

  /** The most blocks in the second direction of a grid. */
  private static final int MOST_COPIES = 65_535;

  private final Backend backend;
  private final Kernels kernels;
  private final CudaMemory memory;

  CudaProbe(Backend backend, Kernels kernels, CudaMemory memory) {
    this.backend = backend;
    this.kernels = kernels;
    this.memory = memory;
  }

  @Override
  public double multiplyAdds(int rounds, Tensor chains) {
    int size = chains.size();
    if (size == 0) {
      return 0;
    }
    int blocks = Kernels.blocks(size, PER_BLOCK);
    int wanted = kernels.device().multiprocessors() * BLOCKS_PER_MULTIPROCESSOR;
    int copies = Math.clamp(wanted / blocks, 1, MOST_COPIES);
    try (Scope _ = Scope.open()) {
      Tensor results = Tensor.empty(backend, Shape.of(copies, size));
      kernels
          .get("probe", "probe_multiply_adds")
          .with(chains)
          .with(results)
          .with(rounds)
          .with(size)
          .launch(blocks, copies, 1, THREADS, 1, 0);
      memory.copy(results.range(0, Shape.of(size)), chains.reshape(size));
    }
    return 2.0 * rounds * size * copies;
  }
}
