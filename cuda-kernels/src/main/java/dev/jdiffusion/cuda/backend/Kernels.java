package dev.jdiffusion.cuda.backend;

import dev.jdiffusion.cuda.driver.GpuDevice;

/** The kernels of one device, loaded when first asked for. */
interface Kernels {
  /**
   * A kernel.
   *
   * @param file the name of its {@code .cu} file, such as {@code group_norm}
   * @param function its name there, such as {@code group_norm_forward}
   * @throws dev.jdiffusion.tensor.BackendUnavailableException with the reason in one line, if the
   *     device does not take the PTX
   */
  Kernel get(String file, String function);

  /** What they run on. */
  GpuDevice device();

  /** Blocks of {@code block} threads that cover {@code elements}. */
  static int blocks(long elements, int block) {
    return (int) ((elements + block - 1) / block);
  }
}
