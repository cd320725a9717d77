package dev.jdiffusion.nn;

import dev.jdiffusion.autograd.Tape;
import dev.jdiffusion.autograd.Variable;
import dev.jdiffusion.autograd.ops.Layout;
import dev.jdiffusion.tensor.Scope;
import org.jspecify.annotations.Nullable;

/**
 * Linear attention (Shen et al. 2018) among the pixels of an image, as in "The Annotated Diffusion
 * Model": a projection to queries, keys and values without bias, attention, a projection back, and
 * a normalisation of the whole image.
 */
public final class LinearAttention extends Module {
  private final int heads;
  private final int inner;
  private final Linear toQkv;
  private final Linear toOut;
  private final GroupNorm norm;

  /**
   * @param dim channels of input and result
   * @param headDim features of each head
   */
  public LinearAttention(int dim, int heads, int headDim) {
    Arguments.positive("LinearAttention", "channels", dim);
    this.heads = Arguments.positive("LinearAttention", "heads", heads);
    inner = heads * Arguments.positive("LinearAttention", "features of a head", headDim);
    toQkv = child("toQkv", new Linear(dim, 3 * inner, false));
    toOut = child("toOut", new Linear(inner, dim));
    norm = child("norm", new GroupNorm(1, dim));
  }

  /**
   * @param x {@code [N, H, W, dim]} or {@code [N, T, dim]}
   * @param residual of x's shape, added to the result
   * @return of x's shape
   */
  public Variable forward(Variable x, @Nullable Variable residual) {
    try (Tape.Label _ = label();
        Scope scope = Scope.open()) {
      Variable qkv = Layout.reshape(toQkv.forward(x), x.dim(0), -1, 3 * inner);
      double scale = 1 / Math.sqrt((double) inner / heads);
      Variable out = dev.jdiffusion.autograd.ops.LinearAttention.linearAttention(qkv, heads, scale);
      Variable pixels = Layout.reshape(out, x.shape().with(-1, inner));
      return norm.forward(toOut.forward(pixels), null, null, residual).keptBy(scope);
    }
  }
}
