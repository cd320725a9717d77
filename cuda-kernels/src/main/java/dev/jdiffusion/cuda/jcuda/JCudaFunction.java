package dev.jdiffusion.cuda.jcuda;

import dev.jdiffusion.cuda.driver.GpuFunction;
import dev.jdiffusion.cuda.driver.KernelArguments;
import jcuda.driver.CUfunction;
import org.jspecify.annotations.Nullable;

/** A kernel, what its launches ask of it, and the pointer to its arguments from the last launch. */
final class JCudaFunction implements GpuFunction {
  /** Every kernel may have this much dynamic shared memory without being asked. */
  private static final int DYNAMIC_SHARED_BYTES = 48 << 10;

  private final JCudaDriver driver;
  private final String name;
  private final CUfunction handle;
  private int sharedLimit = DYNAMIC_SHARED_BYTES;
  private @Nullable KernelArguments arguments;
  private @Nullable HostPointer pointers;

  JCudaFunction(JCudaDriver driver, String name, CUfunction handle) {
    this.driver = driver;
    this.name = name;
    this.handle = handle;
  }

  @Override
  public String name() {
    return name;
  }

  JCudaDriver driver() {
    return driver;
  }

  CUfunction handle() {
    return handle;
  }

  /** How much dynamic shared memory the driver lets it have. */
  int sharedLimit() {
    return sharedLimit;
  }

  void raiseSharedLimit(int bytes) {
    sharedLimit = bytes;
  }

  /** The arguments for JCuda; a launch site keeps its block, so this seldom makes a new object. */
  HostPointer pointers(KernelArguments block) {
    HostPointer known = pointers;
    if (known == null || arguments != block) {
      known = new HostPointer(block.pointers());
      pointers = known;
      arguments = block;
    }
    return known;
  }
}
