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
import org.jspecify.annotations.Nullable;

/**
 * Device memory that is asked of the driver once and handed out again and again: a driver's
 * allocation waits for the device, and a training step makes hundreds of tensors.
 *
 * <p>Blocks come in size classes of at most an eighth more than was asked for. All work runs in one
 * stream, so a block may be handed out again as soon as it comes back: whatever still uses it was
 * started before whatever will.
 *
 * <p>Work that was recorded writes to the same blocks whenever it is repeated. These blocks are
 * therefore handed out to recordings only, until the last one is closed; all recordings share them,
 * since none needs what is in them between two repetitions.
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
  private final Map<Long, ArrayDeque<Block>> freeForRecordings = new HashMap<>();

  /** Addresses of the blocks that recordings use, whether they are free or not. */
  private final Set<Long> ofRecordings = new HashSet<>();

  private final Set<Owned> owned = new HashSet<>();
  private final ReferenceQueue<Object> abandoned = new ReferenceQueue<>();
  private long inUse;
  private long pooled;
  private long peakInUse;
  private long handedOut;
  private long allocations;
  private boolean recording;
  private int recordings;
  private Runnable shortOfMemory = () -> {};

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
    handedOut += capacity;
    Block block = recording ? pop(freeForRecordings, capacity) : null;
    if (block == null) {
      block = pop(free, capacity);
      if (block == null) {
        block = new Block(newBlock(bytes, capacity), capacity, bytes);
        allocations++;
      } else {
        pooled -= capacity;
      }
      inUse += capacity;
      peakInUse = Math.max(peakInUse, inUse);
    }
    if (recording) {
      ofRecordings.add(block.address());
    }
    driver.name(block.address(), bytes, name);
    return new Block(block.address(), capacity, bytes);
  }

  private static @Nullable Block pop(Map<Long, ArrayDeque<Block>> pool, long capacity) {
    ArrayDeque<Block> fitting = pool.get(capacity);
    return fitting == null ? null : fitting.poll();
  }

  private static void push(Map<Long, ArrayDeque<Block>> pool, Block block) {
    pool.computeIfAbsent(block.capacity(), unused -> new ArrayDeque<>()).push(block);
  }

  /** Does something that may give memory back, before an allocation fails. */
  void whenShortOfMemory(Runnable action) {
    shortOfMemory = action;
  }

  /** From now on, all blocks that are handed out or taken back belong to recordings. */
  synchronized void beginRecording() {
    recording = true;
  }

  /**
   * Ends {@link #beginRecording}.
   *
   * @param kept whether there is one recording more, until {@link #recordingClosed}
   */
  synchronized void endRecording(boolean kept) {
    recording = false;
    recordings++;
    if (!kept) {
      recordingClosed();
    }
  }

  /** A recording is repeated no more. */
  synchronized void recordingClosed() {
    recordings--;
    if (recordings > 0) {
      return;
    }
    ofRecordings.clear();
    for (ArrayDeque<Block> blocks : freeForRecordings.values()) {
      for (Block block : blocks) {
        inUse -= block.capacity();
        pooled += block.capacity();
        push(free, block);
      }
    }
    freeForRecordings.clear();
  }

  /**
   * From the driver; if it has none, once more without recordings and the blocks that wait in the
   * pool.
   */
  private long newBlock(long bytes, long capacity) {
    try {
      return driver.allocate(capacity);
    } catch (GpuException first) {
      if (recording) {
        // To release the pool means to wait for the device, which cannot be recorded.
        throw outOfMemory(bytes, 0, first);
      }
      shortOfMemory.run();
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
                + " free",
            driver.device().name(),
            megabytes(bytes),
            megabytes(inUse),
            megabytes(waiting),
            megabytes(memory.free()),
            megabytes(memory.total())),
        cause);
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
    if (recording) {
      ofRecordings.add(block.address());
    }
    if (ofRecordings.contains(block.address())) {
      push(freeForRecordings, block);
      return;
    }
    inUse -= block.capacity();
    pooled += block.capacity();
    push(free, block);
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
