package dev.jdiffusion.cuda.jcuda;

import jcuda.driver.CUdeviceptr;

/** A device address, which JCuda hides in its own, as a number. */
final class Address extends CUdeviceptr {
  private static final CUdeviceptr NULL = new CUdeviceptr();

  /** To be filled in by the driver. */
  Address() {}

  Address(long value) {
    super(NULL, value);
  }

  long value() {
    return getNativePointer() + getByteOffset();
  }
}
