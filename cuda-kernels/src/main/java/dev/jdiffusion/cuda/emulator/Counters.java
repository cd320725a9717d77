package dev.jdiffusion.cuda.emulator;

import java.util.Arrays;

/** Counts what the blocks of one thread of the host do. */
final class Counters {
  private static final int SECTOR_BYTES = 32;
  private static final int BANKS = 32;

  private final boolean memory;
  private long instructions;
  private long threadInstructions;
  private long divergentBranches;
  private long globalAccesses;
  private long globalSectors;
  private long leastSectors;
  private long sharedAccesses;
  private long sharedConflicts;

  private final long[] sorted = new long[Lanes.COUNT];
  private final int[] wordsOfBank = new int[BANKS];

  /** Counts accesses of memory only if {@code memory} is set: it takes about a third longer. */
  Counters(boolean memory) {
    this.memory = memory;
  }

  void instructions(long more, long moreThreadInstructions) {
    instructions += more;
    threadInstructions += moreThreadInstructions;
  }

  void divergentBranch() {
    divergentBranches++;
  }

  /** An access of global memory: it moves every sector of 32 bytes that some lane touches. */
  void global(long[] addresses, int mask, int size) {
    if (!memory) {
      return;
    }
    globalAccesses++;
    int count = 0;
    for (int rest = mask; rest != 0; rest &= rest - 1) {
      sorted[count++] = addresses[Integer.numberOfTrailingZeros(rest)];
    }
    int places = distinct(count);
    leastSectors += ((long) places * size + SECTOR_BYTES - 1) / SECTOR_BYTES;
    for (int i = 0; i < places; i++) {
      sorted[i] /= SECTOR_BYTES;
    }
    globalSectors += distinct(places);
  }

  /**
   * An access of shared memory: each of 32 banks gives one word at a time. Accesses of more than a
   * word are done in turns of so many lanes that they touch at most 32 words.
   */
  void shared(long[] addresses, int mask, int size) {
    if (!memory) {
      return;
    }
    sharedAccesses++;
    int words = Math.max(1, size / Integer.BYTES);
    int turn = Lanes.COUNT / words;
    for (int first = 0; first < Lanes.COUNT; first += turn) {
      int count = 0;
      for (int lane = first; lane < first + turn; lane++) {
        if ((mask >>> lane & 1) != 0) {
          for (int i = 0; i < words; i++) {
            sorted[count++] = (addresses[lane] >>> 2) + i;
          }
        }
      }
      int different = distinct(count);
      Arrays.fill(wordsOfBank, 0);
      int most = 1;
      for (int i = 0; i < different; i++) {
        most = Math.max(most, ++wordsOfBank[(int) (sorted[i] & BANKS - 1)]);
      }
      sharedConflicts += most - 1;
    }
  }

  /** How many different numbers {@link #sorted} begins with; they are moved to its start. */
  private int distinct(int count) {
    if (count == 0) {
      return 0;
    }
    Arrays.sort(sorted, 0, count);
    int different = 1;
    for (int i = 1; i < count; i++) {
      if (sorted[i] != sorted[i - 1]) {
        sorted[different++] = sorted[i];
      }
    }
    return different;
  }

  Emulation sum() {
    return new Emulation(
        0,
        instructions,
        threadInstructions,
        divergentBranches,
        globalAccesses,
        globalSectors,
        leastSectors,
        sharedAccesses,
        sharedConflicts);
  }
}
