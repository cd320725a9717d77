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
  static final class Narrow extends Lanewise {
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

    @Override
    void compute(Registers registers, boolean aside, int from, int to) {
      operation.apply(
          aside ? registers.narrowScratch : registers.narrow[d],
          registers.narrow[a],
          registers.narrow[b],
          registers.narrow[c],
          from,
          to);
    }

    @Override
    void keep(Warp warp, int mask) {
      warp.keep(d, warp.registers.narrowScratch, mask);
    }
  }

  /** The same with an {@link Adjustment}. */
  static final class Adjusted extends Lanewise {
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
    void compute(Registers registers, boolean aside, int from, int to) {
      int[][] adjusted = registers.adjusted;
      for (int i = 0; i < arguments.length; i++) {
        int[] argument = registers.narrow[arguments[i]];
        for (int lane = from; lane < to; lane++) {
          adjusted[i][lane] = adjustment.argument(argument[lane]);
        }
      }
      int[] result = aside ? registers.narrowScratch : registers.narrow[d];
      operation.apply(result, adjusted[0], adjusted[1], adjusted[2], from, to);
      for (int lane = from; lane < to; lane++) {
        result[lane] = adjustment.result(result[lane]);
      }
    }

    @Override
    void keep(Warp warp, int mask) {
      warp.keep(d, warp.registers.narrowScratch, mask);
    }
  }

  /** Single precision. */
  static final class Single extends Lanewise {
    private final Lanes.Single operation;
    private final int d;
    private final int a;
    private final int b;
    private final int c;

    Single(Lanes.Single operation, int d, int a, int b, int c) {
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
    void compute(Registers registers, boolean aside, int from, int to) {
      operation.apply(
          aside ? registers.singleScratch : registers.single[d],
          registers.single[a],
          registers.single[b],
          registers.single[c],
          from,
          to);
    }

    @Override
    void keep(Warp warp, int mask) {
      warp.keep(d, warp.registers.singleScratch, mask);
    }
  }

  /** The bits of a number of single precision. */
  static final class ToBits extends Lanewise {
    private final int d;
    private final int a;

    ToBits(int d, int a) {
      this.d = d;
      this.a = a;
    }

    @Override
    void compute(Registers registers, boolean aside, int from, int to) {
      int[] bits = aside ? registers.narrowScratch : registers.narrow[d];
      float[] numbers = registers.single[a];
      for (int i = from; i < to; i++) {
        bits[i] = Float.floatToRawIntBits(numbers[i]);
      }
    }

    @Override
    void keep(Warp warp, int mask) {
      warp.keep(d, warp.registers.narrowScratch, mask);
    }
  }

  /** The number of single precision that some bits are. */
  static final class FromBits extends Lanewise {
    private final int d;
    private final int a;

    FromBits(int d, int a) {
      this.d = d;
      this.a = a;
    }

    @Override
    void compute(Registers registers, boolean aside, int from, int to) {
      float[] numbers = aside ? registers.singleScratch : registers.single[d];
      int[] bits = registers.narrow[a];
      for (int i = from; i < to; i++) {
        numbers[i] = Float.intBitsToFloat(bits[i]);
      }
    }

    @Override
    void keep(Warp warp, int mask) {
      warp.keep(d, warp.registers.singleScratch, mask);
    }
  }

  /** 64 bits of 64 bits. */
  static final class Wide extends Lanewise {
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
    void compute(Registers registers, boolean aside, int from, int to) {
      operation.apply(
          aside ? registers.wideScratch : registers.wide[d],
          registers.wide[a],
          registers.wide[b],
          registers.wide[c],
          from,
          to);
    }

    @Override
    void keep(Warp warp, int mask) {
      warp.keep(d, warp.registers.wideScratch, mask);
    }
  }

  /** 64 bits of 32 bits; {@code c} has 64. */
  static final class Widening extends Lanewise {
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
    void compute(Registers registers, boolean aside, int from, int to) {
      operation.apply(
          aside ? registers.wideScratch : registers.wide[d],
          registers.narrow[a],
          registers.narrow[b],
          registers.wide[c],
          from,
          to);
    }

    @Override
    void keep(Warp warp, int mask) {
      warp.keep(d, warp.registers.wideScratch, mask);
    }
  }

  /** 32 bits of 64 bits. */
  static final class Narrowing extends Lanewise {
    private final Lanes.Narrowing operation;
    private final int d;
    private final int a;

    Narrowing(Lanes.Narrowing operation, int d, int a) {
      this.operation = operation;
      this.d = d;
      this.a = a;
    }

    @Override
    void compute(Registers registers, boolean aside, int from, int to) {
      operation.apply(
          aside ? registers.narrowScratch : registers.narrow[d], registers.wide[a], from, to);
    }

    @Override
    void keep(Warp warp, int mask) {
      warp.keep(d, warp.registers.narrowScratch, mask);
    }
  }

  /** 64 bits moved by amounts of 32 bits. */
  static final class Shifting extends Lanewise {
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
    void compute(Registers registers, boolean aside, int from, int to) {
      operation.apply(
          aside ? registers.wideScratch : registers.wide[d],
          registers.wide[a],
          registers.narrow[b],
          registers.narrow[c],
          from,
          to);
    }

    @Override
    void keep(Warp warp, int mask) {
      warp.keep(d, warp.registers.wideScratch, mask);
    }
  }

  /** {@code selp}: the first value where a predicate holds, else the second. */
  static final class Select extends Instruction {
    private final Register kind;
    private final int d;
    private final int a;
    private final int b;
    private final int predicate;

    Select(Register kind, int d, int a, int b, int predicate) {
      this.kind = kind;
      this.d = d;
      this.a = a;
      this.b = b;
      this.predicate = predicate;
    }

    @Override
    void execute(Warp warp, int mask) {
      int chosen = mask & warp.predicates[predicate];
      int others = mask & ~chosen;
      Registers registers = warp.registers;
      switch (kind) {
        case NARROW -> {
          warp.keep(d, registers.narrow[a], chosen);
          warp.keep(d, registers.narrow[b], others);
        }
        case SINGLE -> {
          warp.keep(d, registers.single[a], chosen);
          warp.keep(d, registers.single[b], others);
        }
        case WIDE -> {
          warp.keep(d, registers.wide[a], chosen);
          warp.keep(d, registers.wide[b], others);
        }
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
        long first = Integer.toUnsignedLong(warp.narrow[a][warp.first + lane]);
        long second = Integer.toUnsignedLong(warp.narrow[b][warp.first + lane]);
        if (multiply) {
          long product = first * second;
          first = high ? product >>> Integer.SIZE : product & 0xffffffffL;
          second = Integer.toUnsignedLong(warp.narrow[c][warp.first + lane]);
        }
        long result = subtract ? first - second - carry : first + second + carry;
        warp.narrow[d][warp.first + lane] = (int) result;
        if (carryOut) {
          int out = (int) (result >>> Integer.SIZE) & 1;
          warp.carry = warp.carry & ~(1 << lane) | out << lane;
        }
      }
    }
  }
}
