package dev.jdiffusion.cuda.emulator;

/**
 * What launches did, counted. The numbers of memory are counted by {@link
 * EmulatorDriver#EmulatorDriver(int, boolean)} alone, and 0 otherwise.
 *
 * @param launches how many kernels were started
 * @param instructions executed by warps
 * @param threadInstructions executed by threads: an instruction counts once for each thread of the
 *     warp that takes part
 * @param divergentBranches branches that a warp's threads took differently
 * @param globalAccesses of warps: loads, stores and atomic updates of global memory
 * @param globalTransactions pieces of 32 bytes that these accesses touch
 * @param leastTransactions pieces of 32 bytes that what each access asks for would fill, if it lay
 *     together
 * @param sharedAccesses of warps
 * @param bankConflicts how many more times shared memory was read or written because different
 *     words of one bank were asked for
 */
public record Emulation(
    long launches,
    long instructions,
    long threadInstructions,
    long divergentBranches,
    long globalAccesses,
    long globalTransactions,
    long leastTransactions,
    long sharedAccesses,
    long bankConflicts) {
  static final Emulation NONE = new Emulation(0, 0, 0, 0, 0, 0, 0, 0, 0);
  static final Emulation ONE_LAUNCH = new Emulation(1, 0, 0, 0, 0, 0, 0, 0, 0);

  /** Both together. */
  public Emulation plus(Emulation other) {
    return new Emulation(
        launches + other.launches,
        instructions + other.instructions,
        threadInstructions + other.threadInstructions,
        divergentBranches + other.divergentBranches,
        globalAccesses + other.globalAccesses,
        globalTransactions + other.globalTransactions,
        leastTransactions + other.leastTransactions,
        sharedAccesses + other.sharedAccesses,
        bankConflicts + other.bankConflicts);
  }

  /** What was done since an earlier count. */
  public Emulation since(Emulation earlier) {
    return new Emulation(
        launches - earlier.launches,
        instructions - earlier.instructions,
        threadInstructions - earlier.threadInstructions,
        divergentBranches - earlier.divergentBranches,
        globalAccesses - earlier.globalAccesses,
        globalTransactions - earlier.globalTransactions,
        leastTransactions - earlier.leastTransactions,
        sharedAccesses - earlier.sharedAccesses,
        bankConflicts - earlier.bankConflicts);
  }
}
