package dev.jdiffusion.cuda.emulator;

import org.jspecify.annotations.Nullable;

/** The comparisons of {@code setp} and {@code set}; those that end in u hold for no-numbers too. */
final class Comparisons {
  private Comparisons() {}

  /** The comparison of an operator and a type such as {@code lt.s32}, if it is one of these. */
  static Lanes.@Nullable NarrowTest narrow(String comparison) {
    return switch (comparison) {
      case "eq.s32", "eq.u32", "eq.b32" ->
          (a, b, from) -> {
            int holds = 0;
            for (int i = from; i < from + Lanes.COUNT; i++) {
              holds |= a[i] == b[i] ? 1 << i : 0;
            }
            return holds;
          };
      case "ne.s32", "ne.u32", "ne.b32" ->
          (a, b, from) -> {
            int holds = 0;
            for (int i = from; i < from + Lanes.COUNT; i++) {
              holds |= a[i] != b[i] ? 1 << i : 0;
            }
            return holds;
          };
      case "lt.s32" ->
          (a, b, from) -> {
            int holds = 0;
            for (int i = from; i < from + Lanes.COUNT; i++) {
              holds |= a[i] < b[i] ? 1 << i : 0;
            }
            return holds;
          };
      case "lt.u32", "lo.u32" ->
          (a, b, from) -> {
            int holds = 0;
            for (int i = from; i < from + Lanes.COUNT; i++) {
              holds |= Integer.compareUnsigned(a[i], b[i]) < 0 ? 1 << i : 0;
            }
            return holds;
          };
      case "le.s32" ->
          (a, b, from) -> {
            int holds = 0;
            for (int i = from; i < from + Lanes.COUNT; i++) {
              holds |= a[i] <= b[i] ? 1 << i : 0;
            }
            return holds;
          };
      case "le.u32", "ls.u32" ->
          (a, b, from) -> {
            int holds = 0;
            for (int i = from; i < from + Lanes.COUNT; i++) {
              holds |= Integer.compareUnsigned(a[i], b[i]) <= 0 ? 1 << i : 0;
            }
            return holds;
          };
      case "gt.s32" ->
          (a, b, from) -> {
            int holds = 0;
            for (int i = from; i < from + Lanes.COUNT; i++) {
              holds |= a[i] > b[i] ? 1 << i : 0;
            }
            return holds;
          };
      case "gt.u32", "hi.u32" ->
          (a, b, from) -> {
            int holds = 0;
            for (int i = from; i < from + Lanes.COUNT; i++) {
              holds |= Integer.compareUnsigned(a[i], b[i]) > 0 ? 1 << i : 0;
            }
            return holds;
          };
      case "ge.s32" ->
          (a, b, from) -> {
            int holds = 0;
            for (int i = from; i < from + Lanes.COUNT; i++) {
              holds |= a[i] >= b[i] ? 1 << i : 0;
            }
            return holds;
          };
      case "ge.u32", "hs.u32" ->
          (a, b, from) -> {
            int holds = 0;
            for (int i = from; i < from + Lanes.COUNT; i++) {
              holds |= Integer.compareUnsigned(a[i], b[i]) >= 0 ? 1 << i : 0;
            }
            return holds;
          };
      case "eq.f32" ->
          (a, b, from) -> {
            int holds = 0;
            for (int i = from; i < from + Lanes.COUNT; i++) {
              holds |= Float.intBitsToFloat(a[i]) == Float.intBitsToFloat(b[i]) ? 1 << i : 0;
            }
            return holds;
          };
      case "lt.f32" ->
          (a, b, from) -> {
            int holds = 0;
            for (int i = from; i < from + Lanes.COUNT; i++) {
              holds |= Float.intBitsToFloat(a[i]) < Float.intBitsToFloat(b[i]) ? 1 << i : 0;
            }
            return holds;
          };
      case "le.f32" ->
          (a, b, from) -> {
            int holds = 0;
            for (int i = from; i < from + Lanes.COUNT; i++) {
              holds |= Float.intBitsToFloat(a[i]) <= Float.intBitsToFloat(b[i]) ? 1 << i : 0;
            }
            return holds;
          };
      case "gt.f32" ->
          (a, b, from) -> {
            int holds = 0;
            for (int i = from; i < from + Lanes.COUNT; i++) {
              holds |= Float.intBitsToFloat(a[i]) > Float.intBitsToFloat(b[i]) ? 1 << i : 0;
            }
            return holds;
          };
      case "ge.f32" ->
          (a, b, from) -> {
            int holds = 0;
            for (int i = from; i < from + Lanes.COUNT; i++) {
              holds |= Float.intBitsToFloat(a[i]) >= Float.intBitsToFloat(b[i]) ? 1 << i : 0;
            }
            return holds;
          };
      case "neu.f32" ->
          (a, b, from) -> {
            int holds = 0;
            for (int i = from; i < from + Lanes.COUNT; i++) {
              holds |= !(Float.intBitsToFloat(a[i]) == Float.intBitsToFloat(b[i])) ? 1 << i : 0;
            }
            return holds;
          };
      case "geu.f32" ->
          (a, b, from) -> {
            int holds = 0;
            for (int i = from; i < from + Lanes.COUNT; i++) {
              holds |= !(Float.intBitsToFloat(a[i]) < Float.intBitsToFloat(b[i])) ? 1 << i : 0;
            }
            return holds;
          };
      case "gtu.f32" ->
          (a, b, from) -> {
            int holds = 0;
            for (int i = from; i < from + Lanes.COUNT; i++) {
              holds |= !(Float.intBitsToFloat(a[i]) <= Float.intBitsToFloat(b[i])) ? 1 << i : 0;
            }
            return holds;
          };
      case "leu.f32" ->
          (a, b, from) -> {
            int holds = 0;
            for (int i = from; i < from + Lanes.COUNT; i++) {
              holds |= !(Float.intBitsToFloat(a[i]) > Float.intBitsToFloat(b[i])) ? 1 << i : 0;
            }
            return holds;
          };
      case "ltu.f32" ->
          (a, b, from) -> {
            int holds = 0;
            for (int i = from; i < from + Lanes.COUNT; i++) {
              holds |= !(Float.intBitsToFloat(a[i]) >= Float.intBitsToFloat(b[i])) ? 1 << i : 0;
            }
            return holds;
          };
      case "nan.f32" ->
          (a, b, from) -> {
            int holds = 0;
            for (int i = from; i < from + Lanes.COUNT; i++) {
              holds |=
                  (Float.isNaN(Float.intBitsToFloat(a[i]))
                          || Float.isNaN(Float.intBitsToFloat(b[i])))
                      ? 1 << i
                      : 0;
            }
            return holds;
          };
      case "num.f32" ->
          (a, b, from) -> {
            int holds = 0;
            for (int i = from; i < from + Lanes.COUNT; i++) {
              holds |=
                  !(Float.isNaN(Float.intBitsToFloat(a[i]))
                          || Float.isNaN(Float.intBitsToFloat(b[i])))
                      ? 1 << i
                      : 0;
            }
            return holds;
          };
      case "equ.f32" ->
          (a, b, from) -> {
            int holds = 0;
            for (int i = from; i < from + Lanes.COUNT; i++) {
              holds |=
                  (Float.intBitsToFloat(a[i]) == Float.intBitsToFloat(b[i])
                          || Float.isNaN(Float.intBitsToFloat(a[i]))
                          || Float.isNaN(Float.intBitsToFloat(b[i])))
                      ? 1 << i
                      : 0;
            }
            return holds;
          };
      case "ne.f32" ->
          (a, b, from) -> {
            int holds = 0;
            for (int i = from; i < from + Lanes.COUNT; i++) {
              holds |=
                  (Float.intBitsToFloat(a[i]) < Float.intBitsToFloat(b[i])
                          || Float.intBitsToFloat(a[i]) > Float.intBitsToFloat(b[i]))
                      ? 1 << i
                      : 0;
            }
            return holds;
          };
      default -> null;
    };
  }

  /** The comparison of an operator and a type such as {@code lt.s64}, if it is one of these. */
  static Lanes.@Nullable WideTest wide(String comparison) {
    return switch (comparison) {
      case "eq.s64", "eq.u64", "eq.b64" ->
          (a, b, from) -> {
            int holds = 0;
            for (int i = from; i < from + Lanes.COUNT; i++) {
              holds |= a[i] == b[i] ? 1 << i : 0;
            }
            return holds;
          };
      case "ne.s64", "ne.u64", "ne.b64" ->
          (a, b, from) -> {
            int holds = 0;
            for (int i = from; i < from + Lanes.COUNT; i++) {
              holds |= a[i] != b[i] ? 1 << i : 0;
            }
            return holds;
          };
      case "lt.s64" ->
          (a, b, from) -> {
            int holds = 0;
            for (int i = from; i < from + Lanes.COUNT; i++) {
              holds |= a[i] < b[i] ? 1 << i : 0;
            }
            return holds;
          };
      case "lt.u64", "lo.u64" ->
          (a, b, from) -> {
            int holds = 0;
            for (int i = from; i < from + Lanes.COUNT; i++) {
              holds |= Long.compareUnsigned(a[i], b[i]) < 0 ? 1 << i : 0;
            }
            return holds;
          };
      case "le.s64" ->
          (a, b, from) -> {
            int holds = 0;
            for (int i = from; i < from + Lanes.COUNT; i++) {
              holds |= a[i] <= b[i] ? 1 << i : 0;
            }
            return holds;
          };
      case "le.u64", "ls.u64" ->
          (a, b, from) -> {
            int holds = 0;
            for (int i = from; i < from + Lanes.COUNT; i++) {
              holds |= Long.compareUnsigned(a[i], b[i]) <= 0 ? 1 << i : 0;
            }
            return holds;
          };
      case "gt.s64" ->
          (a, b, from) -> {
            int holds = 0;
            for (int i = from; i < from + Lanes.COUNT; i++) {
              holds |= a[i] > b[i] ? 1 << i : 0;
            }
            return holds;
          };
      case "gt.u64", "hi.u64" ->
          (a, b, from) -> {
            int holds = 0;
            for (int i = from; i < from + Lanes.COUNT; i++) {
              holds |= Long.compareUnsigned(a[i], b[i]) > 0 ? 1 << i : 0;
            }
            return holds;
          };
      case "ge.s64" ->
          (a, b, from) -> {
            int holds = 0;
            for (int i = from; i < from + Lanes.COUNT; i++) {
              holds |= a[i] >= b[i] ? 1 << i : 0;
            }
            return holds;
          };
      case "ge.u64", "hs.u64" ->
          (a, b, from) -> {
            int holds = 0;
            for (int i = from; i < from + Lanes.COUNT; i++) {
              holds |= Long.compareUnsigned(a[i], b[i]) >= 0 ? 1 << i : 0;
            }
            return holds;
          };
      case "eq.f64" ->
          (a, b, from) -> {
            int holds = 0;
            for (int i = from; i < from + Lanes.COUNT; i++) {
              holds |= Double.longBitsToDouble(a[i]) == Double.longBitsToDouble(b[i]) ? 1 << i : 0;
            }
            return holds;
          };
      case "lt.f64" ->
          (a, b, from) -> {
            int holds = 0;
            for (int i = from; i < from + Lanes.COUNT; i++) {
              holds |= Double.longBitsToDouble(a[i]) < Double.longBitsToDouble(b[i]) ? 1 << i : 0;
            }
            return holds;
          };
      case "le.f64" ->
          (a, b, from) -> {
            int holds = 0;
            for (int i = from; i < from + Lanes.COUNT; i++) {
              holds |= Double.longBitsToDouble(a[i]) <= Double.longBitsToDouble(b[i]) ? 1 << i : 0;
            }
            return holds;
          };
      case "gt.f64" ->
          (a, b, from) -> {
            int holds = 0;
            for (int i = from; i < from + Lanes.COUNT; i++) {
              holds |= Double.longBitsToDouble(a[i]) > Double.longBitsToDouble(b[i]) ? 1 << i : 0;
            }
            return holds;
          };
      case "ge.f64" ->
          (a, b, from) -> {
            int holds = 0;
            for (int i = from; i < from + Lanes.COUNT; i++) {
              holds |= Double.longBitsToDouble(a[i]) >= Double.longBitsToDouble(b[i]) ? 1 << i : 0;
            }
            return holds;
          };
      case "neu.f64" ->
          (a, b, from) -> {
            int holds = 0;
            for (int i = from; i < from + Lanes.COUNT; i++) {
              holds |=
                  !(Double.longBitsToDouble(a[i]) == Double.longBitsToDouble(b[i])) ? 1 << i : 0;
            }
            return holds;
          };
      case "geu.f64" ->
          (a, b, from) -> {
            int holds = 0;
            for (int i = from; i < from + Lanes.COUNT; i++) {
              holds |=
                  !(Double.longBitsToDouble(a[i]) < Double.longBitsToDouble(b[i])) ? 1 << i : 0;
            }
            return holds;
          };
      case "gtu.f64" ->
          (a, b, from) -> {
            int holds = 0;
            for (int i = from; i < from + Lanes.COUNT; i++) {
              holds |=
                  !(Double.longBitsToDouble(a[i]) <= Double.longBitsToDouble(b[i])) ? 1 << i : 0;
            }
            return holds;
          };
      case "leu.f64" ->
          (a, b, from) -> {
            int holds = 0;
            for (int i = from; i < from + Lanes.COUNT; i++) {
              holds |=
                  !(Double.longBitsToDouble(a[i]) > Double.longBitsToDouble(b[i])) ? 1 << i : 0;
            }
            return holds;
          };
      case "ltu.f64" ->
          (a, b, from) -> {
            int holds = 0;
            for (int i = from; i < from + Lanes.COUNT; i++) {
              holds |=
                  !(Double.longBitsToDouble(a[i]) >= Double.longBitsToDouble(b[i])) ? 1 << i : 0;
            }
            return holds;
          };
      case "nan.f64" ->
          (a, b, from) -> {
            int holds = 0;
            for (int i = from; i < from + Lanes.COUNT; i++) {
              holds |=
                  (Double.isNaN(Double.longBitsToDouble(a[i]))
                          || Double.isNaN(Double.longBitsToDouble(b[i])))
                      ? 1 << i
                      : 0;
            }
            return holds;
          };
      case "num.f64" ->
          (a, b, from) -> {
            int holds = 0;
            for (int i = from; i < from + Lanes.COUNT; i++) {
              holds |=
                  !(Double.isNaN(Double.longBitsToDouble(a[i]))
                          || Double.isNaN(Double.longBitsToDouble(b[i])))
                      ? 1 << i
                      : 0;
            }
            return holds;
          };
      case "equ.f64" ->
          (a, b, from) -> {
            int holds = 0;
            for (int i = from; i < from + Lanes.COUNT; i++) {
              holds |=
                  (Double.longBitsToDouble(a[i]) == Double.longBitsToDouble(b[i])
                          || Double.isNaN(Double.longBitsToDouble(a[i]))
                          || Double.isNaN(Double.longBitsToDouble(b[i])))
                      ? 1 << i
                      : 0;
            }
            return holds;
          };
      case "ne.f64" ->
          (a, b, from) -> {
            int holds = 0;
            for (int i = from; i < from + Lanes.COUNT; i++) {
              holds |=
                  (Double.longBitsToDouble(a[i]) < Double.longBitsToDouble(b[i])
                          || Double.longBitsToDouble(a[i]) > Double.longBitsToDouble(b[i]))
                      ? 1 << i
                      : 0;
            }
            return holds;
          };
      default -> null;
    };
  }
}
