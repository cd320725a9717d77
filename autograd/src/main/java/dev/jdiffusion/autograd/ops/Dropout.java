package dev.jdiffusion.autograd.ops;

import static dev.jdiffusion.autograd.Tape.inputs;
import static dev.jdiffusion.autograd.Tape.saved;

import dev.jdiffusion.autograd.Tape;
import dev.jdiffusion.autograd.Variable;
import dev.jdiffusion.tensor.Tensor;
import dev.jdiffusion.tensor.ops.RandomFill.DeviceKey;

/** Dropout (Srivastava et al. 2014), in the family {@link dev.jdiffusion.tensor.ops.RandomFill}. */
public final class Dropout {
  private Dropout() {}

  /**
   * {@code x * mask / (1 - p)}, where each element of the mask is 0 with probability p. The mask is
   * not kept: the key draws the same one again for the gradient.
   *
   * @param p in [0, 1); with 0 the result is x itself
   */
  public static Variable dropout(Variable x, double p, DeviceKey key) {
    if (!(p >= 0 && p < 1)) {
      throw new IllegalArgumentException("dropout: probability " + p + " is not in [0, 1)");
    }
    if (p == 0) {
      return x;
    }
    var kernel = x.backend().random();
    Tensor out = Operands.like(x.value());
    kernel.dropout(key, p, x.value(), out);
    return Tape.node(
        "dropout",
        out,
        inputs(x),
        saved(key.step()),
        (dOut, gradients) -> {
          Tensor dX = Operands.like(dOut);
          kernel.dropout(key, p, dOut, dX);
          gradients.add(x, dX);
        });
  }
}
