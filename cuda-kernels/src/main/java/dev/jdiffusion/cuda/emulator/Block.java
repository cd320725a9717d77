package dev.jdiffusion.cuda.emulator;

import dev.jdiffusion.cuda.driver.GpuException;
import dev.jdiffusion.cuda.ptx.PtxInstruction;

/**
 * A block of threads. Its warps run together as long as they stand at the same instruction, which
 * is most of the time; where they part, those that stand lowest run first, so that they meet again.
 * One object runs many blocks of a launch, one after the other.
 */
final class Block {
  /** A block that executes so many without a barrier is taken to run for ever. */
  private static final long MOST_INSTRUCTIONS = 1L << 28;

  private final Launch launch;
  private final Registers registers;
  private final Warp[] warps;
  private final SharedMemory shared;
  private final Counters counters;
  private long index;

  // The warps that run now: where they stand, and where others wait.
  private final Warp[] here;
  private int gathered;
  private int pc;
  private int end;
  private int activeThreads;

  /** Whether these are all warps that have not ended, with all their threads. */
  private boolean together;

  private Warp executing;
  private long steps;

  Block(Launch launch) {
    this.launch = launch;
    counters = new Counters(launch.countMemory());
    shared = new SharedMemory(launch.program().sharedBytes() + launch.sharedBytes());
    registers = new Registers(launch.program(), launch.warps());
    warps = new Warp[launch.warps()];
    here = new Warp[warps.length];
    for (int i = 0; i < warps.length; i++) {
      warps[i] = new Warp(this, i);
    }
    executing = warps[0];
  }

  Launch launch() {
    return launch;
  }

  Program program() {
    return launch.program();
  }

  /** Which block of the grid it is now. */
  long index() {
    return index;
  }

  Registers registers() {
    return registers;
  }

  SharedMemory shared() {
    return shared;
  }

  /** The number that marks this block's accesses of global memory. */
  int tag() {
    return launch.tags() + 1 + (int) index;
  }

  /**
   * Runs a block of the grid.
   *
   * @throws GpuException if one of its threads does something forbidden
   */
  void run(long block) {
    index = block;
    shared.forget();
    int threads = launch.threads();
    for (int i = 0; i < warps.length; i++) {
      warps[i].start(Math.min(Lanes.COUNT, threads - i * Lanes.COUNT));
    }
    boolean waiting;
    do {
      runToBarrier();
      waiting = false;
      for (Warp warp : warps) {
        waiting |= warp.state == Warp.State.AT_BARRIER;
      }
      if (waiting) {
        release();
      }
    } while (waiting);
  }

  /** Runs all warps until each of them waits at a barrier or has ended. */
  private void runToBarrier() {
    try {
      steps = 0;
      while (gather()) {
        runGathered();
      }
    } catch (Fault fault) {
      throw new GpuException(describe(executing, fault));
    }
  }

  /**
   * Chooses who runs next: the warps that stand lowest, and so wait for nobody who comes from
   * below.
   *
   * @return whether there are any
   */
  private boolean gather() {
    pc = Warp.NO_GROUP;
    for (Warp warp : warps) {
      if (warp.state == Warp.State.RUNNING) {
        pc = Math.min(pc, warp.nextPc());
      }
    }
    gathered = 0;
    end = Warp.NO_GROUP;
    together = true;
    int active = 0;
    for (Warp warp : warps) {
      if (warp.state == Warp.State.RUNNING && warp.pc == pc) {
        here[gathered++] = warp;
        active += Integer.bitCount(warp.active);
        end = Math.min(end, warp.lowestPc());
        together &= warp.isWhole();
      } else if (warp.state != Warp.State.DONE) {
        end = warp.state == Warp.State.RUNNING ? Math.min(end, warp.pc) : end;
        together = false;
      }
    }
    activeThreads = active;
    return gathered > 0;
  }

  /** Runs the gathered warps until they may part, or others stand where they are. */
  private void runGathered() {
    Instruction[] code = program().code();
    long instructions = 0;
    long threadInstructions = 0;
    int at = pc;
    boolean parting = false;
    while (at < end && !parting) {
      Instruction instruction = code[at];
      at += instruction.length;
      instructions += instruction.counted;
      if (instruction.guard == Instruction.NONE) {
        threadInstructions += (long) instruction.counted * activeThreads;
        if (together && instruction instanceof Lanewise lanewise) {
          lanewise.compute(registers, false, 0, registers.lanes);
          continue;
        }
        for (int i = 0; i < gathered; i++) {
          executing = here[i];
          executing.pc = at;
          instruction.execute(executing, executing.active);
        }
      } else {
        threadInstructions += executeGuarded(instruction, at);
      }
      parting = instruction.decidesFlow();
    }
    if (!parting) {
      for (int i = 0; i < gathered; i++) {
        here[i].pc = at;
      }
    }
    counters.instructions(instructions * gathered, threadInstructions);
    steps += instructions * gathered;
    if (steps > MOST_INSTRUCTIONS) {
      throw new Fault(
          Integer.numberOfTrailingZeros(executing.active),
          "executes more than " + MOST_INSTRUCTIONS + " instructions without a barrier");
    }
  }

  /** Does an instruction with the threads whose guard holds; how many these are. */
  private int executeGuarded(Instruction instruction, int nextPc) {
    int threads = 0;
    for (int i = 0; i < gathered; i++) {
      Warp warp = here[i];
      warp.pc = nextPc;
      int mask = warp.active & warp.predicate(instruction.guard, instruction.guardNegated);
      if (mask != 0) {
        executing = warp;
        instruction.execute(warp, mask);
        threads += instruction.counted * Integer.bitCount(mask);
      }
    }
    return threads;
  }

  /** All warps that have not ended wait: lets them go on. */
  private void release() {
    Warp first = null;
    for (Warp warp : warps) {
      if (warp.state != Warp.State.AT_BARRIER) {
        continue;
      }
      if (first == null) {
        first = warp;
      } else if (warp.current() != first.current()) {
        throw new GpuException(
            describe(
                warp,
                new Fault(
                    Integer.numberOfTrailingZeros(warp.active),
                    "waits at barrier "
                        + warp.barrier
                        + " while warp "
                        + first.number
                        + " waits at barrier "
                        + first.barrier
                        + " of line "
                        + first.current().source.line())));
      }
    }
    for (Warp warp : warps) {
      if (warp.state == Warp.State.AT_BARRIER) {
        warp.state = Warp.State.RUNNING;
      }
    }
    shared.passBarrier();
  }

  private String describe(Warp warp, Fault fault) {
    PtxInstruction source = warp.current().source;
    int thread = warp.number * Lanes.COUNT + fault.lane();
    return "%s, line %d (%s), block (%d,%d,%d), thread (%d,%d,%d): %s"
        .formatted(
            program().name(),
            source.line(),
            source,
            launch.x(index),
            launch.y(index),
            launch.z(index),
            thread % launch.blockX(),
            thread / launch.blockX() % launch.blockY(),
            thread / launch.blockX() / launch.blockY(),
            fault.getMessage());
  }

  Counters counters() {
    return counters;
  }
}
