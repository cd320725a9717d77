package dev.jdiffusion.cuda.emulator;

/** Instructions that compute truth values. */
final class Predicates {
  private Predicates() {}

  /** How the result of a comparison meets another predicate. */
  enum Combination {
    NONE,
    AND,
    OR,
    XOR;

    int of(int a, int b) {
      return switch (this) {
        case NONE -> a;
        case AND -> a & b;
        case OR -> a | b;
        case XOR -> a ^ b;
      };
    }
  }

  /** A predicate operand. */
  record Operand(int slot, boolean negated) {
    static final Operand NONE = new Operand(Instruction.NONE, false);

    int of(Warp warp) {
      return slot == Instruction.NONE ? Lanes.ALL : warp.predicate(slot, negated);
    }
  }

  /**
   * Where the results of a comparison go: to a predicate and its opposite, or to a register.
   *
   * @param set what a register gets where it holds; 0 for predicates
   */
  record Result(int predicate, int opposite, int register, int set) {}

  /** {@code setp} and {@code set}. */
  abstract static class Compare extends Instruction {
    private final Result result;
    private final Combination combination;
    private final Operand other;

    Compare(Result result, Combination combination, Operand other) {
      this.result = result;
      this.combination = combination;
      this.other = other;
    }

    final void keep(Warp warp, int holds, int mask) {
      int with = other.of(warp);
      if (result.register() == NONE) {
        warp.keepPredicate(result.predicate(), combination.of(holds, with), mask);
        warp.keepPredicate(result.opposite(), combination.of(~holds, with), mask);
      } else {
        int chosen = combination.of(holds, with);
        for (int lane = 0; lane < Lanes.COUNT; lane++) {
          warp.narrowScratch[warp.first + lane] = (chosen >>> lane & 1) != 0 ? result.set() : 0;
        }
        warp.keep(result.register(), warp.narrowScratch, mask);
      }
    }
  }

  /** Of 32 bits, or fewer with an adjustment. */
  static final class NarrowCompare extends Compare {
    private final Lanes.NarrowTest test;
    private final Arithmetic.Adjustment adjustment;
    private final int a;
    private final int b;

    NarrowCompare(
        Lanes.NarrowTest test,
        Arithmetic.Adjustment adjustment,
        int a,
        int b,
        Result result,
        Combination combination,
        Operand other) {
      super(result, combination, other);
      this.test = test;
      this.adjustment = adjustment;
      this.a = a;
      this.b = b;
    }

    @Override
    void execute(Warp warp, int mask) {
      int[] first = warp.narrow[a];
      int[] second = warp.narrow[b];
      if (adjustment != Arithmetic.Adjustment.NONE) {
        for (int lane = warp.first; lane < warp.first + Lanes.COUNT; lane++) {
          warp.registers.adjusted[0][lane] = adjustment.argument(first[lane]);
          warp.registers.adjusted[1][lane] = adjustment.argument(second[lane]);
        }
        first = warp.registers.adjusted[0];
        second = warp.registers.adjusted[1];
      }
      keep(warp, test.test(first, second, warp.first), mask);
    }
  }

  /** Of 64 bits. */
  static final class WideCompare extends Compare {
    private final Lanes.WideTest test;
    private final int a;
    private final int b;

    WideCompare(
        Lanes.WideTest test, int a, int b, Result result, Combination combination, Operand other) {
      super(result, combination, other);
      this.test = test;
      this.a = a;
      this.b = b;
    }

    @Override
    void execute(Warp warp, int mask) {
      keep(warp, test.test(warp.wide[a], warp.wide[b], warp.first), mask);
    }
  }

  /** {@code and.pred}, {@code or.pred}, {@code xor.pred}, {@code not.pred} and {@code mov.pred}. */
  static final class Logic extends Instruction {
    private final Combination combination;
    private final boolean negate;
    private final int d;
    private final Operand a;
    private final Operand b;

    Logic(Combination combination, boolean negate, int d, Operand a, Operand b) {
      this.combination = combination;
      this.negate = negate;
      this.d = d;
      this.a = a;
      this.b = b;
    }

    @Override
    void execute(Warp warp, int mask) {
      int value = combination.of(a.of(warp), b.of(warp));
      warp.keepPredicate(d, negate ? ~value : value, mask);
    }
  }

  /** {@code mov.pred} of a constant. */
  static final class Constant extends Instruction {
    private final int d;
    private final boolean value;

    Constant(int d, boolean value) {
      this.d = d;
      this.value = value;
    }

    @Override
    void execute(Warp warp, int mask) {
      warp.keepPredicate(d, value ? Lanes.ALL : 0, mask);
    }
  }
}
