package dev.jdiffusion.cuda.emulator;

import java.util.Arrays;

/**
 * Memory with a shadow that tells, for each 32-bit word, which of its bytes were written, and who
 * wrote and read it last.
 *
 * <p>Two threads may share a word without sharing a byte, so accesses of less than a word are not
 * looked at for races with each other.
 */
abstract class Words {
  /** The bytes of a word that were written, in its shadow. */
  static final long ALL_BYTES = 15;

  int[] words;
  long[] shadow;
  private final long base;
  private long bytes;

  Words(long base, long bytes) {
    this.base = base;
    this.bytes = bytes;
    int count = (int) ((bytes + 3) / Integer.BYTES);
    words = new int[count];
    shadow = new long[count];
  }

  final long base() {
    return base;
  }

  final long bytes() {
    return bytes;
  }

  /** For messages. */
  abstract String name();

  /** What keeps two accesses in order where this memory is, for messages. */
  abstract String order();

  /** Makes {@code length} bytes valid, with undefined contents. */
  final void forget(long length) {
    bytes = length;
    Arrays.fill(shadow, 0);
  }

  /** Forgets who accessed some words, but not what was written. */
  final void forgetAccesses(int from, int to) {
    long[] all = shadow;
    for (int i = from; i < to; i++) {
      all[i] &= ALL_BYTES;
    }
  }

  /** Gives the memory back; no byte is valid any more. */
  final void drop() {
    bytes = 0;
    words = new int[0];
    shadow = new long[0];
  }

  /** Says that the host wrote some bytes. */
  final void markWritten(long offset, long length) {
    for (long at = offset; at < offset + length; ) {
      int word = (int) (at >>> 2);
      if ((at & 3) == 0 && offset + length - at >= Integer.BYTES) {
        shadow[word] |= ALL_BYTES;
        at += Integer.BYTES;
      } else {
        shadow[word] |= 1L << (at & 3);
        at++;
      }
    }
  }

  /** How many of some bytes nobody wrote. */
  final long countUnwritten(long offset, long length) {
    long missing = 0;
    for (long at = offset; at < offset + length; ) {
      int word = (int) (at >>> 2);
      if ((at & 3) == 0 && offset + length - at >= Integer.BYTES) {
        missing += Integer.BYTES - Long.bitCount(shadow[word] & ALL_BYTES);
        at += Integer.BYTES;
      } else {
        missing += 1 - (shadow[word] >>> (at & 3) & 1);
        at++;
      }
    }
    return missing;
  }

  /** Copies what is known of words: whether they were written. */
  final void copyShadow(Words source, int from, int to, int count) {
    for (int i = 0; i < count; i++) {
      shadow[to + i] = source.shadow[from + i] & ALL_BYTES;
    }
  }

  /**
   * Checks that some lanes may read at {@link Warp#addresses}, notes that they do, and sets {@link
   * Warp#places}.
   *
   * @param size in bytes
   * @return the lanes whose address lies in this memory; of the others nothing is done
   */
  final int read(Warp warp, int lanes, int size) {
    if (isOrdinary(warp, lanes, size)) {
      readWarp(warp, size);
      return lanes;
    }
    long limit = bytes - size;
    int count = size + 3 >>> 2;
    int inside = 0;
    for (int rest = lanes; rest != 0; rest &= rest - 1) {
      int lane = Integer.numberOfTrailingZeros(rest);
      long offset = warp.addresses[lane] - base;
      if (offset < 0 || offset > limit) {
        continue;
      }
      inside |= 1 << lane;
      int place = place(offset, size, lane, "reads");
      warp.places[lane] = place;
      if (size >= Integer.BYTES) {
        readWords(warp, lane, place, count);
      } else {
        long needed = (1L << size) - 1 << (offset & 3);
        if ((shadow[place] & needed) != needed) {
          throw unwritten(lane, size, offset, place);
        }
      }
    }
    return inside;
  }

  /**
   * Checks and notes that a lane reads some words.
   *
   * @return whether other lanes of the warp that read the same words have to be looked at
   */
  abstract boolean readWords(Warp warp, int lane, int place, int count);

  /** Checks and notes that a lane writes some words. */
  abstract void writeWords(Warp warp, int lane, int place, int count);

  /** Notes that a lane writes some bytes of a word, one bit each. */
  void writePart(Warp warp, int lane, int place, long written) {
    shadow[place] |= written;
  }

  /**
   * Whether all lanes of a warp access whole words of this memory; then {@link Warp#places} are
   * set. Nothing in it depends on a single lane, so that the JIT compiler can make vectors of it.
   */
  private boolean isOrdinary(Warp warp, int lanes, int size) {
    if (lanes != Lanes.ALL || size < Integer.BYTES) {
      return false;
    }
    long[] addresses = warp.addresses;
    int[] places = warp.places;
    long last = bytes - size;
    long outside = 0;
    long bits = 0;
    for (int lane = 0; lane < Lanes.COUNT; lane++) {
      long offset = addresses[lane] - base;
      outside |= offset | last - offset;
      bits |= offset;
      places[lane] = (int) (offset >>> 2);
    }
    return outside >= 0 && (bits & size - 1) == 0;
  }

  /**
   * Lanes that read what the lane before, or the first lanes of the warp, read are looked at only
   * where it matters.
   */
  private void readWarp(Warp warp, int size) {
    int[] places = warp.places;
    int count = size >>> 2;
    int different = differentLanes(places);
    int before = -1;
    boolean eachLane = false;
    for (int lane = 0; lane < different; lane++) {
      int place = places[lane];
      if (place != before) {
        eachLane |= readWords(warp, lane, place, count);
        before = place;
      }
    }
    for (int lane = 0; eachLane && lane < Lanes.COUNT; lane++) {
      readWords(warp, lane, places[lane], count);
    }
  }

  /** The lanes after which the places begin again: 8, 16 or 32. */
  private static int differentLanes(int[] places) {
    int half = Lanes.COUNT / 2;
    int different = 0;
    for (int i = 0; i < half; i++) {
      different |= places[i] ^ places[i + half];
    }
    if (different != 0) {
      return Lanes.COUNT;
    }
    int quarter = half / 2;
    for (int i = 0; i < quarter; i++) {
      different |= places[i] ^ places[i + quarter];
    }
    return different != 0 ? half : quarter;
  }

  /** The same for writing. */
  final int write(Warp warp, int lanes, int size) {
    int count = size + 3 >>> 2;
    if (isOrdinary(warp, lanes, size)) {
      for (int lane = 0; lane < Lanes.COUNT; lane++) {
        writeWords(warp, lane, warp.places[lane], count);
      }
      return lanes;
    }
    long limit = bytes - size;
    int inside = 0;
    for (int rest = lanes; rest != 0; rest &= rest - 1) {
      int lane = Integer.numberOfTrailingZeros(rest);
      long offset = warp.addresses[lane] - base;
      if (offset < 0 || offset > limit) {
        continue;
      }
      inside |= 1 << lane;
      int place = place(offset, size, lane, "writes");
      warp.places[lane] = place;
      if (size < Integer.BYTES) {
        writePart(warp, lane, place, (1L << size) - 1 << (offset & 3));
        continue;
      }
      writeWords(warp, lane, place, count);
    }
    return inside;
  }

  /** The same for reading and writing at once, which needs no order. */
  final int update(Warp warp, int lanes, int size) {
    long limit = bytes - size;
    int inside = 0;
    for (int rest = lanes; rest != 0; rest &= rest - 1) {
      int lane = Integer.numberOfTrailingZeros(rest);
      long offset = warp.addresses[lane] - base;
      if (offset < 0 || offset > limit) {
        continue;
      }
      inside |= 1 << lane;
      int place = place(offset, size, lane, "updates");
      warp.places[lane] = place;
      for (int i = place; i < place + size / Integer.BYTES; i++) {
        if ((shadow[i] & ALL_BYTES) != ALL_BYTES) {
          throw unwritten(lane, size, offset, i);
        }
      }
    }
    return inside;
  }

  private int place(long offset, int size, int lane, String act) {
    if ((offset & size - 1) != 0) {
      throw new Fault(
          lane,
          "%s %d bytes at byte %d of %s, which is not a multiple of %d"
              .formatted(act, size, offset, name(), size));
    }
    return (int) (offset >>> 2);
  }

  final Fault unwritten(int lane, int size, long offset, int word) {
    return new Fault(
        lane,
        "reads %d bytes at byte %d of %s, which %s"
            .formatted(size, offset, name(), whyUndefined(word)));
  }

  /** Why a word that is read has no contents, for messages. */
  String whyUndefined(int word) {
    return "nobody wrote";
  }

  /** Undefines some words. */
  final void forgetWords(int place, int count) {
    for (int i = place; i < place + count; i++) {
      shadow[i] &= ~ALL_BYTES;
    }
  }

  /**
   * An access that is not ordered behind another.
   *
   * @param other such as {@code warp 1 wrote}
   */
  final Fault race(int lane, String act, int word, String other) {
    return new Fault(
        lane,
        "race: %s byte %d of %s, which %s with no %s between"
            .formatted(act, (long) word * Integer.BYTES, name(), other, order()));
  }

  /** Fails if some lanes were outside. */
  final void checkInside(Warp warp, int lanes, int inside, String act, int size) {
    if (inside != lanes) {
      int lane = Integer.numberOfTrailingZeros(lanes & ~inside);
      throw outside(lane, act, size, warp.addresses[lane]);
    }
  }

  /** An access outside. */
  final Fault outside(int lane, String act, int size, long address) {
    long offset = address - base;
    String where =
        offset < 0
            ? -offset + " bytes before the start of "
            : offset >= bytes ? offset - bytes + " bytes behind the end of " : "across the end of ";
    return new Fault(lane, "%s %d bytes %s%s".formatted(act, size, where, name()));
  }
}
