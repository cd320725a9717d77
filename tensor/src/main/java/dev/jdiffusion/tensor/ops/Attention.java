package dev.jdiffusion.tensor.ops;

import dev.jdiffusion.tensor.Columns;
import dev.jdiffusion.tensor.Tensor;

/**
 * Scaled dot-product attention (Vaswani et al. 2017), {@code softmax(scale * q k^T) v} for each
 * image and head, computed in tiles (Dao et al. 2022): the T by T matrix is never stored.
 *
 * <p>Head h of q, k and v is columns {@code h*D .. h*D + D-1} of theirs.
 */
public interface Attention {
  /**
   * @param q {@code heads * D} columns of {@code [N, Tq, ...]}
   * @param k {@code heads * D} columns of {@code [N, Tk, ...]}
   * @param v {@code heads * D} columns of {@code [N, Tk, ...]}
   * @param out {@code [N, Tq, heads * D]}
   * @param logSumExp {@code [N, heads, Tq]}, overwritten: of the scaled scores; kept for {@link
   *     #backward}
   */
  void forward(
      Columns q, Columns k, Columns v, int heads, double scale, Tensor out, Tensor logSumExp);

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
      Tensor out,
      Tensor logSumExp,
      Tensor dOut,
      Columns dQ,
      Columns dK,
      Columns dV);

  static void check(Columns q, Columns k, Columns v, int heads) {
    checkHeads("attention", q, k, v, heads);
  }

  /** Checks what softmax attention and linear attention have in common. */
  static void checkHeads(String operation, Columns q, Columns k, Columns v, int heads) {
    Checks.rank(operation, "q [N, T, columns]", q.tensor(), 3);
    Checks.rank(operation, "k [N, T, columns]", k.tensor(), 3);
    Checks.rank(operation, "v [N, T, columns]", v.tensor(), 3);
    Checks.require(
        q.count() == k.count() && q.count() == v.count(),
        operation,
        "q, k and v have " + q.count() + ", " + k.count() + " and " + v.count() + " columns");
    Checks.require(
        heads >= 1 && q.count() % heads == 0,
        operation,
        heads + " heads do not divide " + q.count() + " columns");
    Checks.require(
        q.tensor().dim(0) == k.tensor().dim(0)
            && k.tensor().dim(0) == v.tensor().dim(0)
            && k.tensor().dim(1) == v.tensor().dim(1),
        operation,
        "q "
            + q.tensor().shape()
            + ", k "
            + k.tensor().shape()
            + " and v "
            + v.tensor().shape()
            + " do not match");
    Checks.require(
        k.tensor().dim(1) >= 1, operation, "k " + k.tensor().shape() + " has no positions");
  }
}
