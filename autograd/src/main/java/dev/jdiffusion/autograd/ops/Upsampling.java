package dev.jdiffusion.autograd.ops;

import static dev.jdiffusion.autograd.Tape.inputs;
import static dev.jdiffusion.autograd.Tape.saved;

import dev.jdiffusion.autograd.Tape;
import dev.jdiffusion.autograd.Variable;
import dev.jdiffusion.tensor.Shape;
import dev.jdiffusion.tensor.Tensor;

/** Nearest-neighbour upsampling. */
public final class Upsampling {
  private Upsampling() {}

  /**
   * Repeats every pixel factor by factor times.
   *
   * @param x {@code [N, H, W, C]}
   * @return {@code [N, H * factor, W * factor, C]}
   */
  public static Variable upsampleNearest(Variable x, int factor) {
    Shape shape = dev.jdiffusion.tensor.ops.Upsampling.check(x.value(), factor);
    var kernel = x.backend().upsampling();
    Tensor out = Tensor.empty(x.backend(), shape);
    kernel.forward(x.value(), factor, out);
    return Tape.node(
        "upsampleNearest",
        out,
        inputs(x),
        saved(),
        (dOut, gradients) -> {
          Tensor dX = Operands.like(x.value());
          kernel.backward(dOut, factor, dX);
          gradients.add(x, dX);
        });
  }
}
