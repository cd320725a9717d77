package dev.jdiffusion.cuda.emulator;

import org.jspecify.annotations.Nullable;

/**
 * Single precision. What PTX defines exactly is exact; the approximations of the hardware ({@code
 * .approx}) are computed in double precision and rounded, so they are better here than there.
 */
final class Floats32 {
  private static final double LOG_2 = Math.log(2);
  private static final int SIGN = 0x80000000;

  private Floats32() {}

  /**
   * The operation of an opcode on registers of type {@code .f32}, if it is one of these: the
   * frequent ones, of which the JIT compiler makes vectors. It makes none where numbers are bits.
   */
  static Lanes.@Nullable Single single(String opcode) {
    return switch (opcode) {
      case "mov.f32" -> (d, a, b, c, from, to) -> System.arraycopy(a, from, d, from, to - from);
      case "add.f32", "add.rn.f32" ->
          (d, a, b, c, from, to) -> {
            for (int i = from; i < to; i++) {
              d[i] = a[i] + b[i];
            }
          };
      case "sub.f32", "sub.rn.f32" ->
          (d, a, b, c, from, to) -> {
            for (int i = from; i < to; i++) {
              d[i] = a[i] - b[i];
            }
          };
      case "mul.f32", "mul.rn.f32" ->
          (d, a, b, c, from, to) -> {
            for (int i = from; i < to; i++) {
              d[i] = a[i] * b[i];
            }
          };
      case "fma.rn.f32" ->
          (d, a, b, c, from, to) -> {
            for (int i = from; i < to; i++) {
              d[i] = Math.fma(a[i], b[i], c[i]);
            }
          };
      case "div.rn.f32", "div.full.f32", "div.approx.f32" ->
          (d, a, b, c, from, to) -> {
            for (int i = from; i < to; i++) {
              d[i] = a[i] / b[i];
            }
          };
      case "neg.f32" ->
          (d, a, b, c, from, to) -> {
            for (int i = from; i < to; i++) {
              d[i] = -a[i];
            }
          };
      case "abs.f32" ->
          (d, a, b, c, from, to) -> {
            for (int i = from; i < to; i++) {
              d[i] = Math.abs(a[i]);
            }
          };
      default -> null;
    };
  }

  /** The operation of an opcode such as {@code fma.rn.f32}, if it is one of these. */
  static Lanes.@Nullable Narrow operation(String opcode) {
    return switch (opcode) {
      case "add.f32", "add.rn.f32" ->
          (d, a, b, c, from, to) -> {
            for (int i = from; i < to; i++) {
              d[i] =
                  Float.floatToRawIntBits(Float.intBitsToFloat(a[i]) + Float.intBitsToFloat(b[i]));
            }
          };
      case "sub.f32", "sub.rn.f32" ->
          (d, a, b, c, from, to) -> {
            for (int i = from; i < to; i++) {
              d[i] =
                  Float.floatToRawIntBits(Float.intBitsToFloat(a[i]) - Float.intBitsToFloat(b[i]));
            }
          };
      case "mul.f32", "mul.rn.f32" ->
          (d, a, b, c, from, to) -> {
            for (int i = from; i < to; i++) {
              d[i] =
                  Float.floatToRawIntBits(Float.intBitsToFloat(a[i]) * Float.intBitsToFloat(b[i]));
            }
          };
      case "fma.rn.f32" ->
          (d, a, b, c, from, to) -> {
            for (int i = from; i < to; i++) {
              d[i] =
                  Float.floatToRawIntBits(
                      Math.fma(
                          Float.intBitsToFloat(a[i]),
                          Float.intBitsToFloat(b[i]),
                          Float.intBitsToFloat(c[i])));
            }
          };
      case "div.rn.f32", "div.full.f32", "div.approx.f32" ->
          (d, a, b, c, from, to) -> {
            for (int i = from; i < to; i++) {
              d[i] =
                  Float.floatToRawIntBits(Float.intBitsToFloat(a[i]) / Float.intBitsToFloat(b[i]));
            }
          };
      case "rcp.rn.f32", "rcp.approx.f32" ->
          (d, a, b, c, from, to) -> {
            for (int i = from; i < to; i++) {
              d[i] = Float.floatToRawIntBits(1 / Float.intBitsToFloat(a[i]));
            }
          };
      case "sqrt.rn.f32", "sqrt.approx.f32" ->
          (d, a, b, c, from, to) -> {
            for (int i = from; i < to; i++) {
              d[i] = Float.floatToRawIntBits((float) Math.sqrt(Float.intBitsToFloat(a[i])));
            }
          };
      case "rsqrt.approx.f32" ->
          (d, a, b, c, from, to) -> {
            for (int i = from; i < to; i++) {
              d[i] = Float.floatToRawIntBits((float) (1 / Math.sqrt(Float.intBitsToFloat(a[i]))));
            }
          };
      case "ex2.approx.f32" ->
          (d, a, b, c, from, to) -> {
            for (int i = from; i < to; i++) {
              d[i] = Float.floatToRawIntBits((float) Math.exp(Float.intBitsToFloat(a[i]) * LOG_2));
            }
          };
      case "lg2.approx.f32" ->
          (d, a, b, c, from, to) -> {
            for (int i = from; i < to; i++) {
              d[i] =
                  Float.floatToRawIntBits((float) (Math.log(Float.intBitsToFloat(a[i])) / LOG_2));
            }
          };
      case "sin.approx.f32" ->
          (d, a, b, c, from, to) -> {
            for (int i = from; i < to; i++) {
              d[i] = Float.floatToRawIntBits((float) Math.sin(Float.intBitsToFloat(a[i])));
            }
          };
      case "cos.approx.f32" ->
          (d, a, b, c, from, to) -> {
            for (int i = from; i < to; i++) {
              d[i] = Float.floatToRawIntBits((float) Math.cos(Float.intBitsToFloat(a[i])));
            }
          };
      case "tanh.approx.f32" ->
          (d, a, b, c, from, to) -> {
            for (int i = from; i < to; i++) {
              d[i] = Float.floatToRawIntBits((float) Math.tanh(Float.intBitsToFloat(a[i])));
            }
          };
      case "neg.f32" ->
          (d, a, b, c, from, to) -> {
            for (int i = from; i < to; i++) {
              d[i] = a[i] ^ SIGN;
            }
          };
      case "abs.f32" ->
          (d, a, b, c, from, to) -> {
            for (int i = from; i < to; i++) {
              d[i] = a[i] & ~SIGN;
            }
          };
      case "copysign.f32" ->
          (d, a, b, c, from, to) -> {
            for (int i = from; i < to; i++) {
              d[i] = b[i] & ~SIGN | a[i] & SIGN;
            }
          };
      case "min.f32" ->
          (d, a, b, c, from, to) -> {
            for (int i = from; i < to; i++) {
              d[i] = minimum(a[i], b[i]);
            }
          };
      case "max.f32" ->
          (d, a, b, c, from, to) -> {
            for (int i = from; i < to; i++) {
              d[i] = maximum(a[i], b[i]);
            }
          };
      case "min.NaN.f32" ->
          (d, a, b, c, from, to) -> {
            for (int i = from; i < to; i++) {
              d[i] =
                  Float.floatToRawIntBits(
                      Math.min(Float.intBitsToFloat(a[i]), Float.intBitsToFloat(b[i])));
            }
          };
      case "max.NaN.f32" ->
          (d, a, b, c, from, to) -> {
            for (int i = from; i < to; i++) {
              d[i] =
                  Float.floatToRawIntBits(
                      Math.max(Float.intBitsToFloat(a[i]), Float.intBitsToFloat(b[i])));
            }
          };
      case "add.rz.f32" ->
          (d, a, b, c, from, to) -> {
            for (int i = from; i < to; i++) {
              d[i] =
                  Rounding.sum(
                      Float.intBitsToFloat(a[i]), Float.intBitsToFloat(b[i]), Rounding.ZERO);
            }
          };
      case "sub.rz.f32" ->
          (d, a, b, c, from, to) -> {
            for (int i = from; i < to; i++) {
              d[i] =
                  Rounding.sum(
                      Float.intBitsToFloat(a[i]), -Float.intBitsToFloat(b[i]), Rounding.ZERO);
            }
          };
      case "mul.rz.f32" ->
          (d, a, b, c, from, to) -> {
            for (int i = from; i < to; i++) {
              d[i] =
                  Rounding.round(
                      (double) Float.intBitsToFloat(a[i]) * Float.intBitsToFloat(b[i]),
                      0,
                      Rounding.ZERO);
            }
          };
      case "fma.rz.f32" ->
          (d, a, b, c, from, to) -> {
            for (int i = from; i < to; i++) {
              d[i] =
                  Rounding.sum(
                      (double) Float.intBitsToFloat(a[i]) * Float.intBitsToFloat(b[i]),
                      Float.intBitsToFloat(c[i]),
                      Rounding.ZERO);
            }
          };
      case "add.rm.f32" ->
          (d, a, b, c, from, to) -> {
            for (int i = from; i < to; i++) {
              d[i] =
                  Rounding.sum(
                      Float.intBitsToFloat(a[i]), Float.intBitsToFloat(b[i]), Rounding.DOWN);
            }
          };
      case "sub.rm.f32" ->
          (d, a, b, c, from, to) -> {
            for (int i = from; i < to; i++) {
              d[i] =
                  Rounding.sum(
                      Float.intBitsToFloat(a[i]), -Float.intBitsToFloat(b[i]), Rounding.DOWN);
            }
          };
      case "mul.rm.f32" ->
          (d, a, b, c, from, to) -> {
            for (int i = from; i < to; i++) {
              d[i] =
                  Rounding.round(
                      (double) Float.intBitsToFloat(a[i]) * Float.intBitsToFloat(b[i]),
                      0,
                      Rounding.DOWN);
            }
          };
      case "fma.rm.f32" ->
          (d, a, b, c, from, to) -> {
            for (int i = from; i < to; i++) {
              d[i] =
                  Rounding.sum(
                      (double) Float.intBitsToFloat(a[i]) * Float.intBitsToFloat(b[i]),
                      Float.intBitsToFloat(c[i]),
                      Rounding.DOWN);
            }
          };
      case "add.rp.f32" ->
          (d, a, b, c, from, to) -> {
            for (int i = from; i < to; i++) {
              d[i] =
                  Rounding.sum(Float.intBitsToFloat(a[i]), Float.intBitsToFloat(b[i]), Rounding.UP);
            }
          };
      case "sub.rp.f32" ->
          (d, a, b, c, from, to) -> {
            for (int i = from; i < to; i++) {
              d[i] =
                  Rounding.sum(
                      Float.intBitsToFloat(a[i]), -Float.intBitsToFloat(b[i]), Rounding.UP);
            }
          };
      case "mul.rp.f32" ->
          (d, a, b, c, from, to) -> {
            for (int i = from; i < to; i++) {
              d[i] =
                  Rounding.round(
                      (double) Float.intBitsToFloat(a[i]) * Float.intBitsToFloat(b[i]),
                      0,
                      Rounding.UP);
            }
          };
      case "fma.rp.f32" ->
          (d, a, b, c, from, to) -> {
            for (int i = from; i < to; i++) {
              d[i] =
                  Rounding.sum(
                      (double) Float.intBitsToFloat(a[i]) * Float.intBitsToFloat(b[i]),
                      Float.intBitsToFloat(c[i]),
                      Rounding.UP);
            }
          };
      default -> null;
    };
  }

  /** The number if one of them is not a number. */
  private static int minimum(int a, int b) {
    float x = Float.intBitsToFloat(a);
    float y = Float.intBitsToFloat(b);
    if (Float.isNaN(x)) {
      return b;
    }
    return Float.isNaN(y) ? a : Float.floatToRawIntBits(Math.min(x, y));
  }

  private static int maximum(int a, int b) {
    float x = Float.intBitsToFloat(a);
    float y = Float.intBitsToFloat(b);
    if (Float.isNaN(x)) {
      return b;
    }
    return Float.isNaN(y) ? a : Float.floatToRawIntBits(Math.max(x, y));
  }
}
