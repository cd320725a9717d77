package dev.jdiffusion.tensor.ops;

import dev.jdiffusion.tensor.Tensor;

/** Softmax over the last axis: {@code e^(x - max) / sum e^(x - max)}. */
public interface Softmax {
  /**
   * @param x {@code [..., C]}; out may be x
   */
  void forward(Tensor x, Tensor out);

  /** {@code dx = y * (dy - sum over the row of y * dy)}, with y the softmax; dx may be dy. */
  void backward(Tensor y, Tensor dy, Tensor dx);
}
