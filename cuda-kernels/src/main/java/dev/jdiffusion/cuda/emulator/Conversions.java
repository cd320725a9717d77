package dev.jdiffusion.cuda.emulator;

import org.jspecify.annotations.Nullable;

/** {@code cvt}: between types of numbers. */
final class Conversions {
  private Conversions() {}

  /** The types of numbers. */
  enum Type {
    S8,
    U8,
    S16,
    U16,
    S32,
    U32,
    S64,
    U64,
    F16,
    BF16,
    F32,
    F64;

    boolean isFloating() {
      return ordinal() >= F16.ordinal();
    }

    boolean isWide() {
      return this == S64 || this == U64 || this == F64;
    }

    boolean isSigned() {
      return this == S8 || this == S16 || this == S32 || this == S64;
    }

    int bits() {
      return switch (this) {
        case S8, U8 -> 8;
        case S16, U16, F16, BF16 -> 16;
        case S32, U32, F32 -> 32;
        case S64, U64, F64 -> 64;
      };
    }

    static @Nullable Type named(String name) {
      for (Type type : values()) {
        if (type.name().equalsIgnoreCase(name)) {
          return type;
        }
      }
      return null;
    }
  }

  /** The frequent ones, as one loop each. */
  static Lanes.@Nullable Narrow narrow(String opcode) {
    return switch (opcode) {
      case "cvt.rn.f32.s32" ->
          (d, a, b, c, from, to) -> {
            for (int i = from; i < to; i++) {
              d[i] = Float.floatToRawIntBits(a[i]);
            }
          };
      case "cvt.rn.f32.u32" ->
          (d, a, b, c, from, to) -> {
            for (int i = from; i < to; i++) {
              d[i] = Float.floatToRawIntBits(Integer.toUnsignedLong(a[i]));
            }
          };
      case "cvt.rzi.s32.f32" ->
          (d, a, b, c, from, to) -> {
            for (int i = from; i < to; i++) {
              d[i] = (int) Float.intBitsToFloat(a[i]);
            }
          };
      case "cvt.u32.u16", "cvt.u16.u32", "cvt.s32.u16", "cvt.u32.u8", "cvt.u16.u8" -> {
        int mask = opcode.endsWith("u8") ? 0xff : 0xffff;
        yield (d, a, b, c, from, to) -> {
          for (int i = from; i < to; i++) {
            d[i] = a[i] & mask;
          }
        };
      }
      default -> null;
    };
  }

  /** The frequent ones to 64 bits. */
  static Lanes.@Nullable Widening widening(String opcode) {
    return switch (opcode) {
      case "cvt.f64.f32" ->
          (d, a, b, c, from, to) -> {
            for (int i = from; i < to; i++) {
              d[i] = Double.doubleToRawLongBits(Float.intBitsToFloat(a[i]));
            }
          };
      case "cvt.rn.f64.s32" ->
          (d, a, b, c, from, to) -> {
            for (int i = from; i < to; i++) {
              d[i] = Double.doubleToRawLongBits(a[i]);
            }
          };
      default -> null;
    };
  }

  /** The frequent ones from 64 bits. */
  static Lanes.@Nullable Narrowing narrowing(String opcode) {
    return switch (opcode) {
      case "cvt.rn.f32.f64" ->
          (d, a, from, to) -> {
            for (int i = from; i < to; i++) {
              d[i] = Float.floatToRawIntBits((float) Double.longBitsToDouble(a[i]));
            }
          };
      default -> null;
    };
  }

  /** Any conversion, one lane after the other. */
  static final class Convert extends Instruction {
    private final Type to;
    private final Type from;
    private final String rounding;
    private final boolean saturate;
    private final boolean flush;
    private final int d;
    private final int a;
    private final boolean wideTarget;
    private final boolean wideSource;

    /**
     * A conversion.
     *
     * @param rounding such as {@code rn} or {@code rzi}, empty if there is none
     * @param wideTarget whether the result's register has 64 bits, which a smaller number may use
     */
    Convert(
        Type to,
        Type from,
        String rounding,
        boolean saturate,
        boolean flush,
        int d,
        boolean wideTarget,
        int a,
        boolean wideSource) {
      this.to = to;
      this.from = from;
      this.rounding = rounding;
      this.saturate = saturate;
      this.flush = flush;
      this.d = d;
      this.a = a;
      this.wideTarget = wideTarget;
      this.wideSource = wideSource;
    }

    @Override
    void execute(Warp warp, int mask) {
      for (int rest = mask; rest != 0; rest &= rest - 1) {
        int lane = warp.first + Integer.numberOfTrailingZeros(rest);
        long bits = wideSource ? warp.wide[a][lane] : warp.narrow[a][lane];
        long result = from.isFloating() ? fromFloating(bits) : fromInteger(bits);
        if (wideTarget) {
          warp.wide[d][lane] = result;
        } else {
          warp.narrow[d][lane] = (int) result;
        }
      }
    }

    private long fromInteger(long bits) {
      int unused = Long.SIZE - from.bits();
      long value = from.isSigned() ? bits << unused >> unused : bits << unused >>> unused;
      if (!to.isFloating()) {
        return truncate(saturate ? clamp(value) : value);
      }
      double exact = from == Type.U64 && value < 0 ? unsignedToDouble(value) : value;
      if (to == Type.F64) {
        return Double.doubleToRawLongBits(exact);
      }
      if (!rounding.equals("rn")) {
        return encode(exact);
      }
      float nearest =
          from == Type.U64 && value < 0 ? (float) (value >>> 1 | value & 1) * 2 : (float) value;
      return to == Type.F32 ? Float.floatToRawIntBits(nearest) : encode(nearest);
    }

    private static double unsignedToDouble(long value) {
      return (double) (value >>> 1 | value & 1) * 2;
    }

    private long clamp(long value) {
      if (from == Type.U64 && value < 0) {
        return to == Type.U64 ? value : largest();
      }
      if (to == Type.U64) {
        return Math.max(0, value);
      }
      return Math.max(smallest(), Math.min(largest(), value));
    }

    private long largest() {
      return to.isSigned() ? Long.MAX_VALUE >>> Long.SIZE - to.bits() : (1L << to.bits()) - 1;
    }

    private long smallest() {
      return to.isSigned() ? -largest() - 1 : 0;
    }

    /** The register's bits: small signed integers keep their sign in registers of 32 bits. */
    private long truncate(long value) {
      int unused = Long.SIZE - to.bits();
      long kept = to.isSigned() ? value << unused >> unused : value << unused >>> unused;
      return to.bits() == 16 ? kept & 0xffff : kept;
    }

    private long fromFloating(long bits) {
      double value =
          switch (from) {
            case F16 -> Float.float16ToFloat((short) bits);
            case BF16 -> Float.intBitsToFloat((int) bits << 16);
            case F32 ->
                Float.intBitsToFloat(flush ? Arithmetic.Adjustment.flush((int) bits) : (int) bits);
            default -> Double.longBitsToDouble(bits);
          };
      if (!to.isFloating()) {
        return toInteger(integral(value));
      }
      if (rounding.endsWith("i")) {
        value = integral(value);
      }
      if (saturate) {
        value = value > 0 ? Math.min(value, 1) : 0;
      }
      if (to == Type.F64) {
        return Double.doubleToRawLongBits(value);
      }
      return encode(value);
    }

    private double integral(double value) {
      return switch (rounding) {
        case "rni" -> Math.rint(value);
        case "rmi" -> Math.floor(value);
        case "rpi" -> Math.ceil(value);
        case "rzi" -> value < 0 ? Math.ceil(value) : Math.floor(value);
        default -> value;
      };
    }

    private long toInteger(double value) {
      if (to == Type.U64) {
        return value >= 0x1p63
            ? value >= 0x1p64 ? -1 : (long) (value - 0x1p63) + Long.MIN_VALUE
            : (long) Math.max(0, value);
      }
      if (to == Type.S64) {
        return (long) value;
      }
      return truncate(Math.max(smallest(), Math.min(largest(), (long) value)));
    }

    private long encode(double value) {
      int single =
          switch (rounding) {
            case "rz" -> Rounding.round(value, 0, Rounding.ZERO);
            case "rm" -> Rounding.round(value, 0, Rounding.DOWN);
            case "rp" -> Rounding.round(value, 0, Rounding.UP);
            default -> Float.floatToRawIntBits((float) value);
          };
      return switch (to) {
        case F16 -> Float.floatToFloat16(Float.intBitsToFloat(single)) & 0xffff;
        case BF16 -> brain(single, rounding);
        default -> flush ? Arithmetic.Adjustment.flush(single) : single;
      };
    }
  }

  /** The upper half of a number, rounded to nearest even or cut off. */
  static int brain(int single, String rounding) {
    if ((single & 0x7fffffff) > 0x7f800000) {
      return 0x7fff;
    }
    int half = rounding.equals("rz") ? 0 : 0x7fff + (single >>> 16 & 1);
    return single + half >>> 16;
  }

  /** {@code cvt.rn.bf16x2.f32} and {@code cvt.rn.f16x2.f32}: two numbers in one register. */
  static final class PackHalves extends Instruction {
    private final boolean brain;
    private final String rounding;
    private final int d;
    private final int high;
    private final int low;

    PackHalves(boolean brain, String rounding, int d, int high, int low) {
      this.brain = brain;
      this.rounding = rounding;
      this.d = d;
      this.high = high;
      this.low = low;
    }

    @Override
    void execute(Warp warp, int mask) {
      for (int lane = warp.first; lane < warp.first + Lanes.COUNT; lane++) {
        warp.narrowScratch[lane] =
            half(warp.narrow[high][lane]) << 16 | half(warp.narrow[low][lane]);
      }
      warp.keep(d, warp.narrowScratch, mask);
    }

    private int half(int single) {
      return brain
          ? brain(single, rounding)
          : Float.floatToFloat16(Float.intBitsToFloat(single)) & 0xffff;
    }
  }
}
