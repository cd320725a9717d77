package dev.jdiffusion.cuda.emulator;

/** Instructions that decide what is done next. */
final class Control {
  private Control() {}

  /** After it, each warp has to be asked where it goes on. */
  private abstract static class FlowControl extends Instruction {
    @Override
    final boolean decidesFlow() {
      return true;
    }
  }

  /** {@code bra}. */
  static final class Branch extends FlowControl {
    /** Index of the instruction to go to; known when all are decoded. */
    int target;

    @Override
    void execute(Warp warp, int mask) {
      warp.branch(target, mask);
    }
  }

  /** {@code brx.idx}: each lane chooses from a table. */
  static final class BranchTable extends FlowControl {
    /** Indices of the instructions to go to; known when all are decoded. */
    final int[] targets;

    private final int index;

    BranchTable(int index, int count) {
      this.index = index;
      targets = new int[count];
    }

    @Override
    void execute(Warp warp, int mask) {
      int rest = mask;
      while (rest != 0) {
        int lane = Integer.numberOfTrailingZeros(rest);
        int choice = warp.narrow[index][warp.first + lane];
        if (choice < 0 || choice >= targets.length) {
          throw new Fault(lane, "takes branch " + choice + " of " + targets.length);
        }
        int same = 0;
        for (int i = 0; i < Lanes.COUNT; i++) {
          same |= warp.narrow[index][warp.first + i] == choice ? 1 << i : 0;
        }
        warp.branch(targets[choice], rest & same);
        rest &= ~same;
      }
    }
  }

  /** {@code ret} of a kernel and {@code exit}. */
  static final class Exit extends FlowControl {
    @Override
    void execute(Warp warp, int mask) {
      warp.exit(mask);
    }
  }

  /** {@code trap}. */
  static final class Trap extends Instruction {
    @Override
    void execute(Warp warp, int mask) {
      throw new Fault(Integer.numberOfTrailingZeros(mask), "traps");
    }
  }

  /** What needs no doing where every warp sees every write at once: fences and hints. */
  static final class Nothing extends Instruction {
    @Override
    void execute(Warp warp, int mask) {
      // Writes are seen in program order, and hints have no result.
    }
  }

  /** {@code bar.sync}: waits for all warps of the block. */
  static final class Barrier extends FlowControl {
    private final int number;

    Barrier(int number) {
      this.number = number;
    }

    @Override
    void execute(Warp warp, int mask) {
      if (mask != warp.alive) {
        throw new Fault(
            Integer.numberOfTrailingZeros(mask),
            "divergent barrier: %d of the warp's %d running threads are there"
                .formatted(Integer.bitCount(mask), Integer.bitCount(warp.alive)));
      }
      warp.barrier = number;
      warp.state = Warp.State.AT_BARRIER;
    }
  }
}
