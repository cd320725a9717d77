package dev.jdiffusion.cuda.emulator;

/**
 * What launches did, counted.
 *
 * @param launches how many kernels were started
 * @param instructions executed by warps
 * @param threadInstructions executed by threads: an instruction counts once for each thread of the
 *     warp that takes part
 * @param divergentBranches branches that a warp's threads took differently
 */
public record Emulation(
    long launches, long instructions, long threadInstructions, long divergentBranches) {
  static final Emulation NONE = new Emulation(0, 0, 0, 0);

  Emulation plus(Emulation other) {
    return new Emulation(
        launches + other.launches,
        instructions + other.instructions,
        threadInstructions + other.threadInstructions,
        divergentBranches + other.divergentBranches);
  }
}
