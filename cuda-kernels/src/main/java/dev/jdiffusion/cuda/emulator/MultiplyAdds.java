package dev.jdiffusion.cuda.emulator;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Several {@code fma.rn.f32} that follow each other, done as one: the inner loop of every product
 * is made of them, and finding the next instruction takes as long as computing one.
 */
final class MultiplyAdds extends Instruction {
  private static final int OPERANDS = 4;

  /** The slots of each instruction: d, a, b, c. */
  private final int[] slots;

  MultiplyAdds(List<Arithmetic.Narrow> instructions) {
    length = instructions.size();
    slots = new int[OPERANDS * length];
    for (int i = 0; i < length; i++) {
      instructions.get(i).slots(slots, OPERANDS * i);
    }
  }

  /** Puts one of these in place of the first of each sequence; nothing branches into the rest. */
  static void join(List<Instruction> code) {
    BitSet targets = new BitSet(code.size() + 1);
    for (Instruction instruction : code) {
      switch (instruction) {
        case Control.Branch branch -> targets.set(branch.target);
        case Control.BranchTable table -> Arrays.stream(table.targets).forEach(targets::set);
        default -> {}
      }
    }
    List<Arithmetic.Narrow> sequence = new ArrayList<>();
    for (int i = 0; i <= code.size(); i++) {
      Arithmetic.@Nullable Narrow next = i < code.size() ? multiplyAdd(code.get(i)) : null;
      if (sequence.size() > 1 && (next == null || targets.get(i))) {
        MultiplyAdds joined = new MultiplyAdds(sequence);
        int first = i - sequence.size();
        joined.source = code.get(first).source;
        code.set(first, joined);
      }
      if (next == null || targets.get(i)) {
        sequence.clear();
      }
      if (next != null) {
        sequence.add(next);
      }
    }
  }

  private static Arithmetic.@Nullable Narrow multiplyAdd(Instruction instruction) {
    boolean fits = instruction.guard == NONE && instruction.source.opcode().equals("fma.rn.f32");
    return fits && instruction instanceof Arithmetic.Narrow narrow ? narrow : null;
  }

  @Override
  void execute(Warp warp, int mask) {
    int[][] registers = warp.narrow;
    for (int at = 0; at < slots.length; at += OPERANDS) {
      int[] d = mask == Lanes.ALL ? registers[slots[at]] : warp.narrowScratch;
      apply(d, registers[slots[at + 1]], registers[slots[at + 2]], registers[slots[at + 3]]);
      if (mask != Lanes.ALL) {
        warp.keep(slots[at], d, mask);
      }
    }
  }

  private static void apply(int[] d, int[] a, int[] b, int[] c) {
    for (int i = 0; i < Lanes.COUNT; i++) {
      d[i] =
          Float.floatToRawIntBits(
              Math.fma(
                  Float.intBitsToFloat(a[i]),
                  Float.intBitsToFloat(b[i]),
                  Float.intBitsToFloat(c[i])));
    }
  }
}
