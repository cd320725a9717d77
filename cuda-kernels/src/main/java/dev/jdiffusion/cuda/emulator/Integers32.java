package dev.jdiffusion.cuda.emulator;

import org.jspecify.annotations.Nullable;

/** Integer and bit operations of 32 bits, as the PTX manual defines them. */
final class Integers32 {
  private Integers32() {}

  /** The operation of an opcode such as {@code mul.hi.s32}, if it is one of these. */
  static Lanes.@Nullable Narrow operation(String opcode) {
    return switch (opcode) {
      case "add.s32", "add.u32" ->
          (d, a, b, c, from, to) -> {
            for (int i = from; i < to; i++) {
              d[i] = a[i] + b[i];
            }
          };
      case "sub.s32", "sub.u32" ->
          (d, a, b, c, from, to) -> {
            for (int i = from; i < to; i++) {
              d[i] = a[i] - b[i];
            }
          };
      case "mul.lo.s32", "mul.lo.u32" ->
          (d, a, b, c, from, to) -> {
            for (int i = from; i < to; i++) {
              d[i] = a[i] * b[i];
            }
          };
      case "mul.hi.s32" ->
          (d, a, b, c, from, to) -> {
            for (int i = from; i < to; i++) {
              d[i] = (int) ((long) a[i] * b[i] >> 32);
            }
          };
      case "mul.hi.u32" ->
          (d, a, b, c, from, to) -> {
            for (int i = from; i < to; i++) {
              d[i] = (int) (Integer.toUnsignedLong(a[i]) * Integer.toUnsignedLong(b[i]) >>> 32);
            }
          };
      case "mul24.lo.s32" ->
          (d, a, b, c, from, to) -> {
            for (int i = from; i < to; i++) {
              d[i] = (a[i] << 8 >> 8) * (b[i] << 8 >> 8);
            }
          };
      case "mul24.lo.u32" ->
          (d, a, b, c, from, to) -> {
            for (int i = from; i < to; i++) {
              d[i] = (a[i] & 0xffffff) * (b[i] & 0xffffff);
            }
          };
      case "mad.lo.s32", "mad.lo.u32" ->
          (d, a, b, c, from, to) -> {
            for (int i = from; i < to; i++) {
              d[i] = a[i] * b[i] + c[i];
            }
          };
      case "mad.hi.s32" ->
          (d, a, b, c, from, to) -> {
            for (int i = from; i < to; i++) {
              d[i] = (int) ((long) a[i] * b[i] >> 32) + c[i];
            }
          };
      case "mad.hi.u32" ->
          (d, a, b, c, from, to) -> {
            for (int i = from; i < to; i++) {
              d[i] =
                  (int) (Integer.toUnsignedLong(a[i]) * Integer.toUnsignedLong(b[i]) >>> 32) + c[i];
            }
          };
      case "div.s32" ->
          (d, a, b, c, from, to) -> {
            for (int i = from; i < to; i++) {
              d[i] = b[i] == 0 ? -1 : a[i] / b[i];
            }
          };
      case "div.u32" ->
          (d, a, b, c, from, to) -> {
            for (int i = from; i < to; i++) {
              d[i] = b[i] == 0 ? -1 : Integer.divideUnsigned(a[i], b[i]);
            }
          };
      case "rem.s32" ->
          (d, a, b, c, from, to) -> {
            for (int i = from; i < to; i++) {
              d[i] = b[i] == 0 ? a[i] : a[i] % b[i];
            }
          };
      case "rem.u32" ->
          (d, a, b, c, from, to) -> {
            for (int i = from; i < to; i++) {
              d[i] = b[i] == 0 ? a[i] : Integer.remainderUnsigned(a[i], b[i]);
            }
          };
      case "abs.s32" ->
          (d, a, b, c, from, to) -> {
            for (int i = from; i < to; i++) {
              d[i] = Math.abs(a[i]);
            }
          };
      case "neg.s32" ->
          (d, a, b, c, from, to) -> {
            for (int i = from; i < to; i++) {
              d[i] = -a[i];
            }
          };
      case "min.s32" ->
          (d, a, b, c, from, to) -> {
            for (int i = from; i < to; i++) {
              d[i] = Math.min(a[i], b[i]);
            }
          };
      case "max.s32" ->
          (d, a, b, c, from, to) -> {
            for (int i = from; i < to; i++) {
              d[i] = Math.max(a[i], b[i]);
            }
          };
      case "min.u32" ->
          (d, a, b, c, from, to) -> {
            for (int i = from; i < to; i++) {
              d[i] = Integer.compareUnsigned(a[i], b[i]) < 0 ? a[i] : b[i];
            }
          };
      case "max.u32" ->
          (d, a, b, c, from, to) -> {
            for (int i = from; i < to; i++) {
              d[i] = Integer.compareUnsigned(a[i], b[i]) > 0 ? a[i] : b[i];
            }
          };
      case "and.b32" ->
          (d, a, b, c, from, to) -> {
            for (int i = from; i < to; i++) {
              d[i] = a[i] & b[i];
            }
          };
      case "or.b32" ->
          (d, a, b, c, from, to) -> {
            for (int i = from; i < to; i++) {
              d[i] = a[i] | b[i];
            }
          };
      case "xor.b32" ->
          (d, a, b, c, from, to) -> {
            for (int i = from; i < to; i++) {
              d[i] = a[i] ^ b[i];
            }
          };
      case "not.b32" ->
          (d, a, b, c, from, to) -> {
            for (int i = from; i < to; i++) {
              d[i] = ~a[i];
            }
          };
      case "cnot.b32" ->
          (d, a, b, c, from, to) -> {
            for (int i = from; i < to; i++) {
              d[i] = a[i] == 0 ? 1 : 0;
            }
          };
      case "shl.b32" ->
          (d, a, b, c, from, to) -> {
            for (int i = from; i < to; i++) {
              d[i] = (b[i] & ~31) == 0 ? a[i] << b[i] : 0;
            }
          };
      case "shr.u32", "shr.b32" ->
          (d, a, b, c, from, to) -> {
            for (int i = from; i < to; i++) {
              d[i] = (b[i] & ~31) == 0 ? a[i] >>> b[i] : 0;
            }
          };
      case "shr.s32" ->
          (d, a, b, c, from, to) -> {
            for (int i = from; i < to; i++) {
              d[i] = a[i] >> ((b[i] & ~31) == 0 ? b[i] : 31);
            }
          };
      case "shf.l.wrap.b32" ->
          (d, a, b, c, from, to) -> {
            for (int i = from; i < to; i++) {
              d[i] = (int) (join(b[i], a[i]) << (c[i] & 31) >>> 32);
            }
          };
      case "shf.r.wrap.b32" ->
          (d, a, b, c, from, to) -> {
            for (int i = from; i < to; i++) {
              d[i] = (int) (join(b[i], a[i]) >>> (c[i] & 31));
            }
          };
      case "shf.l.clamp.b32" ->
          (d, a, b, c, from, to) -> {
            for (int i = from; i < to; i++) {
              d[i] = (int) (join(b[i], a[i]) << clamp(c[i]) >>> 32);
            }
          };
      case "shf.r.clamp.b32" ->
          (d, a, b, c, from, to) -> {
            for (int i = from; i < to; i++) {
              d[i] = (int) (join(b[i], a[i]) >>> clamp(c[i]));
            }
          };
      case "popc.b32" ->
          (d, a, b, c, from, to) -> {
            for (int i = from; i < to; i++) {
              d[i] = Integer.bitCount(a[i]);
            }
          };
      case "clz.b32" ->
          (d, a, b, c, from, to) -> {
            for (int i = from; i < to; i++) {
              d[i] = Integer.numberOfLeadingZeros(a[i]);
            }
          };
      case "brev.b32" ->
          (d, a, b, c, from, to) -> {
            for (int i = from; i < to; i++) {
              d[i] = Integer.reverse(a[i]);
            }
          };
      case "bfind.u32" ->
          (d, a, b, c, from, to) -> {
            for (int i = from; i < to; i++) {
              d[i] = 31 - Integer.numberOfLeadingZeros(a[i]);
            }
          };
      case "bfind.s32" ->
          (d, a, b, c, from, to) -> {
            for (int i = from; i < to; i++) {
              d[i] = 31 - Integer.numberOfLeadingZeros(a[i] < 0 ? ~a[i] : a[i]);
            }
          };
      case "bfind.shiftamt.u32" ->
          (d, a, b, c, from, to) -> {
            for (int i = from; i < to; i++) {
              d[i] = a[i] == 0 ? -1 : Integer.numberOfLeadingZeros(a[i]);
            }
          };
      case "bfind.shiftamt.s32" ->
          (d, a, b, c, from, to) -> {
            for (int i = from; i < to; i++) {
              d[i] =
                  (a[i] < 0 ? ~a[i] : a[i]) == 0
                      ? -1
                      : Integer.numberOfLeadingZeros(a[i] < 0 ? ~a[i] : a[i]);
            }
          };
      case "bfe.u32" ->
          (d, a, b, c, from, to) -> {
            for (int i = from; i < to; i++) {
              d[i] = extract(a[i], b[i], c[i]);
            }
          };
      case "bfe.s32" ->
          (d, a, b, c, from, to) -> {
            for (int i = from; i < to; i++) {
              d[i] = extractSigned(a[i], b[i], c[i]);
            }
          };
      case "prmt.b32" ->
          (d, a, b, c, from, to) -> {
            for (int i = from; i < to; i++) {
              d[i] = permute(a[i], b[i], c[i]);
            }
          };
      case "sad.s32" ->
          (d, a, b, c, from, to) -> {
            for (int i = from; i < to; i++) {
              d[i] = Math.abs(a[i] - b[i]) + c[i];
            }
          };
      case "mov.b32" ->
          (d, a, b, c, from, to) -> {
            for (int i = from; i < to; i++) {
              d[i] = a[i];
            }
          };
      default -> null;
    };
  }

  private static long join(int high, int low) {
    return (long) high << Integer.SIZE | Integer.toUnsignedLong(low);
  }

  private static int clamp(int amount) {
    return Integer.compareUnsigned(amount, Integer.SIZE) > 0 ? Integer.SIZE : amount;
  }

  private static int extract(int value, int position, int length) {
    int from = position & 0xff;
    int bits = length & 0xff;
    int moved = from > 31 ? 0 : value >>> from;
    return bits > 31 ? moved : moved & (1 << bits) - 1;
  }

  /** The field is filled up with its sign, or with the value's where it reaches beyond it. */
  private static int extractSigned(int value, int position, int length) {
    int from = position & 0xff;
    int bits = length & 0xff;
    if (bits == 0) {
      return 0;
    }
    int moved = value >> Math.min(from, 31);
    return bits > 31 ? moved : moved << 32 - bits >> 32 - bits;
  }

  static int insert(int field, int value, int position, int length) {
    int from = position & 0xff;
    int bits = length & 0xff;
    if (from > 31 || bits == 0) {
      return value;
    }
    int mask = (bits > 31 ? -1 : (1 << bits) - 1) << from;
    return value & ~mask | field << from & mask;
  }

  /** Four bytes out of eight; the highest bit of a selector's nibble asks for the byte's sign. */
  private static int permute(int low, int high, int selector) {
    long bytes = join(high, low);
    int result = 0;
    for (int i = 0; i < 4; i++) {
      int choice = selector >>> 4 * i & 15;
      int value = (int) (bytes >>> 8 * (choice & 7)) & 0xff;
      if (choice > 7) {
        value = value > 127 ? 0xff : 0;
      }
      result |= value << 8 * i;
    }
    return result;
  }
}
