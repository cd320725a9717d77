package dev.jdiffusion.autograd.ops;

import static dev.jdiffusion.autograd.Tape.inputs;
import static dev.jdiffusion.autograd.Tape.saved;

import dev.jdiffusion.autograd.Tape;
import dev.jdiffusion.autograd.Variable;
import dev.jdiffusion.tensor.Shape;
import dev.jdiffusion.tensor.Tensor;

/** Layer normalisation over the last axis (Ba, Kiros and Hinton 2016). */
public final class LayerNorm {
  private LayerNorm() {}

  /**
   * {@code (x - mean) * rstd * gamma + beta}, with mean and variance over the last axis.
   *
   * @param x {@code [..., C]}
   * @param gamma {@code [C]}
   * @param beta {@code [C]}
   */
  public static Variable layerNorm(Variable x, Variable gamma, Variable beta, double epsilon) {
    Tensor input = x.value();
    Tensor g = gamma.value();
    dev.jdiffusion.tensor.ops.LayerNorm.check(input, g, beta.value());
    var kernel = input.backend().layerNorm();
    Tensor out = Operands.like(input);
    Tensor mean =
        Tensor.empty(input.backend(), Shape.of(input.shape().sizeOf(0, input.shape().rank() - 1)));
    Tensor rstd = Operands.like(mean);
    kernel.forward(input, g, beta.value(), epsilon, out, mean, rstd);
    return Tape.node(
        "layerNorm",
        out,
        inputs(x, gamma, beta),
        saved(input, g, mean, rstd),
        (dOut, gradients) -> {
          Tensor dX = Operands.like(input);
          kernel.backward(
              input, g, mean, rstd, dOut, dX, gradients.buffer(gamma), gradients.buffer(beta));
          gradients.add(x, dX);
        });
  }
}
