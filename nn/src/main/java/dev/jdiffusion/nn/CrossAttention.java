package dev.jdiffusion.nn;

import dev.jdiffusion.autograd.Tape;
import dev.jdiffusion.autograd.Variable;
import dev.jdiffusion.autograd.ops.Attention;
import dev.jdiffusion.autograd.ops.Layout;
import dev.jdiffusion.tensor.Scope;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Attention with several heads of one sequence to another, its context (Vaswani et al. 2017). */
public final class CrossAttention extends Module {
  private final int heads;
  private final int inner;
  private final Linear toQuery;
  private final Linear toKeyValue;
  private final Linear toOut;

  /**
   * @param dim features of input and result
   * @param contextDim features of the context
   * @param headDim features of each head
   */
  public CrossAttention(int dim, int contextDim, int heads, int headDim) {
    this.heads = Arguments.positive("CrossAttention", "heads", heads);
    inner = heads * Arguments.positive("CrossAttention", "features of a head", headDim);
    toQuery = child("toQuery", new Linear(dim, inner, false));
    toKeyValue = child("toKeyValue", new Linear(contextDim, 2 * inner, false));
    toOut = child("toOut", new Linear(inner, dim));
  }

  /**
   * @param x {@code [N, T, dim]}
   * @param context {@code [N, S, contextDim]}
   * @param residual of x's shape, added to the result
   * @return of x's shape
   */
  public Variable forward(Variable x, Variable context, @Nullable Variable residual) {
    try (Tape.Label _ = label();
        Scope scope = Scope.open()) {
      Variable query = toQuery.forward(x);
      List<Variable> keyValue = Layout.chunk(toKeyValue.forward(context), 2, -1);
      double scale = 1 / Math.sqrt((double) inner / heads);
      Variable out =
          Attention.scaledDotProductAttention(
              query, keyValue.get(0), keyValue.get(1), heads, scale);
      return toOut.forward(out, residual).keptBy(scope);
    }
  }
}
