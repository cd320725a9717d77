package dev.jdiffusion.nn;

import dev.jdiffusion.autograd.Tape;
import dev.jdiffusion.autograd.Variable;
import dev.jdiffusion.autograd.ops.Attention;
import dev.jdiffusion.autograd.ops.Layout;
import dev.jdiffusion.tensor.Scope;
import org.jspecify.annotations.Nullable;

/**
 * Self-attention with several heads (Vaswani et al. 2017) among the positions of a sequence or the
 * pixels of an image; queries, keys and values come out of one projection.
 */
public final class MultiHeadAttention extends Module {
  private final int heads;
  private final int inner;
  private final Linear toQkv;
  private final Linear toOut;

  /**
   * A layer whose projection to queries, keys and values has no bias, as in "The Annotated
   * Diffusion Model".
   *
   * @param dim features of input and result
   * @param headDim features of each head
   */
  public MultiHeadAttention(int dim, int heads, int headDim) {
    this(dim, heads, headDim, false);
  }

  public MultiHeadAttention(int dim, int heads, int headDim, boolean qkvBias) {
    Arguments.positive("MultiHeadAttention", "features", dim);
    this.heads = Arguments.positive("MultiHeadAttention", "heads", heads);
    inner = heads * Arguments.positive("MultiHeadAttention", "features of a head", headDim);
    toQkv = child("toQkv", new Linear(dim, 3 * inner, qkvBias));
    toOut = child("toOut", new Linear(inner, dim));
  }

  /**
   * @param x {@code [N, T, dim]} or {@code [N, H, W, dim]}
   * @param residual of x's shape, added to the result
   * @return of x's shape
   */
  public Variable forward(Variable x, @Nullable Variable residual) {
    try (Tape.Label _ = label();
        Scope scope = Scope.open()) {
      Variable qkv = Layout.reshape(toQkv.forward(x), x.dim(0), -1, 3 * inner);
      Variable out = Attention.selfAttention(qkv, heads);
      Variable pixels = Layout.reshape(out, x.shape().with(-1, inner));
      return toOut.forward(pixels, residual).keptBy(scope);
    }
  }
}
