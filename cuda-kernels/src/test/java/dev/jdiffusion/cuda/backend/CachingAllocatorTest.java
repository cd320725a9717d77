package dev.jdiffusion.cuda.backend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.jdiffusion.cuda.backend.CachingAllocator.Block;
import dev.jdiffusion.cuda.driver.GpuDevice;
import dev.jdiffusion.cuda.driver.GpuDriver;
import dev.jdiffusion.cuda.driver.GpuException;
import dev.jdiffusion.cuda.driver.GpuGraph;
import dev.jdiffusion.cuda.driver.GpuMemory;
import dev.jdiffusion.cuda.driver.GpuStream;
import dev.jdiffusion.tensor.OutOfDeviceMemoryException;
import dev.jdiffusion.tensor.Recording;
import dev.jdiffusion.tensor.RecordingRefusedException;
import java.lang.foreign.MemorySegment;
import java.lang.reflect.Proxy;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("The pool of device memory")
final class CachingAllocatorTest {
  private static final long MEGABYTE = 1 << 20;
  private static final long TOTAL = 8 * MEGABYTE;

  /** What the device has given out, by address. */
  private final Map<Long, Long> given = new HashMap<>();

  private long next = 512;

  private final CachingAllocator allocator = new CachingAllocator(driver(), new GpuStream(1));

  private long used() {
    return given.values().stream().mapToLong(Long::longValue).sum();
  }

  /** A device of eight megabytes. */
  private GpuDriver driver() {
    return (GpuDriver)
        Proxy.newProxyInstance(
            GpuDriver.class.getClassLoader(),
            new Class<?>[] {GpuDriver.class},
            (proxy, method, arguments) ->
                switch (method.getName()) {
                  case "device" -> new GpuDevice("small GPU", 12060, 7, 5, 1, 49152);
                  case "memory" -> new GpuMemory(TOTAL - used(), TOTAL);
                  case "allocate" -> {
                    long bytes = (long) arguments[0];
                    if (used() + bytes > TOTAL) {
                      throw new GpuException("cuMemAlloc: CUDA_ERROR_OUT_OF_MEMORY");
                    }
                    next += bytes;
                    given.put(next, bytes);
                    yield next;
                  }
                  case "free" -> {
                    given.remove((long) arguments[0]);
                    yield null;
                  }
                  case "name", "synchronize", "beginCapture", "launch", "destroy" -> null;
                  case "endCapture" -> new GpuGraph(1);
                  case "allocatePinned" -> MemorySegment.ofArray(new long[8]);
                  default -> throw new UnsupportedOperationException(method.getName());
                });
  }

  @Test
  @DisplayName("hands a returned block out again without asking the driver")
  void reuses() {
    Block first = allocator.allocate(MEGABYTE, "first");
    Block other = allocator.allocate(MEGABYTE, "other");
    assertNotEquals(first.address(), other.address());
    allocator.release(first);
    assertEquals(MEGABYTE, allocator.statistics().pooled());
    Block again = allocator.allocate(MEGABYTE - 100, "again");
    assertEquals(first.address(), again.address());
    assertEquals(2, allocator.statistics().allocations());
    assertEquals(2 * MEGABYTE, allocator.statistics().inUse());
    assertEquals(0, allocator.statistics().pooled());
  }

  @Test
  @DisplayName("wastes at most an eighth, or half a kilobyte")
  void classesAreNarrow() {
    for (long bytes = 1; bytes < 100 * MEGABYTE; bytes += 1 + bytes / 7) {
      long capacity = CachingAllocator.capacity(bytes);
      assertTrue(capacity >= bytes, bytes + " in " + capacity);
      assertTrue(capacity <= Math.max(bytes + 512, bytes + bytes / 8), bytes + " in " + capacity);
      assertEquals(capacity, CachingAllocator.capacity(capacity));
      assertEquals(0, capacity % 512);
    }
  }

  @Test
  @DisplayName("gives pooled blocks back to the driver before it gives up")
  void releasesThePoolFirst() {
    Block large = allocator.allocate(6 * MEGABYTE, "large");
    allocator.release(large);
    Block larger = allocator.allocate(7 * MEGABYTE, "larger");
    assertEquals(1, given.size());
    assertEquals(7 * MEGABYTE, allocator.statistics().inUse());
    assertEquals(0, allocator.statistics().pooled());
    allocator.release(larger);
  }

  @Test
  @DisplayName("says how much was asked for, is in use, was pooled and is free")
  void saysWhatIsMissing() {
    allocator.allocate(5 * MEGABYTE, "kept");
    allocator.release(allocator.allocate(MEGABYTE, "returned"));
    OutOfDeviceMemoryException refusal =
        assertThrows(
            OutOfDeviceMemoryException.class, () -> allocator.allocate(4 * MEGABYTE, "large"));
    assertEquals(
        "small GPU is out of memory: asked for 4.0 MB, 5.0 MB in use here, 1.0 MB released from the"
            + " pool, 3.0 MB of 8.0 MB free",
        refusal.getMessage());
    assertEquals(
        "cuMemAlloc: CUDA_ERROR_OUT_OF_MEMORY",
        assertInstanceOf(GpuException.class, refusal.getCause()).getMessage());
    assertEquals(5 * MEGABYTE, allocator.statistics().inUse());
  }

  @Test
  @DisplayName("gives up recordings before it gives up, but none while one is made")
  void dropsRecordings() {
    CudaMemory memory = new CudaMemory(driver(), new GpuStream(1));
    CachingAllocator pool = memory.allocator();
    CudaRecorder recorder = new CudaRecorder(driver(), new GpuStream(1), memory);
    Recording recording =
        recorder.record(() -> pool.release(pool.allocate(5 * MEGABYTE, "recorded")));
    assertTrue(recording.replay());
    assertEquals(5 * MEGABYTE, pool.statistics().inUse());
    RecordingRefusedException refusal =
        assertThrows(
            RecordingRefusedException.class,
            () -> recorder.record(() -> pool.allocate(6 * MEGABYTE, "recorded")));
    assertTrue(
        String.valueOf(refusal.getMessage()).contains("asked for 6.0 MB"), refusal.toString());
    assertTrue(recording.replay());
    Block large = pool.allocate(6 * MEGABYTE, "large");
    assertFalse(recording.replay());
    recording.close();
    pool.release(large);
    assertEquals(0, pool.statistics().inUse());
    assertEquals(6 * MEGABYTE, pool.statistics().pooled());
  }

  @Test
  @DisplayName("takes back what its owner forgot, once that was collected")
  void takesBackAbandonedBlocks() throws InterruptedException {
    Block block = allocator.allocate(MEGABYTE, "abandoned");
    allocator.track(new Object(), block);
    for (int attempt = 0; attempt < 200 && allocator.statistics().pooled() < MEGABYTE; attempt++) {
      System.gc();
      Thread.sleep(10);
      allocator.release(allocator.allocate(1, "small"));
    }
    assertEquals(block.address(), allocator.allocate(MEGABYTE, "next").address());
  }
}
