package dev.jdiffusion.tensor.ops;

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
}
