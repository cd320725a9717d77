package dev.jdiffusion.cuda.emulator;

import java.util.Arrays;

/**
 * Loads and stores. An access checks the addresses of all lanes first, which gives the places of
 * the words, and then moves them.
 */
abstract class Access extends Instruction implements GlobalMemory.Transfer {
  /** A state space. Constants lie in global memory. */
  enum Space {
    GLOBAL,
    SHARED,
    LOCAL,
    GENERIC
  }

  /** Generic addresses of shared and local memory begin here. */
  static final long SHARED_WINDOW = 1L << 60;

  static final long LOCAL_WINDOW = 1L << 61;
  private static final long WINDOWS = SHARED_WINDOW | LOCAL_WINDOW;

  private final Address address;

  /** Bytes that one lane moves. */
  final int size;

  /** Bytes of one of its elements. */
  final int elementBytes;

  /** The register slots of the elements. */
  final int[] slots;

  /** Where the registers are kept. */
  final Register kind;

  /**
   * Where an address is taken from.
   *
   * @param narrow whether the slot has 32 bits, not 64
   */
  record Address(Space space, int slot, boolean narrow, long offset) {}

  Access(Address address, int elementBytes, int[] slots, Register kind) {
    this.address = address;
    this.elementBytes = elementBytes;
    this.slots = slots;
    this.kind = kind;
    size = elementBytes * slots.length;
  }

  @Override
  final void execute(Warp warp, int mask) {
    addresses(warp, address);
    if (address.space() == Space.GENERIC) {
      generic(warp, mask);
    } else {
      dispatch(warp, mask, address.space());
    }
  }

  /** Computes the addresses of all lanes. */
  static void addresses(Warp warp, Address address) {
    long[] addresses = warp.addresses;
    long offset = address.offset();
    if (address.narrow()) {
      int[] lanes = warp.narrow[address.slot()];
      for (int i = 0; i < Lanes.COUNT; i++) {
        addresses[i] = Integer.toUnsignedLong(lanes[warp.first + i]) + offset;
      }
    } else {
      long[] lanes = warp.wide[address.slot()];
      for (int i = 0; i < Lanes.COUNT; i++) {
        addresses[i] = lanes[warp.first + i] + offset;
      }
    }
  }

  private void dispatch(Warp warp, int mask, Space where) {
    if (where == Space.GLOBAL) {
      warp.block.counters().global(warp.addresses, mask, size);
    } else if (where == Space.SHARED) {
      warp.block.counters().shared(warp.addresses, mask, size);
    }
    access(warp, mask, where);
  }

  private void generic(Warp warp, int mask) {
    int shared = 0;
    int local = 0;
    for (int rest = mask; rest != 0; rest &= rest - 1) {
      int lane = Integer.numberOfTrailingZeros(rest);
      long window = warp.addresses[lane] & WINDOWS;
      shared |= window == SHARED_WINDOW ? 1 << lane : 0;
      local |= window == LOCAL_WINDOW ? 1 << lane : 0;
      warp.addresses[lane] -= window;
    }
    int global = mask & ~shared & ~local;
    if (shared != 0) {
      dispatch(warp, shared, Space.SHARED);
    }
    if (local != 0) {
      dispatch(warp, local, Space.LOCAL);
    }
    if (global != 0) {
      dispatch(warp, global, Space.GLOBAL);
    }
  }

  abstract void access(Warp warp, int mask, Space where);

  /** Reads registers. */
  static final class Load extends Access {
    private final boolean signed;

    Load(Address address, int elementBytes, boolean signed, int[] slots, Register kind) {
      super(address, elementBytes, slots, kind);
      this.signed = signed;
    }

    @Override
    void access(Warp warp, int mask, Space where) {
      switch (where) {
        case SHARED -> {
          SharedMemory shared = warp.block.shared();
          shared.checkInside(warp, mask, shared.read(warp, mask, size), "reads", size);
          move(warp, shared.words, mask);
        }
        case LOCAL -> {
          warp.local.access(warp, mask, size, false);
          move(warp, warp.local.words, mask);
        }
        default -> warp.block.launch().memory().read(warp, mask, size, this);
      }
    }

    @Override
    public void move(Warp warp, int[] words, int lanes) {
      if (elementBytes == Integer.BYTES && kind != Register.WIDE) {
        for (int element = 0; element < slots.length; element++) {
          if (slots[element] != NONE) {
            if (kind == Register.SINGLE) {
              numbers(warp, warp.registers.single[slots[element]], words, element, lanes);
            } else {
              words(warp, warp.narrow[slots[element]], words, element, lanes);
            }
          }
        }
      } else if (elementBytes == Long.BYTES) {
        for (int element = 0; element < slots.length; element++) {
          if (slots[element] != NONE) {
            doubleWords(warp, warp.wide[slots[element]], words, 2 * element, lanes);
          }
        }
      } else {
        parts(warp, words, lanes);
      }
    }

    private static void words(Warp warp, int[] to, int[] words, int element, int lanes) {
      int[] places = warp.places;
      int first = warp.first;
      if (lanes == Lanes.ALL) {
        for (int lane = 0; lane < Lanes.COUNT; lane++) {
          to[first + lane] = words[places[lane] + element];
        }
        return;
      }
      for (int rest = lanes; rest != 0; rest &= rest - 1) {
        int lane = Integer.numberOfTrailingZeros(rest);
        to[first + lane] = words[places[lane] + element];
      }
    }

    private static void numbers(Warp warp, float[] to, int[] words, int element, int lanes) {
      int[] places = warp.places;
      int first = warp.first;
      if (lanes == Lanes.ALL) {
        for (int lane = 0; lane < Lanes.COUNT; lane++) {
          to[first + lane] = Float.intBitsToFloat(words[places[lane] + element]);
        }
        return;
      }
      for (int rest = lanes; rest != 0; rest &= rest - 1) {
        int lane = Integer.numberOfTrailingZeros(rest);
        to[first + lane] = Float.intBitsToFloat(words[places[lane] + element]);
      }
    }

    private static void doubleWords(Warp warp, long[] to, int[] words, int element, int lanes) {
      for (int rest = lanes; rest != 0; rest &= rest - 1) {
        int lane = Integer.numberOfTrailingZeros(rest);
        int place = warp.places[lane] + element;
        to[warp.first + lane] =
            Integer.toUnsignedLong(words[place]) | (long) words[place + 1] << Integer.SIZE;
      }
    }

    /** Elements of less than a word, or that are extended to 64 bits. */
    private void parts(Warp warp, int[] words, int lanes) {
      int unused = Integer.SIZE - Byte.SIZE * elementBytes;
      for (int element = 0; element < slots.length; element++) {
        if (slots[element] == NONE) {
          continue;
        }
        for (int rest = lanes; rest != 0; rest &= rest - 1) {
          int lane = Integer.numberOfTrailingZeros(rest);
          int at = (int) (warp.addresses[lane] & 3) + element * elementBytes;
          int word = words[warp.places[lane] + (at >>> 2)] >>> Byte.SIZE * (at & 3) << unused;
          int value = signed ? word >> unused : word >>> unused;
          if (kind == Register.WIDE) {
            warp.wide[slots[element]][warp.first + lane] =
                signed ? value : Integer.toUnsignedLong(value);
          } else {
            warp.narrow[slots[element]][warp.first + lane] = value;
          }
        }
      }
    }
  }

  /** Writes registers. */
  static final class Store extends Access {
    Store(Address address, int elementBytes, int[] slots, Register kind) {
      super(address, elementBytes, slots, kind);
    }

    /** Whether the registers of two lanes hold the same. */
    boolean writesSame(Warp warp, int lane, int other) {
      int one = warp.first + lane;
      int two = warp.first + other;
      Registers registers = warp.registers;
      return Arrays.stream(slots)
          .allMatch(slot ->
              switch (kind) {
                case NARROW -> registers.narrow[slot][one] == registers.narrow[slot][two];
                case WIDE -> registers.wide[slot][one] == registers.wide[slot][two];
                case SINGLE ->
                    Float.floatToRawIntBits(registers.single[slot][one])
                        == Float.floatToRawIntBits(registers.single[slot][two]);
              });
    }

    @Override
    void access(Warp warp, int mask, Space where) {
      switch (where) {
        case SHARED -> {
          SharedMemory shared = warp.block.shared();
          shared.checkInside(warp, mask, shared.write(warp, mask, size), "writes", size);
          move(warp, shared.words, mask);
        }
        case LOCAL -> {
          warp.local.access(warp, mask, size, true);
          move(warp, warp.local.words, mask);
        }
        default -> warp.block.launch().memory().write(warp, mask, size, this);
      }
    }

    @Override
    public void move(Warp warp, int[] words, int lanes) {
      for (int element = 0; element < slots.length; element++) {
        if (elementBytes == Integer.BYTES && kind != Register.WIDE) {
          if (kind == Register.SINGLE) {
            numbers(warp, warp.registers.single[slots[element]], words, element, lanes);
          } else {
            words(warp, warp.narrow[slots[element]], words, element, lanes);
          }
        } else if (elementBytes == Long.BYTES) {
          doubleWords(warp, warp.wide[slots[element]], words, 2 * element, lanes);
        } else {
          parts(warp, words, element, lanes);
        }
      }
    }

    private static void words(Warp warp, int[] from, int[] words, int element, int lanes) {
      int[] places = warp.places;
      int first = warp.first;
      if (lanes == Lanes.ALL) {
        for (int lane = 0; lane < Lanes.COUNT; lane++) {
          words[places[lane] + element] = from[first + lane];
        }
        return;
      }
      for (int rest = lanes; rest != 0; rest &= rest - 1) {
        int lane = Integer.numberOfTrailingZeros(rest);
        words[places[lane] + element] = from[first + lane];
      }
    }

    private static void numbers(Warp warp, float[] from, int[] words, int element, int lanes) {
      int[] places = warp.places;
      int first = warp.first;
      if (lanes == Lanes.ALL) {
        for (int lane = 0; lane < Lanes.COUNT; lane++) {
          words[places[lane] + element] = Float.floatToRawIntBits(from[first + lane]);
        }
        return;
      }
      for (int rest = lanes; rest != 0; rest &= rest - 1) {
        int lane = Integer.numberOfTrailingZeros(rest);
        words[places[lane] + element] = Float.floatToRawIntBits(from[first + lane]);
      }
    }

    private static void doubleWords(Warp warp, long[] from, int[] words, int element, int lanes) {
      for (int rest = lanes; rest != 0; rest &= rest - 1) {
        int lane = Integer.numberOfTrailingZeros(rest);
        int place = warp.places[lane] + element;
        words[place] = (int) from[warp.first + lane];
        words[place + 1] = (int) (from[warp.first + lane] >>> Integer.SIZE);
      }
    }

    private void parts(Warp warp, int[] words, int element, int lanes) {
      int bits = Byte.SIZE * elementBytes;
      int valueMask = bits == Integer.SIZE ? -1 : (1 << bits) - 1;
      for (int rest = lanes; rest != 0; rest &= rest - 1) {
        int lane = Integer.numberOfTrailingZeros(rest);
        int at = (int) (warp.addresses[lane] & 3) + element * elementBytes;
        int place = warp.places[lane] + (at >>> 2);
        int shift = Byte.SIZE * (at & 3);
        int value =
            kind == Register.WIDE
                ? (int) warp.wide[slots[element]][warp.first + lane]
                : warp.narrow[slots[element]][warp.first + lane];
        // Threads of other blocks may write the other bytes of the word at the same time.
        Atomic.replaceBits(words, place, valueMask << shift, (value & valueMask) << shift);
      }
    }
  }

  /** Reads a kernel's parameters, which are the same for all threads. */
  static final class LoadParameter extends Instruction {
    private final int byteOffset;
    private final int elementBytes;
    private final boolean signed;
    private final int[] slots;
    private final boolean wideSlots;

    LoadParameter(int byteOffset, int elementBytes, boolean signed, int[] slots, boolean wide) {
      this.byteOffset = byteOffset;
      this.elementBytes = elementBytes;
      this.signed = signed;
      this.slots = slots;
      this.wideSlots = wide;
    }

    @Override
    void execute(Warp warp, int mask) {
      int[] parameters = warp.block.launch().parameters();
      for (int element = 0; element < slots.length; element++) {
        long value = value(parameters, byteOffset + element * elementBytes);
        for (int rest = mask; rest != 0; rest &= rest - 1) {
          int lane = Integer.numberOfTrailingZeros(rest);
          if (wideSlots) {
            warp.wide[slots[element]][warp.first + lane] = value;
          } else {
            warp.narrow[slots[element]][warp.first + lane] = (int) value;
          }
        }
      }
    }

    private long value(int[] parameters, int at) {
      long word = Integer.toUnsignedLong(parameters[at >>> 2]) >>> Byte.SIZE * (at & 3);
      if (elementBytes == Long.BYTES) {
        return word | (long) parameters[(at >>> 2) + 1] << Integer.SIZE;
      }
      int unused = Long.SIZE - Byte.SIZE * elementBytes;
      return signed ? word << unused >> unused : word << unused >>> unused;
    }
  }
}
