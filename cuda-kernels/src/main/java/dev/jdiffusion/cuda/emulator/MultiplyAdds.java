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
final class MultiplyAdds extends Lanewise {
  private static final int OPERANDS = 4;

  /** So few that a hundred registers of them fit into the first-level cache. */
  private static final int LANES_AT_ONCE = 64;

  /** The slots of each instruction: d, a, b, c. */
  private final int[] slots;

  MultiplyAdds(List<Arithmetic.Single> instructions) {
    length = instructions.size();
    counted = length;
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
    List<Arithmetic.Single> sequence = new ArrayList<>();
    for (int i = 0; i <= code.size(); i++) {
      Arithmetic.@Nullable Single next = i < code.size() ? multiplyAdd(code.get(i)) : null;
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

  private static Arithmetic.@Nullable Single multiplyAdd(Instruction instruction) {
    boolean fits = instruction.guard == NONE && instruction.source.opcode().equals("fma.rn.f32");
    return fits && instruction instanceof Arithmetic.Single single ? single : null;
  }

  @Override
  void compute(Registers registers, boolean aside, int from, int to) {
    float[][] single = registers.single;
    for (int first = from; first < to; first += LANES_AT_ONCE) {
      int end = Math.min(to, first + LANES_AT_ONCE);
      for (int at = 0; at < slots.length; at += OPERANDS) {
        float[] d = single[slots[at]];
        apply(d, single[slots[at + 1]], single[slots[at + 2]], single[slots[at + 3]], first, end);
      }
    }
  }

  @Override
  void execute(Warp warp, int mask) {
    if ((mask | ~warp.alive) == Lanes.ALL) {
      compute(warp.registers, false, warp.first, warp.first + Lanes.COUNT);
      return;
    }
    float[][] single = warp.registers.single;
    float[] d = warp.registers.singleScratch;
    for (int at = 0; at < slots.length; at += OPERANDS) {
      apply(
          d,
          single[slots[at + 1]],
          single[slots[at + 2]],
          single[slots[at + 3]],
          warp.first,
          warp.first + Lanes.COUNT);
      warp.keep(slots[at], d, mask);
    }
  }

  @Override
  void keep(Warp warp, int mask) {
    throw new IllegalStateException("each of the instructions keeps its own results");
  }

  private static void apply(float[] d, float[] a, float[] b, float[] c, int from, int to) {
    for (int i = from; i < to; i++) {
      d[i] = Math.fma(a[i], b[i], c[i]);
    }
  }
}
