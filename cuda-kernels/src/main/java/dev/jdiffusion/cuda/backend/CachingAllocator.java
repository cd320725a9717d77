package dev.jdiffusion.cuda.backend;

import dev.jdiffusion.cuda.driver.GpuDriver;
import dev.jdiffusion.tensor.MemoryStatistics;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.Map;

/**
 * Device memory that is asked of the driver once and handed out again and again: a driver's
 * allocation waits for the device, and a training step makes hundreds of tensors.
 *
 * <p>Blocks come in size classes of at most an eighth more than was asked for. All work runs in one
 * stream, so a block may be handed out again as soon as it comes back: whatever still uses it was
 * started before whatever will.
 */
final class CachingAllocator {
  /** The smallest block; also what addresses are aligned to. */
  private static final long SMALLEST = 512;

  /** Steps from one power of two to the next. */
  private static final int CLASSES_PER_DOUBLING = 8;

  /** A piece of device memory. */
  record Block(long address, long capacity, long bytes) {}

  private final GpuDriver driver;
  private final Map<Long, ArrayDeque<Block>> free = new HashMap<>();
  private long inUse;
  private long pooled;
  private long peakInUse;
  private long handedOut;
  private long allocations;

  CachingAllocator(GpuDriver driver) {
    this.driver = driver;
  }

  /** The capacity of the class of blocks that {@code bytes} are taken from. */
  static long capacity(long bytes) {
    if (bytes <= SMALLEST) {
      return SMALLEST;
    }
    long step = Math.max(SMALLEST, Long.highestOneBit(bytes - 1) / CLASSES_PER_DOUBLING);
    return (bytes + step - 1) / step * step;
  }

  /** A block with undefined contents. */
  synchronized Block allocate(long bytes, String name) {
    long capacity = capacity(bytes);
    ArrayDeque<Block> fitting = free.get(capacity);
    long address;
    if (fitting != null && !fitting.isEmpty()) {
      address = fitting.pop().address();
      pooled -= capacity;
    } else {
      address = driver.allocate(capacity);
      allocations++;
    }
    driver.name(address, bytes, name);
    inUse += capacity;
    peakInUse = Math.max(peakInUse, inUse);
    handedOut += capacity;
    return new Block(address, capacity, bytes);
  }

  /** Takes a block back. */
  synchronized void release(Block block) {
    inUse -= block.capacity();
    pooled += block.capacity();
    free.computeIfAbsent(block.capacity(), unused -> new ArrayDeque<>()).push(block);
  }

  synchronized MemoryStatistics statistics() {
    return new MemoryStatistics(inUse, pooled, peakInUse, handedOut, allocations);
  }
}
