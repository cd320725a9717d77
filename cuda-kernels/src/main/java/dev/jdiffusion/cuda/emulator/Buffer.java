package dev.jdiffusion.cuda.emulator;

/** A block of global memory. */
final class Buffer extends Words {
  private final long capacity;
  private String name = "unnamed memory";
  private boolean freed;

  Buffer(long base, long capacity) {
    super(base, capacity);
    this.capacity = capacity;
  }

  long capacity() {
    return capacity;
  }

  /** Makes the first bytes a buffer of this name with undefined contents. */
  void rename(long bytes, String newName) {
    name = newName;
    forget(bytes);
  }

  /** Marks it as freed: accesses fail from now on. */
  void free() {
    freed = true;
    drop();
  }

  boolean isFreed() {
    return freed;
  }

  @Override
  String name() {
    return freed
        ? "'%s' (%d bytes), which was freed".formatted(name, capacity)
        : "'%s' (%d bytes)".formatted(name, bytes());
  }

  @Override
  String who(int tag, Warp warp) {
    Launch launch = warp.block.launch();
    long block = (long) tag - launch.tags() - 1;
    return block < 0
        ? "several other blocks"
        : "block (%d,%d,%d)".formatted(launch.x(block), launch.y(block), launch.z(block));
  }

  @Override
  String order() {
    return "end of a launch";
  }
}
