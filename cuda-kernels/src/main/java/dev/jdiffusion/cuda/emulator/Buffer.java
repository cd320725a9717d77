package dev.jdiffusion.cuda.emulator;

/**
 * A block of global memory. The shadow of a word holds, above the bits of its bytes, the tags of
 * who wrote and read it last: one for each block of each launch. Tags grow with time, so those
 * before the launch's first belong to accesses that are ordered before the present ones; the first
 * itself stands for several readers.
 */
final class Buffer extends Words {
  /** Bits of a tag; there are two in the shadow of a word, above four bits for its bytes. */
  static final int TAG_BITS = 30;

  private static final int WRITER_SHIFT = 4;
  private static final int READER_SHIFT = WRITER_SHIFT + TAG_BITS;
  private static final int TAG_MASK = (1 << TAG_BITS) - 1;
  private static final long WITHOUT_READER = (1L << READER_SHIFT) - 1;
  private static final long WITHOUT_WRITER = ~((long) TAG_MASK << WRITER_SHIFT);

  private final long capacity;
  private String name = "unnamed memory";
  private boolean freed;

  /** The shape of the tensor in it; empty as long as no kernel was given it. */
  private String shape = "";

  /** Which argument of the kernel that runs it is, from 1; 0 for none. */
  private int argument;

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
    shape = "";
    forget(bytes);
  }

  /**
   * Says what a kernel that is about to run gets it as.
   *
   * @param index of the argument, from 1; 0 when the kernel has ended
   */
  void describe(String tensorShape, int index) {
    shape = tensorShape;
    argument = index;
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
    String full = shape.isEmpty() ? name : name + " " + shape;
    full += argument > 0 ? ", argument " + argument : "";
    return freed
        ? "'%s' (%d bytes), which was freed".formatted(full, capacity)
        : "'%s' (%d bytes)".formatted(full, bytes());
  }

  @Override
  boolean readWords(Warp warp, int lane, int place, int count) {
    int tag = warp.tag;
    int first = warp.firstTag;
    long[] all = shadow;
    for (int i = place; i < place + count; i++) {
      long state = all[i];
      if ((state & ALL_BYTES) != ALL_BYTES) {
        throw unwritten(lane, count * Integer.BYTES, (long) place * Integer.BYTES, i);
      }
      int reader = (int) (state >>> READER_SHIFT);
      int writer = (int) (state >>> WRITER_SHIFT) & TAG_MASK;
      if (writer >= first && writer != tag) {
        throw race(lane, "reads", i, who(writer, warp) + " wrote");
      }
      if (reader != tag && reader != first) {
        long now = reader >= first ? first : tag;
        all[i] = state & WITHOUT_READER | now << READER_SHIFT;
      }
    }
    return false;
  }

  @Override
  void writeWords(Warp warp, int lane, int place, int count) {
    int tag = warp.tag;
    int first = warp.firstTag;
    long[] all = shadow;
    for (int i = place; i < place + count; i++) {
      long state = all[i];
      int reader = (int) (state >>> READER_SHIFT);
      int writer = (int) (state >>> WRITER_SHIFT) & TAG_MASK;
      if (writer >= first && writer != tag) {
        throw race(lane, "writes", i, who(writer, warp) + " wrote");
      }
      if (reader >= first && reader != tag) {
        throw race(lane, "writes", i, who(reader, warp) + " read");
      }
      all[i] = state & WITHOUT_WRITER | (long) tag << WRITER_SHIFT | ALL_BYTES;
    }
  }

  private static String who(int tag, Warp warp) {
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
