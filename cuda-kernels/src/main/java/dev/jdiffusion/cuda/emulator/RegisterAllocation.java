package dev.jdiffusion.cuda.emulator;

import dev.jdiffusion.cuda.ptx.PtxFunction;
import dev.jdiffusion.cuda.ptx.PtxInstruction;
import dev.jdiffusion.cuda.ptx.PtxOperand;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Set;

/**
 * Lets registers of a function that are never needed at the same time share a slot. Compilers give
 * every value in PTX a register of its own, some thousands in a large kernel; of them some hundred
 * live at a time, and these stay in the host's caches.
 *
 * <p>A register is taken to live from its first to its last instruction in the order of the text
 * and, unless it is written first and read last within one straight piece of code, all through each
 * loop that it lives in a part of (linear scan: Poletto and Sarkar, 1999).
 */
final class RegisterAllocation {
  /** Where a register lives, as indices of instructions, both inclusive. */
  private static final class Interval {
    private final String name;
    private int first;
    private int last;
    private int slot;

    /** Whether its first instruction writes it for all threads that come there. */
    private final boolean writtenFirst;

    Interval(String name, int at, boolean writtenFirst) {
      this.name = name;
      this.writtenFirst = writtenFirst;
      first = at;
      last = at;
    }
  }

  /** A loop: a branch backwards, and what it goes to. */
  private record Loop(int first, int last) {}

  private final PtxFunction function;
  private final List<Loop> loops = new ArrayList<>();

  /** Instructions that are reached from elsewhere than from the one before, or may be. */
  private final BitSet starts = new BitSet();

  private RegisterAllocation(PtxFunction function) {
    this.function = function;
  }

  /**
   * The number of the slot of each register, among the slots of its {@link Register kind}.
   *
   * @return by name; registers that no instruction names and predicates are left out
   */
  static Map<String, Integer> of(PtxFunction function) {
    RegisterAllocation allocation = new RegisterAllocation(function);
    allocation.findLoops();
    Map<Register, List<Interval>> intervals = new HashMap<>();
    for (Interval interval : allocation.intervals().values()) {
      allocation.extend(interval);
      Register kind = Register.ofType(function.registers().getOrDefault(interval.name, ""));
      intervals.computeIfAbsent(kind, unused -> new ArrayList<>()).add(interval);
    }
    Map<String, Integer> slots = new HashMap<>();
    intervals.values().forEach(each -> scan(each, slots));
    return slots;
  }

  private void findLoops() {
    List<PtxInstruction> body = function.body();
    function.labels().values().forEach(starts::set);
    for (int i = 0; i < body.size(); i++) {
      String opcode = body.get(i).opcode();
      List<String> targets = List.of();
      if (opcode.startsWith("bra")) {
        targets = List.copyOf(Operands.names(body.get(i).operands()));
      } else if (opcode.startsWith("brx")) {
        targets =
            Operands.names(body.get(i).operands()).stream()
                .flatMap(name -> function.branchTargets().getOrDefault(name, List.of()).stream())
                .toList();
      }
      if (!targets.isEmpty() || opcode.startsWith("ret") || opcode.startsWith("exit")) {
        starts.set(i + 1);
      }
      for (String target : targets) {
        Integer to = function.labels().get(target);
        if (to != null && to <= i) {
          loops.add(new Loop(to, i));
        }
      }
    }
  }

  private Map<String, Interval> intervals() {
    Map<String, Interval> intervals = new LinkedHashMap<>();
    for (int i = 0; i < function.body().size(); i++) {
      PtxInstruction instruction = function.body().get(i);
      int split = hasResult(instruction) ? 1 : 0;
      Set<String> written = Operands.names(instruction.operands().subList(0, split));
      Set<String> read =
          Operands.names(instruction.operands().subList(split, instruction.operands().size()));
      Set<String> all = new HashSet<>(written);
      all.addAll(read);
      for (String name : all) {
        String type = function.registers().getOrDefault(name, "pred");
        if (type.equals("pred")) {
          continue;
        }
        boolean isWritten =
            written.contains(name) && !read.contains(name) && instruction.guard() == null;
        int at = i;
        intervals.computeIfAbsent(name, unused -> new Interval(name, at, isWritten)).last = i;
      }
    }
    return intervals;
  }

  /** Whether the first operand is a result, and not where a result goes in memory. */
  private static boolean hasResult(PtxInstruction instruction) {
    return !instruction.operands().isEmpty()
        && !(instruction.operands().getFirst() instanceof PtxOperand.Address);
  }

  private void extend(Interval interval) {
    int nextStart = starts.nextSetBit(interval.first + 1);
    boolean isStraight = nextStart < 0 || nextStart > interval.last;
    if (isStraight && interval.writtenFirst) {
      return;
    }
    boolean changed;
    do {
      changed = false;
      for (Loop loop : loops) {
        boolean meets = loop.first <= interval.last && loop.last >= interval.first;
        if (meets && (loop.first < interval.first || loop.last > interval.last)) {
          interval.first = Math.min(interval.first, loop.first);
          interval.last = Math.max(interval.last, loop.last);
          changed = true;
        }
      }
    } while (changed);
  }

  /** Gives each interval the slot that has been free for the shortest time. */
  private static void scan(List<Interval> intervals, Map<String, Integer> slots) {
    intervals.sort(Comparator.comparingInt(interval -> interval.first));
    PriorityQueue<Interval> living =
        new PriorityQueue<>(Comparator.comparingInt(interval -> interval.last));
    List<Integer> free = new ArrayList<>();
    int count = 0;
    for (Interval interval : intervals) {
      while (!living.isEmpty() && living.peek().last < interval.first) {
        free.add(living.remove().slot);
      }
      interval.slot = free.isEmpty() ? count++ : free.removeLast();
      slots.put(interval.name, interval.slot);
      living.add(interval);
    }
  }
}
