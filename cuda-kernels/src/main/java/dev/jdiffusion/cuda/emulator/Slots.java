package dev.jdiffusion.cuda.emulator;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Hands out a kernel's slots: registers, constants, special registers, and its local memory. */
final class Slots {
  private static final long[] WIDE_REGISTER = {};

  private final List<Program.Slot> narrow = new ArrayList<>();
  private final List<long[]> wide = new ArrayList<>();
  private final Map<Integer, Integer> narrowConstants = new HashMap<>();
  private final Map<Long, Integer> wideConstants = new HashMap<>();
  private final Map<Special, Integer> specials = new EnumMap<>(Special.class);
  private int predicates;
  private int localBytes;

  int narrowRegister() {
    narrow.add(Program.Slot.REGISTER);
    return narrow.size() - 1;
  }

  int wideRegister() {
    wide.add(WIDE_REGISTER);
    return wide.size() - 1;
  }

  int predicate() {
    return predicates++;
  }

  int constant(int value) {
    return narrowConstants.computeIfAbsent(
        value,
        unused -> {
          int[] lanes = new int[Lanes.COUNT];
          Arrays.fill(lanes, value);
          narrow.add(new Program.Slot(lanes, null));
          return narrow.size() - 1;
        });
  }

  int constant(long value) {
    return wideConstants.computeIfAbsent(
        value,
        unused -> {
          long[] lanes = new long[Lanes.COUNT];
          Arrays.fill(lanes, value);
          wide.add(lanes);
          return wide.size() - 1;
        });
  }

  /** The value of a slot of {@link #constant(long)}. */
  long wideConstant(int slot) {
    return wide.get(slot)[0];
  }

  int special(Special special) {
    return specials.computeIfAbsent(
        special,
        unused -> {
          narrow.add(new Program.Slot(null, special));
          return narrow.size() - 1;
        });
  }

  /** Local memory of a thread; its address. */
  int allocateLocal(long bytes, int align) {
    int address = (localBytes + align - 1) / align * align;
    localBytes = address + (int) bytes;
    return address;
  }

  Access.Address localAddress(long address) {
    return new Access.Address(Access.Space.LOCAL, constant(address), false, 0);
  }

  List<Program.Slot> narrow() {
    return List.copyOf(narrow);
  }

  List<long[]> wide() {
    return List.copyOf(wide);
  }

  int predicates() {
    return predicates;
  }

  int localBytes() {
    return localBytes;
  }
}
