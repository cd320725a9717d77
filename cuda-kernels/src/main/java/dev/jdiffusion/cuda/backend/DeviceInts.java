package dev.jdiffusion.cuda.backend;

/** Integers that were copied to the device for a few launches. */
final class DeviceInts implements AutoCloseable {
  private final CachingAllocator allocator;
  private final CachingAllocator.Block block;

  DeviceInts(CachingAllocator allocator, CachingAllocator.Block block) {
    this.allocator = allocator;
    this.block = block;
  }

  long address() {
    return block.address();
  }

  /** Launches that were started before may still read them. */
  @Override
  public void close() {
    allocator.release(block);
  }
}
