package dev.jdiffusion.cuda.emulator;

import java.util.Arrays;

/** Instructions in which the lanes of a warp see each other's registers. */
final class Exchange {
  private Exchange() {}

  /** All lanes that take part must be named, and all that are named must take part. */
  private static int checkMembers(Warp warp, int mask, int slot) {
    int[] members = warp.narrow[slot];
    int first = warp.first;
    int lane = Integer.numberOfTrailingZeros(mask);
    int named = members[first + lane];
    for (int rest = mask; rest != 0; rest &= rest - 1) {
      int other = Integer.numberOfTrailingZeros(rest);
      if (members[first + other] != named) {
        throw new Fault(
            other,
            "names lanes 0x%08x while lane %d names 0x%08x"
                .formatted(members[first + other], lane, named));
      }
    }
    int missing = named & ~mask;
    if (missing != 0) {
      throw new Fault(
          lane, "names lanes 0x%08x, of which 0x%08x are not there".formatted(named, missing));
    }
    if ((mask & ~named) != 0) {
      int unnamed = Integer.numberOfTrailingZeros(mask & ~named);
      throw new Fault(unnamed, "takes part in an exchange of lanes 0x%08x".formatted(named));
    }
    return named;
  }

  /** {@code shfl.sync}. */
  static final class Shuffle extends Instruction {
    /** Whose value a lane gets. */
    enum Mode {
      UP,
      DOWN,
      BUTTERFLY,
      INDEX
    }

    private final Mode mode;
    private final int d;
    private final int inRange;
    private final int a;
    private final int b;
    private final int c;
    private final int members;

    /**
     * A shuffle.
     *
     * @param inRange the slot of the predicate that tells whether the source was in range, or
     *     {@link #NONE}
     */
    Shuffle(Mode mode, int d, int inRange, int a, int b, int c, int members) {
      this.mode = mode;
      this.d = d;
      this.inRange = inRange;
      this.a = a;
      this.b = b;
      this.c = c;
      this.members = members;
    }

    @Override
    void execute(Warp warp, int mask) {
      checkMembers(warp, mask, members);
      int[] values = warp.narrow[a];
      int first = warp.first;
      int good = 0;
      for (int rest = mask; rest != 0; rest &= rest - 1) {
        int lane = Integer.numberOfTrailingZeros(rest);
        int amount = warp.narrow[b][first + lane] & 31;
        int clamp = warp.narrow[c][first + lane] & 31;
        int segment = warp.narrow[c][first + lane] >>> 8 & 31;
        int most = lane & segment | clamp & ~segment;
        int least = lane & segment;
        int source =
            switch (mode) {
              case UP -> lane - amount;
              case DOWN -> lane + amount;
              case BUTTERFLY -> lane ^ amount;
              case INDEX -> least | amount & ~segment;
            };
        boolean valid = mode == Mode.UP ? source >= most : source <= most;
        if (!valid) {
          source = lane;
        } else {
          good |= 1 << lane;
        }
        if ((mask >>> source & 1) == 0) {
          throw new Fault(lane, "asks for the value of lane " + source + ", which is not there");
        }
        warp.narrowScratch[first + lane] = values[first + source];
      }
      warp.keep(d, warp.narrowScratch, mask);
      warp.keepPredicate(inRange, good, mask);
    }
  }

  /** {@code vote.sync}. */
  static final class Vote extends Instruction {
    /** What is asked of the lanes' predicates. */
    enum Mode {
      ALL,
      ANY,
      UNIFORM,
      BALLOT
    }

    private final Mode mode;
    private final int d;
    private final Predicates.Operand predicate;
    private final int members;

    Vote(Mode mode, int d, Predicates.Operand predicate, int members) {
      this.mode = mode;
      this.d = d;
      this.predicate = predicate;
      this.members = members;
    }

    @Override
    void execute(Warp warp, int mask) {
      int named = checkMembers(warp, mask, members);
      int votes = predicate.of(warp) & named;
      if (mode == Mode.BALLOT) {
        Arrays.fill(warp.narrowScratch, warp.first, warp.first + Lanes.COUNT, votes);
        warp.keep(d, warp.narrowScratch, mask);
        return;
      }
      boolean result =
          switch (mode) {
            case ALL -> votes == named;
            case ANY -> votes != 0;
            default -> votes == named || votes == 0;
          };
      warp.keepPredicate(d, result ? Lanes.ALL : 0, mask);
    }
  }

  /** {@code match.any.sync} of 32 bits: the lanes that hold the same value. */
  static final class Match extends Instruction {
    private final int d;
    private final int a;
    private final int members;

    Match(int d, int a, int members) {
      this.d = d;
      this.a = a;
      this.members = members;
    }

    @Override
    void execute(Warp warp, int mask) {
      int named = checkMembers(warp, mask, members);
      int[] values = warp.narrow[a];
      int first = warp.first;
      for (int lane = 0; lane < Lanes.COUNT; lane++) {
        int same = 0;
        for (int other = 0; other < Lanes.COUNT; other++) {
          same |= values[first + other] == values[first + lane] ? 1 << other : 0;
        }
        warp.narrowScratch[first + lane] = same & named;
      }
      warp.keep(d, warp.narrowScratch, mask);
    }
  }

  /** {@code bar.warp.sync}. */
  static final class WarpBarrier extends Instruction {
    private final int members;

    WarpBarrier(int members) {
      this.members = members;
    }

    @Override
    void execute(Warp warp, int mask) {
      checkMembers(warp, mask, members);
      warp.syncs++;
    }
  }

  /** {@code activemask}. */
  static final class ActiveMask extends Instruction {
    private final int d;

    ActiveMask(int d) {
      this.d = d;
    }

    @Override
    void execute(Warp warp, int mask) {
      Arrays.fill(warp.narrowScratch, warp.first, warp.first + Lanes.COUNT, mask);
      warp.keep(d, warp.narrowScratch, mask);
    }
  }
}
