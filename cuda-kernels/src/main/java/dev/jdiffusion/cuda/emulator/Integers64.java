package dev.jdiffusion.cuda.emulator;

import org.jspecify.annotations.Nullable;

/** Integer and bit operations of 64 bits, and between 32 and 64 bits. */
final class Integers64 {
  private Integers64() {}

  /** The operation of an opcode such as {@code mul.lo.s64}, if it is one of these. */
  static Lanes.@Nullable Wide operation(String opcode) {
    return switch (opcode) {
      case "add.s64", "add.u64" ->
          (d, a, b, c, from, to) -> {
            for (int i = from; i < to; i++) {
              d[i] = a[i] + b[i];
            }
          };
      case "sub.s64", "sub.u64" ->
          (d, a, b, c, from, to) -> {
            for (int i = from; i < to; i++) {
              d[i] = a[i] - b[i];
            }
          };
      case "mul.lo.s64", "mul.lo.u64" ->
          (d, a, b, c, from, to) -> {
            for (int i = from; i < to; i++) {
              d[i] = a[i] * b[i];
            }
          };
      case "mul.hi.s64" ->
          (d, a, b, c, from, to) -> {
            for (int i = from; i < to; i++) {
              d[i] = Math.multiplyHigh(a[i], b[i]);
            }
          };
      case "mul.hi.u64" ->
          (d, a, b, c, from, to) -> {
            for (int i = from; i < to; i++) {
              d[i] = Math.unsignedMultiplyHigh(a[i], b[i]);
            }
          };
      case "mad.lo.s64", "mad.lo.u64" ->
          (d, a, b, c, from, to) -> {
            for (int i = from; i < to; i++) {
              d[i] = a[i] * b[i] + c[i];
            }
          };
      case "mad.hi.s64" ->
          (d, a, b, c, from, to) -> {
            for (int i = from; i < to; i++) {
              d[i] = Math.multiplyHigh(a[i], b[i]) + c[i];
            }
          };
      case "mad.hi.u64" ->
          (d, a, b, c, from, to) -> {
            for (int i = from; i < to; i++) {
              d[i] = Math.unsignedMultiplyHigh(a[i], b[i]) + c[i];
            }
          };
      case "div.s64" ->
          (d, a, b, c, from, to) -> {
            for (int i = from; i < to; i++) {
              d[i] = b[i] == 0 ? -1 : a[i] / b[i];
            }
          };
      case "div.u64" ->
          (d, a, b, c, from, to) -> {
            for (int i = from; i < to; i++) {
              d[i] = b[i] == 0 ? -1 : Long.divideUnsigned(a[i], b[i]);
            }
          };
      case "rem.s64" ->
          (d, a, b, c, from, to) -> {
            for (int i = from; i < to; i++) {
              d[i] = b[i] == 0 ? a[i] : a[i] % b[i];
            }
          };
      case "rem.u64" ->
          (d, a, b, c, from, to) -> {
            for (int i = from; i < to; i++) {
              d[i] = b[i] == 0 ? a[i] : Long.remainderUnsigned(a[i], b[i]);
            }
          };
      case "abs.s64" ->
          (d, a, b, c, from, to) -> {
            for (int i = from; i < to; i++) {
              d[i] = Math.abs(a[i]);
            }
          };
      case "neg.s64" ->
          (d, a, b, c, from, to) -> {
            for (int i = from; i < to; i++) {
              d[i] = -a[i];
            }
          };
      case "min.s64" ->
          (d, a, b, c, from, to) -> {
            for (int i = from; i < to; i++) {
              d[i] = Math.min(a[i], b[i]);
            }
          };
      case "max.s64" ->
          (d, a, b, c, from, to) -> {
            for (int i = from; i < to; i++) {
              d[i] = Math.max(a[i], b[i]);
            }
          };
      case "min.u64" ->
          (d, a, b, c, from, to) -> {
            for (int i = from; i < to; i++) {
              d[i] = Long.compareUnsigned(a[i], b[i]) < 0 ? a[i] : b[i];
            }
          };
      case "max.u64" ->
          (d, a, b, c, from, to) -> {
            for (int i = from; i < to; i++) {
              d[i] = Long.compareUnsigned(a[i], b[i]) > 0 ? a[i] : b[i];
            }
          };
      case "and.b64" ->
          (d, a, b, c, from, to) -> {
            for (int i = from; i < to; i++) {
              d[i] = a[i] & b[i];
            }
          };
      case "or.b64" ->
          (d, a, b, c, from, to) -> {
            for (int i = from; i < to; i++) {
              d[i] = a[i] | b[i];
            }
          };
      case "xor.b64" ->
          (d, a, b, c, from, to) -> {
            for (int i = from; i < to; i++) {
              d[i] = a[i] ^ b[i];
            }
          };
      case "not.b64" ->
          (d, a, b, c, from, to) -> {
            for (int i = from; i < to; i++) {
              d[i] = ~a[i];
            }
          };
      case "brev.b64" ->
          (d, a, b, c, from, to) -> {
            for (int i = from; i < to; i++) {
              d[i] = Long.reverse(a[i]);
            }
          };
      case "mov.b64" ->
          (d, a, b, c, from, to) -> {
            for (int i = from; i < to; i++) {
              d[i] = a[i];
            }
          };
      default -> null;
    };
  }

  /** The operation of an opcode such as {@code shl.b64}, if it is one of these. */
  static Lanes.@Nullable Shifting shifting(String opcode) {
    return switch (opcode) {
      case "shl.b64" ->
          (d, a, b, c, from, to) -> {
            for (int i = from; i < to; i++) {
              d[i] = (b[i] & ~63) == 0 ? a[i] << b[i] : 0;
            }
          };
      case "shr.u64", "shr.b64" ->
          (d, a, b, c, from, to) -> {
            for (int i = from; i < to; i++) {
              d[i] = (b[i] & ~63) == 0 ? a[i] >>> b[i] : 0;
            }
          };
      case "shr.s64" ->
          (d, a, b, c, from, to) -> {
            for (int i = from; i < to; i++) {
              d[i] = a[i] >> ((b[i] & ~63) == 0 ? b[i] : 63);
            }
          };
      case "bfe.u64" ->
          (d, a, b, c, from, to) -> {
            for (int i = from; i < to; i++) {
              d[i] = extract(a[i], b[i], c[i]);
            }
          };
      default -> null;
    };
  }

  /**
   * The operation of an opcode such as {@code mul.wide.s32}, if it is one of these; {@code
   * mov.pack} makes 64 bits of two halves, the lower first.
   */
  static Lanes.@Nullable Widening widening(String opcode) {
    return switch (opcode) {
      case "mul.wide.s32" ->
          (d, a, b, c, from, to) -> {
            for (int i = from; i < to; i++) {
              d[i] = (long) a[i] * b[i];
            }
          };
      case "mul.wide.u32" ->
          (d, a, b, c, from, to) -> {
            for (int i = from; i < to; i++) {
              d[i] = Integer.toUnsignedLong(a[i]) * Integer.toUnsignedLong(b[i]);
            }
          };
      case "mad.wide.s32" ->
          (d, a, b, c, from, to) -> {
            for (int i = from; i < to; i++) {
              d[i] = (long) a[i] * b[i] + c[i];
            }
          };
      case "mad.wide.u32" ->
          (d, a, b, c, from, to) -> {
            for (int i = from; i < to; i++) {
              d[i] = Integer.toUnsignedLong(a[i]) * Integer.toUnsignedLong(b[i]) + c[i];
            }
          };
      case "cvt.s64.s32", "cvt.u64.s32" ->
          (d, a, b, c, from, to) -> {
            for (int i = from; i < to; i++) {
              d[i] = a[i];
            }
          };
      case "cvt.s64.u32", "cvt.u64.u32" ->
          (d, a, b, c, from, to) -> {
            for (int i = from; i < to; i++) {
              d[i] = Integer.toUnsignedLong(a[i]);
            }
          };
      case "mov.pack" ->
          (d, a, b, c, from, to) -> {
            for (int i = from; i < to; i++) {
              d[i] = Integer.toUnsignedLong(a[i]) | (long) b[i] << 32;
            }
          };
      default -> null;
    };
  }

  /**
   * The operation of an opcode such as {@code popc.b64}, if it is one of these; {@code mov.low} and
   * {@code mov.high} take halves.
   */
  static Lanes.@Nullable Narrowing narrowing(String opcode) {
    return switch (opcode) {
      case "popc.b64" ->
          (d, a, from, to) -> {
            for (int i = from; i < to; i++) {
              d[i] = Long.bitCount(a[i]);
            }
          };
      case "clz.b64" ->
          (d, a, from, to) -> {
            for (int i = from; i < to; i++) {
              d[i] = Long.numberOfLeadingZeros(a[i]);
            }
          };
      case "bfind.u64" ->
          (d, a, from, to) -> {
            for (int i = from; i < to; i++) {
              d[i] = 63 - Long.numberOfLeadingZeros(a[i]);
            }
          };
      case "cvt.u32.u64", "cvt.s32.s64", "cvt.u32.s64", "cvt.s32.u64", "mov.low" ->
          (d, a, from, to) -> {
            for (int i = from; i < to; i++) {
              d[i] = (int) a[i];
            }
          };
      case "mov.high" ->
          (d, a, from, to) -> {
            for (int i = from; i < to; i++) {
              d[i] = (int) (a[i] >>> 32);
            }
          };
      default -> null;
    };
  }

  private static long extract(long value, int position, int length) {
    int from = position & 0xff;
    int bits = length & 0xff;
    long moved = from > 63 ? 0 : value >>> from;
    return bits > 63 ? moved : moved & (1L << bits) - 1;
  }

  static long insert(long field, long value, int position, int length) {
    int from = position & 0xff;
    int bits = length & 0xff;
    if (from > 63 || bits == 0) {
      return value;
    }
    long mask = (bits > 63 ? -1L : (1L << bits) - 1) << from;
    return value & ~mask | field << from & mask;
  }
}
