package dev.jdiffusion.tensor.ops;

import dev.jdiffusion.tensor.Shape;
import dev.jdiffusion.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/** Argument checks with messages for the caller. */
final class Checks {
  private Checks() {}

  static void require(boolean condition, String operation, String message) {
    if (!condition) {
      throw new IllegalArgumentException(operation + ": " + message);
    }
  }

  static void shape(String operation, String name, @Nullable Tensor tensor, int... expected) {
    if (tensor != null) {
      Shape shape = Shape.of(expected);
      require(
          tensor.shape().equals(shape),
          operation,
          name + " has shape " + tensor.shape() + ", expected " + shape);
    }
  }

  static void rank(String operation, String name, Tensor tensor, int rank) {
    require(
        tensor.shape().rank() == rank,
        operation,
        name + " must have rank " + rank + ", has shape " + tensor.shape());
  }
}
