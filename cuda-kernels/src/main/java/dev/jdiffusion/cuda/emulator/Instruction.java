package dev.jdiffusion.cuda.emulator;

import dev.jdiffusion.cuda.ptx.PtxInstruction;
import java.util.List;

/** An instruction, decoded: registers are slots of the warp, constants are slots too. */
abstract class Instruction {
  /** No guard, or no operand. */
  static final int NONE = -1;

  /** Where it comes from, for messages. */
  PtxInstruction source = new PtxInstruction(0, null, false, "", List.of());

  /** The predicate that decides which lanes take part, or {@link #NONE}. */
  int guard = NONE;

  boolean guardNegated;

  /** How many instructions it stands for: those that follow are skipped. */
  int length = 1;

  /** How many of them the PTX has. */
  int counted = 1;

  /** Whether it may change where a warp goes on, or whether it does. */
  boolean decidesFlow() {
    return false;
  }

  /**
   * Does it. The warp's program counter already points behind it.
   *
   * @param mask the lanes that take part, at least one
   */
  abstract void execute(Warp warp, int mask);
}
