package dev.jdiffusion.tensor.ops;

import dev.jdiffusion.tensor.Columns;
import dev.jdiffusion.tensor.Shape;
import dev.jdiffusion.tensor.Tensor;

/**
 * Linear attention (Shen et al. 2018): the softmax is taken of q over its features and of k over
 * the positions, so the product {@code k^T v} can be formed first and the cost is linear in T. For
 * each image and head:
 *
 * <pre>
 * q'[t, d] = scale * softmax over d of q[t, d]
 * k'[t, d] = softmax over t of k[t, d]
 * context[d, e] = sum over t of k'[t, d] * v[t, e]
 * out[t, e] = sum over d of q'[t, d] * context[d, e]
 * </pre>
 */
public interface LinearAttention {
  /**
   * @param q {@code heads * D} columns of {@code [N, T, ...]}; k and v likewise, with the same T
   * @param out {@code [N, T, heads * D]}
   * @param saved {@link #savedShape}, overwritten: context, then the row of maxima of k over t,
   *     then the row of sums of {@code e^(k - max)}; kept for {@link #backward}
   */
  void forward(Columns q, Columns k, Columns v, int heads, double scale, Tensor out, Tensor saved);

  /** Whether dQ, dK and dV of {@link #backward} may be q, k and v, which are lost then. */
  default boolean worksInPlace() {
    return false;
  }

  /**
   * Overwrites dQ, dK and dV, which have the forms of q, k and v; other columns of their tensors
   * stay as they are.
   */
  void backward(
      Columns q,
      Columns k,
      Columns v,
      int heads,
      double scale,
      Tensor saved,
      Tensor dOut,
      Columns dQ,
      Columns dK,
      Columns dV);

  /** {@code [N, heads, D + 2, D]}. */
  static Shape savedShape(Columns q, int heads) {
    int features = q.count() / heads;
    return Shape.of(q.tensor().dim(0), heads, features + 2, features);
  }

  static void check(Columns q, Columns k, Columns v, int heads) {
    Attention.checkHeads("linearAttention", q, k, v, heads);
    Checks.require(
        q.tensor().dim(1) == k.tensor().dim(1),
        "linearAttention",
        "q " + q.tensor().shape() + " and k " + k.tensor().shape() + " differ in length");
  }
}
