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
  private static final float[] SINGLE_REGISTER = {};

  private final List<Program.Slot> narrow = new ArrayList<>();
  private final List<long[]> wide = new ArrayList<>();
  private final List<float[]> single = new ArrayList<>();
  private final Map<Integer, Integer> narrowConstants = new HashMap<>();
  private final Map<Long, Integer> wideConstants = new HashMap<>();
  private final Map<Integer, Integer> singleConstants = new HashMap<>();
  private final Map<Special, Integer> specials = new EnumMap<>(Special.class);
  private int predicates;
  private int localBytes;

  int register(Register kind) {
    return switch (kind) {
      case NARROW -> added(narrow, Program.Slot.REGISTER);
      case WIDE -> added(wide, WIDE_REGISTER);
      case SINGLE -> added(single, SINGLE_REGISTER);
    };
  }

  private static <T> int added(List<T> slots, T slot) {
    slots.add(slot);
    return slots.size() - 1;
  }

  int predicate() {
    return predicates++;
  }

  int constant(int value) {
    return narrowConstants.computeIfAbsent(
        value,
        unused -> {
          int[] lanes = new int[Lanes.MOST];
          Arrays.fill(lanes, value);
          narrow.add(new Program.Slot(lanes, null));
          return narrow.size() - 1;
        });
  }

  /** A constant of single precision, by its bits. */
  int singleConstant(int bits) {
    return singleConstants.computeIfAbsent(
        bits,
        unused -> {
          float[] lanes = new float[Lanes.MOST];
          Arrays.fill(lanes, Float.intBitsToFloat(bits));
          single.add(lanes);
          return single.size() - 1;
        });
  }

  int constant(long value) {
    return wideConstants.computeIfAbsent(
        value,
        unused -> {
          long[] lanes = new long[Lanes.MOST];
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

  List<float[]> single() {
    return List.copyOf(single);
  }

  int predicates() {
    return predicates;
  }

  int localBytes() {
    return localBytes;
  }
}
