package dev.jdiffusion.cuda.emulator;

import org.jspecify.annotations.Nullable;

/** Double precision; of the approximations only the upper half has bits, as in the hardware. */
final class Floats64 {
  private static final long SIGN = Long.MIN_VALUE;
  private static final long UPPER = 0xffffffff00000000L;

  private Floats64() {}

  /** The operation of an opcode such as {@code fma.rn.f64}, if it is one of these. */
  static Lanes.@Nullable Wide operation(String opcode) {
    return switch (opcode) {
      case "add.f64", "add.rn.f64" ->
          (d, a, b, c, from, to) -> {
            for (int i = from; i < to; i++) {
              d[i] =
                  Double.doubleToRawLongBits(
                      Double.longBitsToDouble(a[i]) + Double.longBitsToDouble(b[i]));
            }
          };
      case "sub.f64", "sub.rn.f64" ->
          (d, a, b, c, from, to) -> {
            for (int i = from; i < to; i++) {
              d[i] =
                  Double.doubleToRawLongBits(
                      Double.longBitsToDouble(a[i]) - Double.longBitsToDouble(b[i]));
            }
          };
      case "mul.f64", "mul.rn.f64" ->
          (d, a, b, c, from, to) -> {
            for (int i = from; i < to; i++) {
              d[i] =
                  Double.doubleToRawLongBits(
                      Double.longBitsToDouble(a[i]) * Double.longBitsToDouble(b[i]));
            }
          };
      case "fma.rn.f64" ->
          (d, a, b, c, from, to) -> {
            for (int i = from; i < to; i++) {
              d[i] =
                  Double.doubleToRawLongBits(
                      Math.fma(
                          Double.longBitsToDouble(a[i]),
                          Double.longBitsToDouble(b[i]),
                          Double.longBitsToDouble(c[i])));
            }
          };
      case "div.rn.f64" ->
          (d, a, b, c, from, to) -> {
            for (int i = from; i < to; i++) {
              d[i] =
                  Double.doubleToRawLongBits(
                      Double.longBitsToDouble(a[i]) / Double.longBitsToDouble(b[i]));
            }
          };
      case "rcp.rn.f64" ->
          (d, a, b, c, from, to) -> {
            for (int i = from; i < to; i++) {
              d[i] = Double.doubleToRawLongBits(1 / Double.longBitsToDouble(a[i]));
            }
          };
      case "sqrt.rn.f64" ->
          (d, a, b, c, from, to) -> {
            for (int i = from; i < to; i++) {
              d[i] = Double.doubleToRawLongBits(Math.sqrt(Double.longBitsToDouble(a[i])));
            }
          };
      case "rcp.approx.ftz.f64" ->
          (d, a, b, c, from, to) -> {
            for (int i = from; i < to; i++) {
              d[i] = Double.doubleToRawLongBits(1 / Double.longBitsToDouble(a[i])) & UPPER;
            }
          };
      case "rsqrt.approx.ftz.f64", "rsqrt.approx.f64" ->
          (d, a, b, c, from, to) -> {
            for (int i = from; i < to; i++) {
              d[i] =
                  Double.doubleToRawLongBits(1 / Math.sqrt(Double.longBitsToDouble(a[i]))) & UPPER;
            }
          };
      case "neg.f64" ->
          (d, a, b, c, from, to) -> {
            for (int i = from; i < to; i++) {
              d[i] = a[i] ^ SIGN;
            }
          };
      case "abs.f64" ->
          (d, a, b, c, from, to) -> {
            for (int i = from; i < to; i++) {
              d[i] = a[i] & ~SIGN;
            }
          };
      case "copysign.f64" ->
          (d, a, b, c, from, to) -> {
            for (int i = from; i < to; i++) {
              d[i] = b[i] & ~SIGN | a[i] & SIGN;
            }
          };
      case "min.f64" ->
          (d, a, b, c, from, to) -> {
            for (int i = from; i < to; i++) {
              d[i] =
                  Double.doubleToRawLongBits(
                      minimum(Double.longBitsToDouble(a[i]), Double.longBitsToDouble(b[i])));
            }
          };
      case "max.f64" ->
          (d, a, b, c, from, to) -> {
            for (int i = from; i < to; i++) {
              d[i] =
                  Double.doubleToRawLongBits(
                      maximum(Double.longBitsToDouble(a[i]), Double.longBitsToDouble(b[i])));
            }
          };
      default -> null;
    };
  }

  /** The number if one of them is not a number. */
  private static double minimum(double a, double b) {
    if (Double.isNaN(a)) {
      return b;
    }
    return Double.isNaN(b) ? a : Math.min(a, b);
  }

  private static double maximum(double a, double b) {
    if (Double.isNaN(a)) {
      return b;
    }
    return Double.isNaN(b) ? a : Math.max(a, b);
  }
}
