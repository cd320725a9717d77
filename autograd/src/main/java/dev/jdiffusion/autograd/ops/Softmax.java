package dev.jdiffusion.autograd.ops;

import static dev.jdiffusion.autograd.Tape.inputs;
import static dev.jdiffusion.autograd.Tape.saved;

import dev.jdiffusion.autograd.Tape;
import dev.jdiffusion.autograd.Variable;
import dev.jdiffusion.tensor.Tensor;

/** Softmax: {@code e^(x - max) / sum e^(x - max)}. */
public final class Softmax {
  private Softmax() {}

  /** Softmax over an axis; any but the last costs two permutations. */
  public static Variable softmax(Variable x, int axis) {
    int last = x.shape().rank() - 1;
    int along = x.shape().normalizeAxis(axis);
    if (along == last) {
      return lastAxis(x);
    }
    int[] swapped = new int[last + 1];
    for (int i = 0; i <= last; i++) {
      swapped[i] = i == along ? last : i == last ? along : i;
    }
    return Layout.permute(lastAxis(Layout.permute(x, swapped)), swapped);
  }

  private static Variable lastAxis(Variable x) {
    Tensor y = Operands.like(x.value());
    var kernel = x.backend().softmax();
    kernel.forward(x.value(), y);
    return Tape.node(
        "softmax",
        y,
        inputs(x),
        saved(y),
        (dOut, gradients) -> {
          Tensor dX = Operands.like(y);
          kernel.backward(y, dOut, dX);
          gradients.add(x, dX);
        });
  }
}
