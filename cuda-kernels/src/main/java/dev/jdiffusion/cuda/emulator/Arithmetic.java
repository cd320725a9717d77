package dev.jdiffusion.cuda.emulator;

/**
 * Instructions that compute registers from registers, each around an operation of {@link Lanes}.
 */
final class Arithmetic {
  private Arithmetic() {}

  /** What is done to arguments before, and to the result after, an operation of 32 bits. */
  enum Adjustment {
    NONE,
    /** 16-bit registers hold their value zero-extended; the operation wants it sign-extended. */
    SIGNED_16,
    UNSIGNED_16,
    /** The result keeps its 32 bits. */
    SIGNED_16_TO_32,
    UNSIGNED_16_TO_32,
    /** Subnormal numbers become zero. */
    FLUSH,
    /** The result is clamped to 0..1, and is 0 if not a number. */
    SATURATE,
    FLUSH_AND_SATURATE;

    int argument(int bits) {
      return switch (this) {
        case SIGNED_16, SIGNED_16_TO_32 -> (short) bits;
        case UNSIGNED_16, UNSIGNED_16_TO_32 -> bits & 0xffff;
        case FLUSH, FLUSH_AND_SATURATE -> flush(bits);
        default -> bits;
      };
    }

    int result(int bits) {
      return switch (this) {
        case NONE, SIGNED_16_TO_32, UNSIGNED_16_TO_32 -> bits;
        case SIGNED_16, UNSIGNED_16 -> bits & 0xffff;
        case FLUSH -> flush(bits);
        case SATURATE -> saturate(bits);
        case FLUSH_AND_SATURATE -> flush(saturate(bits));
      };
    }

    static int flush(int bits) {
      return (bits & 0x7f800000) == 0 ? bits & 0x80000000 : bits;
    }

    private static int saturate(int bits) {
      float value = Float.intBitsToFloat(bits);
      return value > 0 ? Float.floatToRawIntBits(Math.min(value, 1)) : 0;
    }
  }

  /** 32 bits of 32 bits. */
  static final class Narrow extends Instruction {
    private final Lanes.Narrow operation;
    private final int d;
    private final int a;
    private final int b;
    private final int c;

    Narrow(Lanes.Narrow operation, int d, int a, int b, int c) {
      this.operation = operation;
      this.d = d;
      this.a = a;
      this.b = b;
      this.c = c;
    }

    /** Writes the slots of result and arguments to four places of an array. */
    void slots(int[] to, int at) {
      to[at] = d;
      to[at + 1] = a;
      to[at + 2] = b;
      to[at + 3] = c;
    }

    @Override
    void execute(Warp warp, int mask) {
      int[][] slots = warp.narrow;
      if (mask == Lanes.ALL) {
        operation.apply(slots[d], slots[a], slots[b], slots[c]);
      } else {
        operation.apply(warp.narrowScratch, slots[a], slots[b], slots[c]);
        warp.keep(d, warp.narrowScratch, mask);
      }
    }
  }

  /** The same with an {@link Adjustment}. */
  static final class Adjusted extends Instruction {
    private final Lanes.Narrow operation;
    private final Adjustment adjustment;
    private final int d;
    private final int[] arguments;

    Adjusted(Lanes.Narrow operation, Adjustment adjustment, int d, int a, int b, int c) {
      this.operation = operation;
      this.adjustment = adjustment;
      this.d = d;
      arguments = new int[] {a, b, c};
    }

    @Override
    void execute(Warp warp, int mask) {
      int[][] adjusted = warp.adjusted;
      for (int i = 0; i < arguments.length; i++) {
        int[] from = warp.narrow[arguments[i]];
        for (int lane = 0; lane < Lanes.COUNT; lane++) {
          adjusted[i][lane] = adjustment.argument(from[lane]);
        }
      }
      int[] result = warp.narrowScratch;
      operation.apply(result, adjusted[0], adjusted[1], adjusted[2]);
      for (int lane = 0; lane < Lanes.COUNT; lane++) {
        result[lane] = adjustment.result(result[lane]);
      }
      warp.keep(d, result, mask);
    }
  }

  /** 64 bits of 64 bits. */
  static final class Wide extends Instruction {
    private final Lanes.Wide operation;
    private final int d;
    private final int a;
    private final int b;
    private final int c;

    Wide(Lanes.Wide operation, int d, int a, int b, int c) {
      this.operation = operation;
      this.d = d;
      this.a = a;
      this.b = b;
      this.c = c;
    }

    @Override
    void execute(Warp warp, int mask) {
      long[][] slots = warp.wide;
      if (mask == Lanes.ALL) {
        operation.apply(slots[d], slots[a], slots[b], slots[c]);
      } else {
        operation.apply(warp.wideScratch, slots[a], slots[b], slots[c]);
        warp.keep(d, warp.wideScratch, mask);
      }
    }
  }

  /** 64 bits of 32 bits; {@code c} has 64. */
  static final class Widening extends Instruction {
    private final Lanes.Widening operation;
    private final int d;
    private final int a;
    private final int b;
    private final int c;

    Widening(Lanes.Widening operation, int d, int a, int b, int c) {
      this.operation = operation;
      this.d = d;
      this.a = a;
      this.b = b;
      this.c = c;
    }

    @Override
    void execute(Warp warp, int mask) {
      if (mask == Lanes.ALL) {
        operation.apply(warp.wide[d], warp.narrow[a], warp.narrow[b], warp.wide[c]);
      } else {
        operation.apply(warp.wideScratch, warp.narrow[a], warp.narrow[b], warp.wide[c]);
        warp.keep(d, warp.wideScratch, mask);
      }
    }
  }

  /** 32 bits of 64 bits. */
  static final class Narrowing extends Instruction {
    private final Lanes.Narrowing operation;
    private final int d;
    private final int a;

    Narrowing(Lanes.Narrowing operation, int d, int a) {
      this.operation = operation;
      this.d = d;
      this.a = a;
    }

    @Override
    void execute(Warp warp, int mask) {
      operation.apply(warp.narrowScratch, warp.wide[a]);
      warp.keep(d, warp.narrowScratch, mask);
    }
  }

  /** 64 bits moved by amounts of 32 bits. */
  static final class Shifting extends Instruction {
    private final Lanes.Shifting operation;
    private final int d;
    private final int a;
    private final int b;
    private final int c;

    Shifting(Lanes.Shifting operation, int d, int a, int b, int c) {
      this.operation = operation;
      this.d = d;
      this.a = a;
      this.b = b;
      this.c = c;
    }

    @Override
    void execute(Warp warp, int mask) {
      operation.apply(warp.wideScratch, warp.wide[a], warp.narrow[b], warp.narrow[c]);
      warp.keep(d, warp.wideScratch, mask);
    }
  }

  /** {@code selp}: the first value where a predicate holds, else the second. */
  static final class Select extends Instruction {
    private final boolean wide;
    private final int d;
    private final int a;
    private final int b;
    private final int predicate;

    Select(boolean wide, int d, int a, int b, int predicate) {
      this.wide = wide;
      this.d = d;
      this.a = a;
      this.b = b;
      this.predicate = predicate;
    }

    @Override
    void execute(Warp warp, int mask) {
      int chosen = warp.predicates[predicate];
      if (wide) {
        warp.keep(d, warp.wide[a], mask & chosen);
        warp.keep(d, warp.wide[b], mask & ~chosen);
      } else {
        warp.keep(d, warp.narrow[a], mask & chosen);
        warp.keep(d, warp.narrow[b], mask & ~chosen);
      }
    }
  }

  /** Sums and products of 32 bits with the carry flag. */
  static final class Carrying extends Instruction {
    private final boolean multiply;
    private final boolean high;
    private final boolean subtract;
    private final boolean carryIn;
    private final boolean carryOut;
    private final int d;
    private final int a;
    private final int b;
    private final int c;

    /**
     * From an opcode such as {@code madc.hi.cc.u32}.
     *
     * @param c what is added to a product
     */
    Carrying(String opcode, int d, int a, int b, int c) {
      multiply = opcode.startsWith("mad");
      high = opcode.contains(".hi");
      subtract = opcode.startsWith("sub");
      carryIn = opcode.charAt(3) == 'c';
      carryOut = opcode.contains(".cc");
      this.d = d;
      this.a = a;
      this.b = b;
      this.c = c;
    }

    @Override
    void execute(Warp warp, int mask) {
      for (int rest = mask; rest != 0; rest &= rest - 1) {
        int lane = Integer.numberOfTrailingZeros(rest);
        long carry = carryIn ? warp.carry >>> lane & 1 : 0;
        long first = Integer.toUnsignedLong(warp.narrow[a][lane]);
        long second = Integer.toUnsignedLong(warp.narrow[b][lane]);
        if (multiply) {
          long product = first * second;
          first = high ? product >>> Integer.SIZE : product & 0xffffffffL;
          second = Integer.toUnsignedLong(warp.narrow[c][lane]);
        }
        long result = subtract ? first - second - carry : first + second + carry;
        warp.narrow[d][lane] = (int) result;
        if (carryOut) {
          int out = (int) (result >>> Integer.SIZE) & 1;
          warp.carry = warp.carry & ~(1 << lane) | out << lane;
        }
      }
    }
  }
}
