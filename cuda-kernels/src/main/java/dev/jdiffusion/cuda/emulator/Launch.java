package dev.jdiffusion.cuda.emulator;

/**
 * One start of a kernel.
 *
 * @param sharedBytes dynamic shared memory of a block
 * @param parameters the words of the parameters
 * @param memory what addresses mean
 * @param tags the first of the numbers that mark the accesses of this launch's blocks
 * @param countMemory whether accesses of memory are counted
 */
record Launch(
    Program program,
    int gridX,
    int gridY,
    int gridZ,
    int blockX,
    int blockY,
    int blockZ,
    int sharedBytes,
    int[] parameters,
    GlobalMemory memory,
    int tags,
    boolean countMemory) {

  long blocks() {
    return (long) gridX * gridY * gridZ;
  }

  int threads() {
    return blockX * blockY * blockZ;
  }

  int warps() {
    return (threads() + Lanes.COUNT - 1) / Lanes.COUNT;
  }

  int x(long block) {
    return (int) (block % gridX);
  }

  int y(long block) {
    return (int) (block / gridX % gridY);
  }

  int z(long block) {
    return (int) (block / gridX / gridY);
  }
}
