package dev.jdiffusion.cuda.backend;

import dev.jdiffusion.tensor.Backend;
import dev.jdiffusion.tensor.Storage;

/** Device memory of floats, from a {@link CachingAllocator}. */
final class CudaStorage extends Storage {
  private final CachingAllocator allocator;
  private final long address;
  private final CachingAllocator.Owned owned;

  CudaStorage(Backend backend, int length, CachingAllocator allocator) {
    super(backend, length);
    this.allocator = allocator;
    CachingAllocator.Block block = allocator.allocate((long) length * Float.BYTES, "tensor");
    this.address = block.address();
    this.owned = allocator.track(this, block);
  }

  /**
   * Where it lies on the device.
   *
   * @throws IllegalArgumentException if it is another device's
   */
  static long address(Storage storage) {
    if (storage instanceof CudaStorage cuda) {
      storage.checkAlive();
      return cuda.address;
    }
    throw new IllegalArgumentException(
        "a tensor on " + storage.backend().device() + " was given to a kernel of a GPU");
  }

  @Override
  protected void recycle() {
    allocator.release(owned);
  }
}
