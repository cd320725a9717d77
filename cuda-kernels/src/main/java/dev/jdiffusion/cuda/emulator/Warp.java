package dev.jdiffusion.cuda.emulator;

import java.util.List;

/**
 * 32 threads that run together: their registers, and where each of them stands.
 *
 * <p>Threads that part at a branch become groups with a program counter each. The group that stands
 * lowest runs, and takes in every group that it comes to: for code whose branches nest, which is
 * what compilers write, threads meet again where the branches end.
 */
final class Warp {
  /** What a warp is about to do. */
  enum State {
    RUNNING,
    AT_BARRIER,
    DONE
  }

  /** The program counter of no group. */
  static final int NO_GROUP = Integer.MAX_VALUE;

  final Block block;
  final int number;

  /** The registers of its block; its own lanes begin at {@link #first}. */
  final Registers registers;

  final int[][] narrow;
  final long[][] wide;
  final int[] narrowScratch;
  final int first;

  /** Predicates, a bit per lane. */
  final int[] predicates;

  /** The carry flag, a bit per lane. */
  int carry;

  /** Local memory. */
  final LocalMemory local;

  /** Addresses of the access that is being done, and the places of the words they mean. */
  final long[] addresses = new long[Lanes.COUNT];

  final int[] places = new int[Lanes.COUNT];

  /** Copies that were started and not waited for, and what the one being started has read. */
  final AsyncCopy.Copies copies = new AsyncCopy.Copies();

  final int[][] staged = new int[Lanes.COUNT][0];

  State state = State.DONE;
  int pc;

  /** Lanes that run now. */
  int active;

  /** Lanes that have not ended. */
  int alive;

  /** How often its lanes have waited for each other since the block began. */
  int syncs;

  /** What marks its accesses of global memory, and the first such number of the launch. */
  int tag;

  int firstTag;

  /** The barrier that it waits at. */
  int barrier;

  // Groups that wait, in no order; lowestPc is the lowest of their program counters.
  private final int[] waitingPc = new int[Lanes.COUNT];
  private final int[] waitingMask = new int[Lanes.COUNT];
  private int waiting;
  private int lowestPc = NO_GROUP;

  private final Program program;

  Warp(Block block, int number) {
    this.block = block;
    this.number = number;
    program = block.program();
    predicates = new int[program.predicates()];
    registers = block.registers();
    narrow = registers.narrow;
    wide = registers.wide;
    narrowScratch = registers.narrowScratch;
    first = number * Lanes.COUNT;
    local = new LocalMemory(program.localBytes());
  }

  /** Puts it before the first instruction of the block's current index. */
  void start(int lanes) {
    List<Program.Slot> slots = program.narrow();
    for (int i = 0; i < narrow.length; i++) {
      Special special = slots.get(i).special();
      if (special != null) {
        for (int lane = 0; lane < Lanes.COUNT; lane++) {
          narrow[i][first + lane] = special.value(this, lane);
        }
      }
    }
    tag = block.tag();
    firstTag = block.launch().tags();
    syncs = 0;
    local.forget();
    copies.forget();
    alive = lanes == Lanes.COUNT ? Lanes.ALL : (1 << lanes) - 1;
    active = alive;
    pc = 0;
    waiting = 0;
    lowestPc = NO_GROUP;
    state = State.RUNNING;
  }

  /** Where it goes on; waiting groups that stand there or lower take part. */
  int nextPc() {
    if (pc >= lowestPc) {
      regroup();
    }
    return pc;
  }

  /** Where the lowest of the groups that wait stands. */
  int lowestPc() {
    return lowestPc;
  }

  /** Whether all lanes that have not ended stand at the same place. */
  boolean isWhole() {
    return waiting == 0;
  }

  /** Goes to {@code target} with the lanes of a mask; the others go on. */
  void branch(int target, int mask) {
    if (mask == active) {
      pc = target;
      return;
    }
    block.counters().divergentBranch();
    park(target, mask);
    active &= ~mask;
  }

  /** Lanes that end. */
  void exit(int mask) {
    alive &= ~mask;
    active &= ~mask;
    if (active == 0) {
      if (waiting == 0) {
        state = State.DONE;
      } else {
        pc = NO_GROUP;
      }
    }
  }

  private void park(int groupPc, int mask) {
    waitingPc[waiting] = groupPc;
    waitingMask[waiting] = mask;
    waiting++;
    lowestPc = Math.min(lowestPc, groupPc);
  }

  /** Makes the lowest groups the running one. */
  private void regroup() {
    if (active != 0 && pc > lowestPc) {
      park(pc, active);
      active = 0;
    }
    pc = lowestPc;
    lowestPc = NO_GROUP;
    int kept = 0;
    for (int i = 0; i < waiting; i++) {
      if (waitingPc[i] == pc) {
        active |= waitingMask[i];
      } else {
        waitingPc[kept] = waitingPc[i];
        waitingMask[kept] = waitingMask[i];
        lowestPc = Math.min(lowestPc, waitingPc[i]);
        kept++;
      }
    }
    waiting = kept;
  }

  /** Keeps the results of some lanes. */
  void keep(int slot, int[] results, int mask) {
    int[] target = narrow[slot];
    for (int rest = mask; rest != 0; rest &= rest - 1) {
      int lane = Integer.numberOfTrailingZeros(rest);
      target[first + lane] = results[first + lane];
    }
  }

  /** Keeps the results of some lanes. */
  void keep(int slot, long[] results, int mask) {
    long[] target = wide[slot];
    for (int rest = mask; rest != 0; rest &= rest - 1) {
      int lane = Integer.numberOfTrailingZeros(rest);
      target[first + lane] = results[first + lane];
    }
  }

  /** Keeps the results of some lanes. */
  void keep(int slot, float[] results, int mask) {
    float[] target = registers.single[slot];
    for (int rest = mask; rest != 0; rest &= rest - 1) {
      int lane = Integer.numberOfTrailingZeros(rest);
      target[first + lane] = results[first + lane];
    }
  }

  /** Keeps the truth values of some lanes. */
  void keepPredicate(int slot, int results, int mask) {
    if (slot != Instruction.NONE) {
      predicates[slot] = predicates[slot] & ~mask | results & mask;
    }
  }

  /** The truth values of a predicate operand. */
  int predicate(int slot, boolean negated) {
    return negated ? ~predicates[slot] : predicates[slot];
  }

  /** The instruction that was begun last. */
  Instruction current() {
    return program.code()[pc - 1];
  }
}
