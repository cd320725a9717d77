package dev.jdiffusion.cuda.emulator;

import dev.jdiffusion.cuda.ptx.PtxOperand;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Questions about operands and types. */
final class Operands {
  private Operands() {}

  /** Bytes of a type such as {@code f32}. */
  static int typeBytes(String type) {
    return switch (type) {
      case "b8", "u8", "s8" -> 1;
      case "b16", "u16", "s16", "f16", "bf16" -> 2;
      case "b32", "u32", "s32", "f32", "f16x2", "bf16x2" -> 4;
      case "b64", "u64", "s64", "f64" -> 8;
      default -> throw Decoder.unsupported("type ." + type);
    };
  }

  /** The elements of a vector, or an operand that is none. */
  static List<PtxOperand> elements(PtxOperand operand) {
    return operand instanceof PtxOperand.Vector vector ? vector.elements() : List.of(operand);
  }

  /** All names in some operands. */
  static Set<String> names(List<PtxOperand> operands) {
    Set<String> names = new HashSet<>();
    for (PtxOperand operand : operands) {
      switch (operand) {
        case PtxOperand.Name(String name) -> names.add(name);
        case PtxOperand.Negated(String name) -> names.add(name);
        case PtxOperand.Address(String base, long offset) -> names.add(base);
        case PtxOperand.Vector(List<PtxOperand> elements) -> names.addAll(names(elements));
        case PtxOperand.Group(List<PtxOperand> elements) -> names.addAll(names(elements));
        case PtxOperand.Pair(PtxOperand first, PtxOperand second) ->
            names.addAll(names(List.of(first, second)));
        case PtxOperand.Immediate number -> {}
      }
    }
    return names;
  }

  /** Whether a result is not wanted. */
  static boolean isSink(PtxOperand operand) {
    return operand instanceof PtxOperand.Name name && name.name().equals("_");
  }

  /** The value of an integer constant. */
  static int immediate(PtxOperand operand) {
    if (operand instanceof PtxOperand.Immediate immediate) {
      return (int) immediate.bits();
    }
    throw Decoder.unsupported(operand + " in place of a constant");
  }
}
