package dev.jdiffusion.autograd;

import dev.jdiffusion.autograd.GradientCheck.Input;
import dev.jdiffusion.autograd.ops.Attention;
import dev.jdiffusion.autograd.ops.Elementwise;
import dev.jdiffusion.autograd.ops.LinearAttention;
import dev.jdiffusion.tensor.Scope;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;

/** Softmax attention and linear attention. */
final class AttentionCases {
  private AttentionCases() {}

  static List<GradientCase> all() {
    List<GradientCase> cases = new ArrayList<>();
    for (int heads : new int[] {1, 2}) {
      for (int[] lengths : new int[][] {{3, 5}, {4, 4}, {1, 3}, {3, 1}, {1, 1}}) {
        cases.add(
            GradientCase.of(
                "scaledDotProductAttention, "
                    + heads
                    + " heads, "
                    + lengths[0]
                    + " to "
                    + lengths[1],
                in ->
                    Attention.scaledDotProductAttention(
                        in.get(0), in.get(1), in.get(2), heads, 0.6),
                Input.normal(2, lengths[0], 2 * heads),
                Input.normal(2, lengths[1], 2 * heads),
                Input.normal(2, lengths[1], 2 * heads)));
      }
      for (int length : new int[] {1, 5}) {
        Input qkv = Input.normal(2, length, 3 * heads * 3);
        String name = ", " + heads + " heads, length " + length;
        cases.add(
            GradientCase.of(
                "selfAttention" + name, in -> Attention.selfAttention(in.get(0), heads), qkv));
        cases.add(
            GradientCase.of(
                "linearAttention" + name,
                in -> LinearAttention.linearAttention(in.get(0), heads, 0.7),
                qkv));
        cases.add(
            GradientCase.of(
                "selfAttention" + name + ", in place",
                in -> ofResult(in.get(0), result -> Attention.selfAttention(result, heads)),
                qkv));
        cases.add(
            GradientCase.of(
                "linearAttention" + name + ", in place",
                in ->
                    ofResult(
                        in.get(0), result -> LinearAttention.linearAttention(result, heads, 0.7)),
                qkv));
      }
    }
    cases.add(
        GradientCase.of(
            "scaledDotProductAttention of a variable to itself",
            in -> Attention.scaledDotProductAttention(in.get(0), in.get(0), in.get(0), 2, 0.5),
            Input.normal(1, 3, 4)));
    cases.add(
        GradientCase.of(
            "linearAttention with one feature a head",
            in -> LinearAttention.linearAttention(in.get(0), 2, 1),
            Input.normal(1, 3, 6)));
    return cases;
  }

  /** An operation on something that the tape alone holds, so that a gradient may replace it. */
  private static Variable ofResult(Variable input, UnaryOperator<Variable> operation) {
    try (Scope scope = Scope.open()) {
      return operation.apply(Elementwise.affine(input, 1.5, 0.1)).keptBy(scope);
    }
  }
}
