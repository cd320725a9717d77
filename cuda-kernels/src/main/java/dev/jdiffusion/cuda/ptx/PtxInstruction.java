package dev.jdiffusion.cuda.ptx;

import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * One instruction as it is written.
 *
 * @param line in the PTX text, from 1
 * @param guard the predicate register that decides whether it is done, if there is one
 * @param negated whether it is done where the guard is false
 * @param opcode with all its modifiers, such as {@code ld.global.nc.f32}
 */
public record PtxInstruction(
    int line, @Nullable String guard, boolean negated, String opcode, List<PtxOperand> operands) {
  @Override
  public String toString() {
    String condition = guard == null ? "" : "@" + (negated ? "!" : "") + guard + " ";
    return condition
        + opcode
        + operands.stream().map(Object::toString).collect(Collectors.joining(", ", " ", ""));
  }
}
