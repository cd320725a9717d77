package dev.jdiffusion.cuda.emulator;

import dev.jdiffusion.cuda.driver.GpuException;
import dev.jdiffusion.cuda.driver.GpuMemory;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Global memory: buffers far apart. Each begins at a multiple of a gigabyte that no other ever
 * used, so an address tells its buffer by its upper bits, and an address that leaves its buffer by
 * less than that meets nothing.
 */
final class GlobalMemory {
  private static final int WINDOW_SHIFT = 30;
  private static final long ORIGIN = 1L << 40;

  private final long total;
  private long inUse;
  private volatile Buffer[] windows = new Buffer[0];

  GlobalMemory(long total) {
    this.total = total;
  }

  // Host side

  long allocate(long bytes) {
    if (bytes <= 0) {
      throw new GpuException("allocate: " + bytes + " bytes asked for");
    }
    if (bytes > total - inUse) {
      throw new GpuException(
          "allocate: out of memory: %d bytes asked for, %d in use, %d free of %d"
              .formatted(bytes, inUse, total - inUse, total));
    }
    int window = windows.length;
    // One window stays empty, for accesses behind the end.
    int count = (int) ((bytes - 1 >>> WINDOW_SHIFT) + 2);
    Buffer buffer = new Buffer(ORIGIN + ((long) window << WINDOW_SHIFT), bytes);
    Buffer[] more = Arrays.copyOf(windows, window + count);
    Arrays.fill(more, window, window + count, buffer);
    windows = more;
    inUse += bytes;
    return buffer.base();
  }

  void free(long address) {
    Buffer buffer = start(address, "free");
    inUse -= buffer.capacity();
    buffer.free();
  }

  void name(long address, long bytes, String name) {
    Buffer buffer = start(address, "name");
    if (bytes > buffer.capacity()) {
      throw new GpuException("name: %d bytes of a block of %d".formatted(bytes, buffer.capacity()));
    }
    buffer.rename(bytes, name);
  }

  /**
   * Names the buffer at an address after what a kernel gets it as.
   *
   * @param argument from 1; 0 when the kernel has ended
   */
  void describe(long address, Object shape, int argument) {
    Buffer buffer = buffer(address);
    if (buffer != null) {
      buffer.describe(shape.toString(), argument);
    }
  }

  /** Forgets which blocks accessed what, before their numbers are used again. */
  void forgetTags() {
    Buffer last = null;
    for (Buffer buffer : windows) {
      if (buffer != last) {
        buffer.forgetAccesses(0, buffer.words.length);
        last = buffer;
      }
    }
  }

  private Buffer start(long address, String call) {
    Buffer buffer = buffer(address);
    if (buffer == null || buffer.base() != address || buffer.isFreed()) {
      throw new GpuException(call + ": " + hex(address) + " is not the start of allocated memory");
    }
    return buffer;
  }

  GpuMemory statistics() {
    return new GpuMemory(total - inUse, total);
  }

  void write(MemorySegment source, long target) {
    Buffer buffer = range(target, source.byteSize(), "copyToDevice");
    long offset = target - buffer.base();
    MemorySegment.copy(source, 0, MemorySegment.ofArray(buffer.words), offset, source.byteSize());
    buffer.markWritten(offset, source.byteSize());
  }

  void read(long source, MemorySegment target) {
    Buffer buffer = range(source, target.byteSize(), "copyToHost");
    long offset = source - buffer.base();
    long missing = buffer.countUnwritten(offset, target.byteSize());
    if (missing > 0) {
      throw new GpuException(
          "copyToHost: nobody wrote %d of the %d bytes from byte %d of %s"
              .formatted(missing, target.byteSize(), offset, buffer.name()));
    }
    MemorySegment.copy(MemorySegment.ofArray(buffer.words), offset, target, 0, target.byteSize());
  }

  void copy(long source, long target, long bytes) {
    if (((source | target | bytes) & 3) != 0) {
      throw new GpuException("copy: addresses and size must be multiples of 4 bytes");
    }
    Buffer from = range(source, bytes, "copy");
    Buffer to = range(target, bytes, "copy");
    int first = (int) (source - from.base() >>> 2);
    int second = (int) (target - to.base() >>> 2);
    int count = (int) (bytes >>> 2);
    System.arraycopy(from.words, first, to.words, second, count);
    to.copyShadow(from, first, second, count);
  }

  void fill(long target, int value, long words) {
    Buffer buffer = range(target, words * Integer.BYTES, "fill");
    int first = (int) (target - buffer.base() >>> 2);
    Arrays.fill(buffer.words, first, first + (int) words, value);
    buffer.markWritten(target - buffer.base(), words * Integer.BYTES);
  }

  /** Makes a buffer of a module's variable. */
  long variable(String name, long bytes, byte[] data) {
    long address = allocate(bytes);
    name(address, bytes, name);
    byte[] contents = Arrays.copyOf(data, (int) bytes);
    write(MemorySegment.ofArray(contents), address);
    return address;
  }

  private Buffer range(long address, long bytes, String call) {
    Buffer buffer = buffer(address);
    if (buffer == null) {
      throw new GpuException(call + ": there is no memory at " + hex(address));
    }
    long offset = address - buffer.base();
    if (offset + bytes > buffer.bytes()) {
      throw new GpuException(
          "%s: bytes %d to %d of %s".formatted(call, offset, offset + bytes, buffer.name()));
    }
    return buffer;
  }

  // Device side

  /** Reads of some lanes; calls back for each buffer that they touch. */
  void read(Warp warp, int mask, int size, Transfer transfer) {
    int rest = mask;
    do {
      int lane = Integer.numberOfTrailingZeros(rest);
      Buffer buffer = buffer(warp, lane, "reads", size);
      int inside = buffer.read(warp, rest, size);
      if ((inside >>> lane & 1) == 0) {
        throw buffer.outside(lane, "reads", size, warp.addresses[lane]);
      }
      transfer.move(warp, buffer.words, inside);
      rest &= ~inside;
    } while (rest != 0);
  }

  /** Writes of some lanes. */
  void write(Warp warp, int mask, int size, Transfer transfer) {
    int rest = mask;
    do {
      int lane = Integer.numberOfTrailingZeros(rest);
      Buffer buffer = buffer(warp, lane, "writes", size);
      int inside = buffer.write(warp, rest, size);
      if ((inside >>> lane & 1) == 0) {
        throw buffer.outside(lane, "writes", size, warp.addresses[lane]);
      }
      transfer.move(warp, buffer.words, inside);
      rest &= ~inside;
    } while (rest != 0);
  }

  /** Atomic updates of some lanes. */
  void update(Warp warp, int mask, int size, Transfer transfer) {
    int rest = mask;
    do {
      int lane = Integer.numberOfTrailingZeros(rest);
      Buffer buffer = buffer(warp, lane, "updates", size);
      int inside = buffer.update(warp, rest, size);
      if ((inside >>> lane & 1) == 0) {
        throw buffer.outside(lane, "updates", size, warp.addresses[lane]);
      }
      transfer.move(warp, buffer.words, inside);
      rest &= ~inside;
    } while (rest != 0);
  }

  /** Moves words between registers and memory for lanes whose {@link Warp#places} are set. */
  interface Transfer {
    void move(Warp warp, int[] words, int lanes);
  }

  private Buffer buffer(Warp warp, int lane, String act, int size) {
    Buffer buffer = buffer(warp.addresses[lane]);
    if (buffer == null) {
      throw new Fault(
          lane,
          "%s %d bytes at %s, where no memory is".formatted(act, size, hex(warp.addresses[lane])));
    }
    return buffer;
  }

  /** The buffer that an address belongs to, or just misses; null if there is none near. */
  private @Nullable Buffer buffer(long address) {
    Buffer[] all = windows;
    long distance = address - ORIGIN;
    if (distance < 0) {
      return distance >= -(1L << WINDOW_SHIFT) && all.length > 0 ? all[0] : null;
    }
    long window = distance >>> WINDOW_SHIFT;
    if (window >= all.length) {
      return null;
    }
    Buffer buffer = all[(int) window];
    // In the empty window, the nearer of two neighbours.
    boolean nearNext =
        address - buffer.base() - buffer.capacity() > 1L << WINDOW_SHIFT - 1
            && window + 1 < all.length;
    return nearNext ? all[(int) window + 1] : buffer;
  }

  private static String hex(long address) {
    return "0x" + Long.toHexString(address);
  }
}
