package dev.jdiffusion.cuda.jcuda;

import jcuda.driver.CUstream;

/** A stream, whose handle JCuda hides, with the handle. */
final class JCudaStream extends CUstream {
  long value() {
    return getNativePointer();
  }
}
