package dev.jdiffusion.cuda.backend;

import dev.jdiffusion.cuda.driver.GpuDriver;
import dev.jdiffusion.cuda.driver.GpuFunction;
import dev.jdiffusion.cuda.driver.GpuStream;
import dev.jdiffusion.cuda.driver.KernelArguments;
import dev.jdiffusion.tensor.Columns;
import dev.jdiffusion.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * A kernel and its arguments, in the order of its parameters:
 *
 * <pre>{@code
 * kernel.with(x).with(out).with(x.size()).with(0.5f).launch(blocks, 256);
 * }</pre>
 *
 * <p>Every launch takes the arguments given since the one before.
 */
final class Kernel {
  private static final int MOST_ARGUMENTS = 40;

  private final GpuDriver driver;
  private final GpuStream stream;
  private final GpuFunction function;
  private final KernelArguments arguments = new KernelArguments(MOST_ARGUMENTS);

  Kernel(GpuDriver driver, GpuStream stream, GpuFunction function) {
    this.driver = driver;
    this.stream = stream;
    this.function = function;
  }

  /** Forgets arguments that were given to a launch that did not happen. */
  Kernel fresh() {
    arguments.clear();
    return this;
  }

  /** The address of a tensor's first element; a null pointer where there is no tensor. */
  Kernel with(@Nullable Tensor tensor) {
    if (tensor == null) {
      arguments.add(0L);
    } else {
      arguments.add(CudaMemory.address(tensor), tensor.shape());
    }
    return this;
  }

  /** The address of the first row's first column, and the distance of rows in elements. */
  Kernel with(Columns columns) {
    arguments.add(
        CudaStorage.address(columns.tensor().storage()) + (long) columns.offset() * Float.BYTES,
        columns.tensor().shape());
    arguments.add(columns.rowStride());
    return this;
  }

  /** The address of uploaded integers. */
  Kernel with(DeviceInts integers) {
    arguments.add(integers.address());
    return this;
  }

  Kernel with(int value) {
    arguments.add(value);
    return this;
  }

  Kernel with(long value) {
    arguments.add(value);
    return this;
  }

  Kernel with(float value) {
    arguments.add(value);
    return this;
  }

  Kernel with(double value) {
    arguments.add(value);
    return this;
  }

  /** Starts it on a line of blocks. Without blocks there is no work, and nothing happens. */
  void launch(int blocks, int threads) {
    launch(blocks, 1, 1, threads, 1, 0);
  }

  /** Starts it. Without blocks there is no work, and nothing happens. */
  void launch(int gridX, int gridY, int gridZ, int blockX, int blockY, int sharedBytes) {
    if (gridX > 0 && gridY > 0 && gridZ > 0) {
      driver.launch(
          function, gridX, gridY, gridZ, blockX, blockY, 1, sharedBytes, arguments, stream);
    }
    arguments.clear();
  }
}
