package dev.jdiffusion.cuda.jcuda;

import java.lang.foreign.MemorySegment;
import jcuda.Pointer;

/**
 * Native memory for JCuda's calls: JCuda passes its address on as it is, where for {@code
 * Pointer.to(...)} of pointers it would allocate and copy at each call.
 */
final class HostPointer extends Pointer {
  /** To be filled in by the driver. */
  HostPointer() {}

  HostPointer(MemorySegment memory) {
    super(memory.address());
  }

  long value() {
    return getNativePointer() + getByteOffset();
  }
}
