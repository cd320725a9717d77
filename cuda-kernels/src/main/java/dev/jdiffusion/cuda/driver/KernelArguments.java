package dev.jdiffusion.cuda.driver;

import static java.lang.foreign.ValueLayout.JAVA_DOUBLE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * The arguments of one launch site, in native memory that is written again for every launch: a slot
 * of eight bytes for each parameter, and the array of pointers to the slots that a driver asks for.
 * Nothing is allocated per launch.
 */
public final class KernelArguments {
  private static final int SLOT = Long.BYTES;

  private final int capacity;
  private final MemorySegment values;
  private final MemorySegment pointers;
  private final byte[] widths;
  private final @Nullable Object[] shapes;
  private int count;

  /** Room for {@code capacity} arguments. */
  public KernelArguments(int capacity) {
    this.capacity = capacity;
    values = Arena.ofAuto().allocate((long) capacity * SLOT, SLOT);
    pointers = Arena.ofAuto().allocate((long) capacity * SLOT, SLOT);
    widths = new byte[capacity];
    shapes = new Object[capacity];
    for (int i = 0; i < capacity; i++) {
      pointers.setAtIndex(JAVA_LONG, i, values.address() + (long) i * SLOT);
    }
  }

  /** Forgets all arguments. */
  public void clear() {
    count = 0;
  }

  /** Appends a device address, or another 64-bit integer. */
  public void add(long value) {
    values.set(JAVA_LONG, next(Long.BYTES), value);
  }

  /**
   * Appends the address of a tensor.
   *
   * @param shape what a driver that checks accesses calls it in messages
   */
  public void add(long address, Object shape) {
    add(address);
    shapes[count - 1] = shape;
  }

  /** Appends a 32-bit integer. */
  public void add(int value) {
    values.set(JAVA_INT, next(Integer.BYTES), value);
  }

  /** Appends a number of single precision. */
  public void add(float value) {
    values.set(JAVA_FLOAT, next(Float.BYTES), value);
  }

  /** Appends a number of double precision. */
  public void add(double value) {
    values.set(JAVA_DOUBLE, next(Double.BYTES), value);
  }

  private long next(int width) {
    if (count == capacity) {
      throw new IllegalStateException("more than " + capacity + " kernel arguments");
    }
    widths[count] = (byte) width;
    shapes[count] = null;
    return (long) count++ * SLOT;
  }

  /** How many there are. */
  public int count() {
    return count;
  }

  /** Bytes of an argument: 4 or 8. */
  public int width(int index) {
    return widths[index];
  }

  /** The shape of the tensor that an argument points to, if it was given. */
  public @Nullable Object shape(int index) {
    return shapes[index];
  }

  /** The bits of an argument; of one of four bytes the lower half counts. */
  public long bits(int index) {
    return values.getAtIndex(JAVA_LONG, index);
  }

  /**
   * Native addresses of the arguments, one after the other, as {@code cuLaunchKernel} takes them.
   */
  public MemorySegment pointers() {
    return pointers;
  }
}
