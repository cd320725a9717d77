package dev.jdiffusion.cuda.emulator;

/** Shared memory of a block. */
final class SharedMemory extends Words {
  /** Tags between two barriers: a block has at most 32 warps. */
  private static final int PERIOD = 64;

  private static final int SEVERAL = PERIOD - 1;

  private int first;

  SharedMemory(int bytes) {
    super(0, bytes);
  }

  /** Undefines its contents, for the next block. */
  void forget() {
    forget(bytes());
    first = PERIOD;
  }

  /** Orders all that came before, before all that follows. */
  void passBarrier() {
    first += PERIOD;
    if (first >>> TAG_BITS != 0) {
      throw new Fault(0, "passes more than 16 million barriers");
    }
  }

  int read(Warp warp, int lanes, int size) {
    return read(warp, lanes, size, first + warp.number, first, first + SEVERAL);
  }

  int write(Warp warp, int lanes, int size) {
    return write(warp, lanes, size, first + warp.number, first);
  }

  @Override
  String name() {
    return "shared memory (%d bytes)".formatted(bytes());
  }

  @Override
  String who(int tag, Warp warp) {
    return tag - first == SEVERAL ? "several warps" : "warp " + (tag - first);
  }

  @Override
  String order() {
    return "barrier";
  }
}
