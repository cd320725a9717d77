package dev.jdiffusion.cuda.emulator;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/** Atomic updates of words: {@code atom} and {@code red}. */
final class Atomic extends Instruction implements GlobalMemory.Transfer {
  private static final VarHandle WORD = MethodHandles.arrayElementVarHandle(int[].class);

  /** What becomes of a word. */
  enum Kind {
    ADD,
    MIN_SIGNED,
    MIN_UNSIGNED,
    MAX_SIGNED,
    MAX_UNSIGNED,
    AND,
    OR,
    XOR,
    EXCHANGE,
    COMPARE_AND_SWAP,
    ADD_FLOAT
  }

  private final Kind kind;
  private final Access.Address address;
  private final int bytes;
  private final int result;
  private final int value;
  private final int replacement;

  /**
   * An update.
   *
   * @param bytes 4 or 8
   * @param result the slot of the former value, or {@link #NONE}
   * @param value the slot of the operand; of what is compared in a compare and swap
   * @param replacement the slot of what a compare and swap writes
   */
  Atomic(Kind kind, Access.Address address, int bytes, int result, int value, int replacement) {
    this.kind = kind;
    this.address = address;
    this.bytes = bytes;
    this.result = result;
    this.value = value;
    this.replacement = replacement;
  }

  /** Replaces some bits of a word, safe against others that replace its other bits. */
  static void replaceBits(int[] words, int place, int mask, int bits) {
    int old;
    do {
      old = (int) WORD.getVolatile(words, place);
    } while (!WORD.compareAndSet(words, place, old, old & ~mask | bits));
  }

  @Override
  void execute(Warp warp, int mask) {
    Access.addresses(warp, address);
    boolean inShared = address.space() == Access.Space.SHARED;
    if (address.space() == Access.Space.GENERIC
        && (warp.addresses[Integer.numberOfTrailingZeros(mask)] & Access.SHARED_WINDOW) != 0) {
      inShared = true;
      for (int lane = 0; lane < Lanes.COUNT; lane++) {
        warp.addresses[lane] -= Access.SHARED_WINDOW;
      }
    }
    if (inShared) {
      SharedMemory shared = warp.block.shared();
      warp.block.counters().shared(warp.addresses, mask, bytes);
      shared.checkInside(warp, mask, shared.update(warp, mask, bytes), "updates", bytes);
      move(warp, shared.words, mask);
    } else {
      warp.block.counters().global(warp.addresses, mask, bytes);
      warp.block.launch().memory().update(warp, mask, bytes, this);
    }
  }

  @Override
  public void move(Warp warp, int[] words, int lanes) {
    for (int rest = lanes; rest != 0; rest &= rest - 1) {
      int lane = Integer.numberOfTrailingZeros(rest);
      if (bytes == Integer.BYTES) {
        narrow(warp, words, lane);
      } else {
        wide(warp, words, lane);
      }
    }
  }

  private void narrow(Warp warp, int[] words, int lane) {
    int place = warp.places[lane];
    int operand = warp.narrow[value][warp.first + lane];
    int swap = replacement == NONE ? 0 : warp.narrow[replacement][warp.first + lane];
    int old;
    int now;
    do {
      old = (int) WORD.getVolatile(words, place);
      now =
          kind == Kind.ADD_FLOAT
              ? Float.floatToRawIntBits(Float.intBitsToFloat(old) + Float.intBitsToFloat(operand))
              : (int) updated(old, operand, swap);
    } while (!WORD.compareAndSet(words, place, old, now));
    if (result != NONE) {
      warp.narrow[result][warp.first + lane] = old;
    }
  }

  /** 64-bit updates of all threads exclude each other: there is no 64-bit view of the words. */
  private void wide(Warp warp, int[] words, int lane) {
    int place = warp.places[lane];
    long operand = warp.wide[value][warp.first + lane];
    long swap = replacement == NONE ? 0 : warp.wide[replacement][warp.first + lane];
    synchronized (words) {
      long old = Integer.toUnsignedLong(words[place]) | (long) words[place + 1] << Integer.SIZE;
      long now = updated(old, operand, swap);
      words[place] = (int) now;
      words[place + 1] = (int) (now >>> Integer.SIZE);
      if (result != NONE) {
        warp.wide[result][warp.first + lane] = old;
      }
    }
  }

  private long updated(long old, long operand, long swap) {
    return switch (kind) {
      case ADD -> old + operand;
      case MIN_SIGNED -> Math.min(old, operand);
      case MAX_SIGNED -> Math.max(old, operand);
      case MIN_UNSIGNED -> Long.compareUnsigned(old, operand) < 0 ? old : operand;
      case MAX_UNSIGNED -> Long.compareUnsigned(old, operand) > 0 ? old : operand;
      case AND -> old & operand;
      case OR -> old | operand;
      case XOR -> old ^ operand;
      case EXCHANGE -> operand;
      case COMPARE_AND_SWAP -> old == operand ? swap : old;
      case ADD_FLOAT -> throw new IllegalStateException("floating-point sums have 32 bits");
    };
  }
}
