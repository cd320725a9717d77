package dev.jdiffusion.tensor.ops;

import dev.jdiffusion.tensor.Shape;
import dev.jdiffusion.tensor.Tensor;

/** Nearest-neighbour upsampling by an integer factor, NHWC. */
public interface Upsampling {
  /**
   * {@code out[n, y, x, c] = input[n, y / factor, x / factor, c]}.
   *
   * @param input {@code [N, H, W, C]}
   * @param out {@code [N, H * factor, W * factor, C]}
   */
  void forward(Tensor input, int factor, Tensor out);

  /** Sums each block of factor by factor elements of dOut. */
  void backward(Tensor dOut, int factor, Tensor dInput);

  /** The shape of the result. */
  static Shape check(Tensor input, int factor) {
    Checks.rank("upsampleNearest", "input [N, H, W, C]", input, 4);
    Checks.require(factor >= 1, "upsampleNearest", "factor must be at least 1, got " + factor);
    return Shape.of(input.dim(0), input.dim(1) * factor, input.dim(2) * factor, input.dim(3));
  }
}
