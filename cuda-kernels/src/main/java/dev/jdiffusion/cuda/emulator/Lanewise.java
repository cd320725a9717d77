package dev.jdiffusion.cuda.emulator;

/**
 * An instruction that computes a register from registers, each lane for itself. When all warps of a
 * block stand at it, it is done for all of them in one loop.
 */
abstract class Lanewise extends Instruction {
  /**
   * Computes some lanes.
   *
   * @param aside whether the results go to the scratch registers, not to their own
   */
  abstract void compute(Registers registers, boolean aside, int from, int to);

  /** Takes the results of some lanes from the scratch registers. */
  abstract void keep(Warp warp, int mask);

  @Override
  void execute(Warp warp, int mask) {
    // The registers of threads that have ended may hold anything.
    boolean aside = (mask | ~warp.alive) != Lanes.ALL;
    compute(warp.registers, aside, warp.first, warp.first + Lanes.COUNT);
    if (aside) {
      keep(warp, mask);
    }
  }
}
