package dev.jdiffusion.cuda.emulator;

import java.util.BitSet;

/** Shared memory of a block. */
final class SharedMemory extends Words {
  /** Tags between two barriers: a block has at most 32 warps. */
  private static final int PERIOD = 64;

  private static final int SEVERAL = PERIOD - 1;

  private int first;

  /** Words that a copy is on the way to. */
  private final BitSet onTheWay = new BitSet();

  SharedMemory(int bytes) {
    super(0, bytes);
  }

  /** Undefines its contents, for the next block. */
  void forget() {
    forget(bytes());
    first = PERIOD;
    onTheWay.clear();
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

  /** A copy to words that are checked for writing begins: they are undefined until it arrives. */
  void depart(int place, int count) {
    forgetWords(place, count);
    onTheWay.set(place, place + count);
  }

  /** A copy that was waited for is there. */
  void arrive(Warp warp, int place, int[] copied) {
    warp.addresses[0] = (long) place * Integer.BYTES;
    for (int i = 0; i < copied.length; i++) {
      write(warp, 1, Integer.BYTES);
      words[place + i] = copied[i];
      warp.addresses[0] += Integer.BYTES;
    }
    onTheWay.clear(place, place + copied.length);
  }

  @Override
  String whyUndefined(int word) {
    return onTheWay.get(word) ? "a cp.async copies that nobody waited for" : "nobody wrote";
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
