package dev.jdiffusion.tensor.cpu;

import dev.jdiffusion.tensor.MemoryStatistics;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/**
 * Recycled {@code float[]}s with undefined contents, shared by tensors and kernel workspaces.
 *
 * <p>Lengths are rounded up to eight classes per power of two, so that less than an eighth is
 * wasted and tensors of similar sizes share arrays. Classes are exact matches: a run that repeats
 * the same requests allocates only the first time. An array is therefore usually longer than what
 * was asked for.
 */
final class FloatPool {
  /**
   * Where numbers in an array best begin. An array's elements come after 16 bytes of its own; if
   * the JVM was told to place arrays at the start of a cache line, a vector from here on lies in
   * one line and not in two.
   */
  static final int FIRST = 12;

  private static final int SMALLEST = 64;

  private final IntFunction<float[]> allocator;
  private final HashMap<Integer, ArrayDeque<float[]>> free = new HashMap<>();
  private long inUse;
  private long pooled;
  private long peakInUse;
  private long handedOut;
  private long allocations;

  FloatPool() {
    this(float[]::new);
  }

  FloatPool(IntFunction<float[]> allocator) {
    this.allocator = allocator;
  }

  /**
   * An array of at least this length; its contents are undefined. Where memory does not suffice,
   * the free arrays are given up first.
   */
  float[] take(int length) {
    int rounded = sizeClass(length);
    float[] recycled = pop(rounded);
    if (recycled != null) {
      return recycled;
    }
    float[] fresh;
    try {
      fresh = allocator.apply(rounded);
    } catch (OutOfMemoryError e) {
      // Arrays of other lengths may be what fills the heap.
      release();
      fresh = allocator.apply(rounded);
    }
    count(rounded);
    return fresh;
  }

  private synchronized float @Nullable [] pop(int length) {
    ArrayDeque<float[]> arrays = free.get(length);
    if (arrays == null || arrays.isEmpty()) {
      return null;
    }
    pooled -= length;
    handOut(length);
    return arrays.pop();
  }

  private synchronized void count(int length) {
    allocations++;
    handOut(length);
  }

  private void handOut(int length) {
    inUse += length;
    peakInUse = Math.max(peakInUse, inUse);
    handedOut += length;
  }

  private synchronized void release() {
    free.clear();
    pooled = 0;
  }

  /** Takes back an array that {@link #take} gave. */
  synchronized void give(float[] array) {
    inUse -= array.length;
    pooled += array.length;
    free.computeIfAbsent(array.length, unused -> new ArrayDeque<>()).push(array);
  }

  synchronized MemoryStatistics statistics() {
    return new MemoryStatistics(
        inUse * Float.BYTES,
        pooled * Float.BYTES,
        peakInUse * Float.BYTES,
        handedOut * Float.BYTES,
        allocations);
  }

  /** The smallest length of a class that holds {@code length} elements. */
  static int sizeClass(int length) {
    if (length <= SMALLEST) {
      return SMALLEST;
    }
    int step = Math.max(Integer.highestOneBit(length - 1) >>> 3, 1);
    long rounded = ((long) length + step - 1) / step * step;
    // The largest lengths have no class above them; the JVM's own limit is a few elements less than
    // 2^31.
    return rounded > Integer.MAX_VALUE - 64 ? length : (int) rounded;
  }
}
