package dev.jdiffusion.tensor.ops;

import dev.jdiffusion.tensor.Shape;
import dev.jdiffusion.tensor.Tensor;

/** Sums over axes. */
public interface Reduction {
  /**
   * Sums x over the axes along which {@code out} is broadcast: the reverse of broadcasting {@code
   * out} to x's shape.
   *
   * @param out a shape that broadcasts to x's; its extents are x's or 1, leading axes may be absent
   * @param accumulate whether the sums are added to out
   */
  void sumTo(Tensor x, Tensor out, boolean accumulate);

  /**
   * The sum of the squares of all elements, in double precision; not finite if any element is not.
   */
  double sumOfSquares(Tensor x);

  static void checkSumTo(Tensor x, Shape out) {
    Checks.require(
        Shape.broadcast(x.shape(), out).equals(x.shape()),
        "sumTo",
        "shape " + out + " does not broadcast to " + x.shape());
  }
}
