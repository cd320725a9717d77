package dev.jdiffusion.cuda.jcuda;

import dev.jdiffusion.cuda.driver.GpuFunction;
import jcuda.driver.CUfunction;

/** A kernel, and what its launches ask of it. */
final class JCudaFunction extends CUfunction implements GpuFunction {
  /** Every kernel may have this much dynamic shared memory without being asked. */
  private static final int DYNAMIC_SHARED_BYTES = 48 << 10;

  private final JCudaDriver driver;
  private final String name;
  private int sharedLimit = DYNAMIC_SHARED_BYTES;

  /** To be filled in by the driver. */
  JCudaFunction(JCudaDriver driver, String name) {
    this.driver = driver;
    this.name = name;
  }

  @Override
  public String name() {
    return name;
  }

  JCudaDriver driver() {
    return driver;
  }

  long value() {
    return getNativePointer();
  }

  /** How much dynamic shared memory the driver lets it have. */
  int sharedLimit() {
    return sharedLimit;
  }

  void raiseSharedLimit(int bytes) {
    sharedLimit = bytes;
  }
}
