package dev.jdiffusion.cuda.emulator;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * {@code cp.async}: copies from global to shared memory that a thread starts, and that are done
 * when it has waited for them. Here the global memory is read at the start, and the shared memory
 * written as late as the program allows: whoever reads it before finds it undefined.
 */
final class AsyncCopy extends Instruction implements GlobalMemory.Transfer {
  /** A copy of one thread that was not waited for. */
  private record Pending(int lane, int group, int place, int[] words) {}

  /** The copies that the threads of a warp have started. */
  static final class Copies {
    private final List<Pending> pending = new ArrayList<>();

    /** The number of each lane's open group. */
    private final int[] group = new int[Lanes.COUNT];

    void forget() {
      pending.clear();
      Arrays.fill(group, 0);
    }

    /** Closes the open groups of some lanes. */
    void commit(int mask) {
      for (int rest = mask; rest != 0; rest &= rest - 1) {
        group[Integer.numberOfTrailingZeros(rest)]++;
      }
    }

    /** Finishes all but the last {@code open} closed groups of some lanes. */
    void await(Warp warp, int mask, int open) {
      pending.removeIf(copy -> {
        boolean done = (mask >>> copy.lane & 1) != 0 && copy.group < group[copy.lane] - open;
        if (done) {
          warp.block.shared().arrive(warp, copy.lane, copy.place, copy.words);
        }
        return done;
      });
    }
  }

  private final int size;
  private final Access.Address target;
  private final Access.Address source;
  private final int sourceSize;

  /**
   * A copy.
   *
   * @param size in bytes: 4, 8 or 16
   * @param sourceSize the slot of how many bytes are read, the others being zero; {@link #NONE} for
   *     all
   */
  AsyncCopy(int size, Access.Address target, Access.Address source, int sourceSize) {
    this.size = size;
    this.target = target;
    this.source = source;
    this.sourceSize = sourceSize;
  }

  @Override
  void execute(Warp warp, int mask) {
    int[][] words = warp.staged;
    int reading = 0;
    for (int rest = mask; rest != 0; rest &= rest - 1) {
      int lane = Integer.numberOfTrailingZeros(rest);
      words[lane] = new int[size / Integer.BYTES];
      int bytes = sourceSize == NONE ? size : warp.narrow[sourceSize][warp.first + lane];
      if (bytes != 0 && bytes != size) {
        throw new Fault(
            lane, "copies %d of %d bytes; 0 or all are supported".formatted(bytes, size));
      }
      reading |= bytes == 0 ? 0 : 1 << lane;
    }
    if (reading != 0) {
      Access.addresses(warp, source);
      warp.block.counters().global(warp.addresses, reading, size);
      warp.block.launch().memory().read(warp, reading, size, this);
    }
    Access.addresses(warp, target);
    warp.block.counters().shared(warp.addresses, mask, size);
    SharedMemory shared = warp.block.shared();
    shared.checkInside(warp, mask, shared.write(warp, mask, size), "writes", size);
    for (int rest = mask; rest != 0; rest &= rest - 1) {
      int lane = Integer.numberOfTrailingZeros(rest);
      shared.depart(warp.places[lane], words[lane].length);
      warp.copies.pending.add(
          new Pending(lane, warp.copies.group[lane], warp.places[lane], words[lane]));
    }
  }

  @Override
  public void move(Warp warp, int[] words, int lanes) {
    for (int rest = lanes; rest != 0; rest &= rest - 1) {
      int lane = Integer.numberOfTrailingZeros(rest);
      System.arraycopy(words, warp.places[lane], warp.staged[lane], 0, size / Integer.BYTES);
    }
  }

  /** {@code cp.async.commit_group}. */
  static final class Commit extends Instruction {
    @Override
    void execute(Warp warp, int mask) {
      warp.copies.commit(mask);
    }
  }

  /** {@code cp.async.wait_group} and {@code cp.async.wait_all}. */
  static final class Wait extends Instruction {
    private final int open;

    /**
     * A wait.
     *
     * @param open how many of the last groups may stay unfinished; -1 to finish even what is in no
     *     group yet
     */
    Wait(int open) {
      this.open = open;
    }

    @Override
    void execute(Warp warp, int mask) {
      warp.copies.await(warp, mask, open);
    }
  }
}
