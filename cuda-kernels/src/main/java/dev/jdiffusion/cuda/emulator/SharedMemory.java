package dev.jdiffusion.cuda.emulator;

import java.util.BitSet;

/**
 * Shared memory of a block. The shadow of a word tells, from its lowest bit: the four bytes that
 * were written; since the last barrier, the number of the warp that wrote it, plus one, in six
 * bits, its lane in five, and how often the warp had synchronized itself, in seventeen; and, a bit
 * each, the warps that have read it since.
 */
final class SharedMemory extends Words {
  private static final int WRITER_SHIFT = 4;
  private static final int LANE_SHIFT = WRITER_SHIFT + 6;
  private static final int SYNCS_SHIFT = LANE_SHIFT + 5;
  private static final int READERS_SHIFT = Integer.SIZE;

  /** In place of a writer: warps that wrote parts of the word. */
  private static final long SEVERAL = 63;

  private static final long WRITER = 63L << WRITER_SHIFT;
  private static final long SYNCS = (1 << READERS_SHIFT - SYNCS_SHIFT) - 1;
  private static final long READERS = -1L << READERS_SHIFT;

  /** The words that were accessed since the last barrier lie between these. */
  private int lowest = Integer.MAX_VALUE;

  private int highest;

  /** Words that a copy is on the way to. */
  private final BitSet onTheWay = new BitSet();

  SharedMemory(int bytes) {
    super(0, bytes);
  }

  /** Undefines its contents, for the next block. */
  void forget() {
    forget(bytes());
    lowest = Integer.MAX_VALUE;
    highest = 0;
    onTheWay.clear();
  }

  /** Orders all that came before, before all that follows. */
  void passBarrier() {
    forgetAccesses(Math.min(lowest, highest), highest);
    lowest = Integer.MAX_VALUE;
    highest = 0;
  }

  private void touch(int place, int count) {
    lowest = Math.min(lowest, place);
    highest = Math.max(highest, place + count);
  }

  @Override
  boolean readWords(Warp warp, int lane, int place, int count) {
    touch(place, count);
    long reader = 1L << READERS_SHIFT + warp.number;
    boolean writtenNow = false;
    long[] all = shadow;
    for (int i = place; i < place + count; i++) {
      long state = all[i];
      if ((state & (ALL_BYTES | WRITER)) != ALL_BYTES) {
        checkRead(warp, lane, place, count, i);
        writtenNow = true;
      }
      all[i] = state | reader;
    }
    return writtenNow;
  }

  /** Whether reading a word that is not written in full, or since the barrier, is allowed. */
  private void checkRead(Warp warp, int lane, int place, int count, int word) {
    long state = shadow[word];
    if ((state & ALL_BYTES) != ALL_BYTES) {
      throw unwritten(lane, count * Integer.BYTES, (long) place * Integer.BYTES, word);
    }
    checkWriter(warp, lane, "reads", word, state);
  }

  /** Whether a word that was written since the barrier may be accessed. */
  private void checkWriter(Warp warp, int lane, String act, int word, long state) {
    int writer = (int) ((state & WRITER) >>> WRITER_SHIFT) - 1;
    if (writer != warp.number) {
      String who = writer == SEVERAL - 1 ? "several warps" : "warp " + writer;
      throw race(lane, act, word, who + " wrote");
    }
    int writerLane = (int) (state >>> LANE_SHIFT) & Lanes.COUNT - 1;
    if (writerLane != lane
        && (state >>> SYNCS_SHIFT & SYNCS) == (warp.syncs & SYNCS)
        && !isSameWrite(warp, lane, writerLane)) {
      throw race(lane, act, word, "lane " + writerLane + " of the same warp wrote");
    }
  }

  /** Whether two lanes write the same to one place in one instruction, which has a result. */
  private static boolean isSameWrite(Warp warp, int lane, int other) {
    return warp.places[lane] == warp.places[other]
        && warp.current() instanceof Access.Store store
        && store.writesSame(warp, lane, other);
  }

  @Override
  void writeWords(Warp warp, int lane, int place, int count) {
    touch(place, count);
    long others = READERS & ~(1L << READERS_SHIFT + warp.number);
    long written =
        ALL_BYTES
            | warp.number + 1L << WRITER_SHIFT
            | (long) lane << LANE_SHIFT
            | (warp.syncs & SYNCS) << SYNCS_SHIFT;
    long[] all = shadow;
    for (int i = place; i < place + count; i++) {
      long state = all[i];
      if ((state & WRITER) != 0) {
        checkWriter(warp, lane, "writes", i, state);
      }
      if ((state & others) != 0) {
        checkReaders(warp, lane, i, state);
      }
      all[i] = state & READERS | written;
    }
  }

  /** Whoever reads the whole word without a barrier between races with this. */
  @Override
  void writePart(Warp warp, int lane, int place, long written) {
    touch(place, 1);
    long state = shadow[place];
    checkReaders(warp, lane, place, state);
    long writer = (state & WRITER) >>> WRITER_SHIFT;
    long now = writer == 0 || writer == warp.number + 1 ? warp.number + 1 : SEVERAL;
    shadow[place] =
        state & (READERS | ALL_BYTES)
            | written
            | now << WRITER_SHIFT
            | (long) lane << LANE_SHIFT
            | (warp.syncs & SYNCS) << SYNCS_SHIFT;
  }

  private void checkReaders(Warp warp, int lane, int word, long state) {
    long others = state & READERS & ~(1L << READERS_SHIFT + warp.number);
    if (others != 0) {
      int reader = Long.numberOfTrailingZeros(others) - READERS_SHIFT;
      throw race(lane, "writes", word, "warp " + reader + " read");
    }
  }

  /** A copy to words that are checked for writing begins: they are undefined until it arrives. */
  void depart(int place, int count) {
    forgetWords(place, count);
    onTheWay.set(place, place + count);
  }

  /** A copy that a lane has waited for is there. */
  void arrive(Warp warp, int lane, int place, int[] copied) {
    writeWords(warp, lane, place, copied.length);
    System.arraycopy(copied, 0, words, place, copied.length);
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
  String order() {
    return "barrier";
  }
}
