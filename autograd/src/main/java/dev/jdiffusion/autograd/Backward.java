package dev.jdiffusion.autograd;

import dev.jdiffusion.tensor.Tensor;

/** The gradient of one recorded operation. */
@FunctionalInterface
public interface Backward {
  /**
   * Given the gradient of the operation's result, adds its share to the gradient of every input
   * that needs one. Tensors made here are temporary unless they are given to {@code gradients}.
   *
   * @param dOut of the result's shape; read only
   */
  void run(Tensor dOut, Gradients gradients);
}
