package dev.jdiffusion.autograd.ops;

import dev.jdiffusion.autograd.Gradients;
import dev.jdiffusion.autograd.Variable;
import dev.jdiffusion.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/** What the operations share. */
final class Operands {
  private Operands() {}

  static @Nullable Tensor value(@Nullable Variable variable) {
    return variable == null ? null : variable.value();
  }

  /** An uninitialised tensor of the same shape. */
  static Tensor like(Tensor tensor) {
    return Tensor.empty(tensor.backend(), tensor.shape());
  }

  static Tensor scaled(Tensor x, double scale) {
    Tensor out = like(x);
    x.backend().elementwise().affine(x, scale, 0, out);
    return out;
  }

  /** Adds the sum over all axes but the last to a bias's gradient. */
  static void addBiasGradient(Gradients gradients, @Nullable Variable bias, Tensor dOut) {
    if (bias != null && gradients.needs(bias)) {
      dOut.backend().reduction().sumTo(dOut, gradients.buffer(bias), true);
    }
  }

  /** The number of columns of the queries, keys and values that are packed in one tensor. */
  static int thirdOfColumns(String operation, Variable qkv, int heads) {
    if (qkv.shape().rank() != 3 || heads < 1 || qkv.dim(-1) % (3 * heads) != 0) {
      throw new IllegalArgumentException(
          operation + ": needs [N, T, 3 * heads * D] with " + heads + " heads, got " + qkv.shape());
    }
    return qkv.dim(-1) / 3;
  }
}
