package dev.jdiffusion.cuda.backend;

import dev.jdiffusion.cuda.driver.GpuDriver;
import dev.jdiffusion.cuda.driver.GpuException;
import dev.jdiffusion.cuda.driver.GpuMemory;
import dev.jdiffusion.cuda.driver.GpuStream;
import dev.jdiffusion.tensor.MemoryStatistics;
import dev.jdiffusion.tensor.OutOfDeviceMemoryException;
import java.lang.ref.PhantomReference;
import java.lang.ref.Reference;
import java.lang.ref.ReferenceQueue;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

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

  /** Tells when an owner became unreachable without having given its block back. */
  static final class Owned extends PhantomReference<Object> {
    private final Block block;

    Owned(Object owner, Block block, ReferenceQueue<Object> abandoned) {
      super(owner, abandoned);
      this.block = block;
    }
  }

  private final GpuDriver driver;
  private final GpuStream stream;
  private final Map<Long, ArrayDeque<Block>> free = new HashMap<>();
  private final Set<Owned> owned = new HashSet<>();
  private final ReferenceQueue<Object> abandoned = new ReferenceQueue<>();
  private long inUse;
  private long pooled;
  private long peakInUse;
  private long handedOut;
  private long allocations;

  CachingAllocator(GpuDriver driver, GpuStream stream) {
    this.driver = driver;
    this.stream = stream;
  }

  /** The capacity of the class of blocks that {@code bytes} are taken from. */
  static long capacity(long bytes) {
    if (bytes <= SMALLEST) {
      return SMALLEST;
    }
    long step = Math.max(SMALLEST, Long.highestOneBit(bytes - 1) / CLASSES_PER_DOUBLING);
    return (bytes + step - 1) / step * step;
  }

  /**
   * A block with undefined contents.
   *
   * @param name for messages about accesses outside of it
   * @throws OutOfDeviceMemoryException if there is too little
   */
  synchronized Block allocate(long bytes, String name) {
    takeBackAbandoned();
    long capacity = capacity(bytes);
    ArrayDeque<Block> fitting = free.get(capacity);
    long address;
    if (fitting != null && !fitting.isEmpty()) {
      address = fitting.pop().address();
      pooled -= capacity;
    } else {
      address = newBlock(bytes, capacity);
      allocations++;
    }
    driver.name(address, bytes, name);
    inUse += capacity;
    peakInUse = Math.max(peakInUse, inUse);
    handedOut += capacity;
    return new Block(address, capacity, bytes);
  }

  /** From the driver; if it has none, once more without the blocks that wait in the pool. */
  private long newBlock(long bytes, long capacity) {
    try {
      return driver.allocate(capacity);
    } catch (GpuException first) {
      long waiting = pooled;
      releasePooled();
      try {
        return driver.allocate(capacity);
      } catch (GpuException second) {
        throw outOfMemory(bytes, waiting, second);
      }
    }
  }

  private OutOfDeviceMemoryException outOfMemory(long bytes, long waiting, GpuException cause) {
    GpuMemory memory = driver.memory();
    return new OutOfDeviceMemoryException(
        String.format(
            Locale.ROOT,
            "%s is out of memory: asked for %s, %s in use here, %s released from the pool, %s of %s"
                + " free (%s)",
            driver.device().name(),
            megabytes(bytes),
            megabytes(inUse),
            megabytes(waiting),
            megabytes(memory.free()),
            megabytes(memory.total()),
            cause.getMessage()));
  }

  private static String megabytes(long bytes) {
    return String.format(Locale.ROOT, "%,.1f MB", bytes / 1048576.0);
  }

  private void releasePooled() {
    driver.synchronize(stream);
    for (ArrayDeque<Block> blocks : free.values()) {
      for (Block block : blocks) {
        driver.free(block.address());
      }
    }
    free.clear();
    pooled = 0;
  }

  /** Takes a block back. */
  synchronized void release(Block block) {
    // So that a driver that checks accesses reports one of memory that nobody owns.
    driver.name(block.address(), 0, "memory that was given back");
    inUse -= block.capacity();
    pooled += block.capacity();
    free.computeIfAbsent(block.capacity(), unused -> new ArrayDeque<>()).push(block);
  }

  /**
   * Takes a block back, too, when its owner is collected. The garbage collector does not see device
   * memory, but it knows when the last that held some has gone.
   */
  synchronized Owned track(Object owner, Block block) {
    Owned reference = new Owned(owner, block, abandoned);
    owned.add(reference);
    return reference;
  }

  /** Takes back a block that was tracked. */
  synchronized void release(Owned reference) {
    if (owned.remove(reference)) {
      reference.clear();
      release(reference.block);
    }
  }

  private void takeBackAbandoned() {
    for (Reference<?> next = abandoned.poll(); next != null; next = abandoned.poll()) {
      release((Owned) next);
    }
  }

  synchronized MemoryStatistics statistics() {
    return new MemoryStatistics(inUse, pooled, peakInUse, handedOut, allocations);
  }
}
