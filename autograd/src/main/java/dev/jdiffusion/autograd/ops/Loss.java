package dev.jdiffusion.autograd.ops;

import static dev.jdiffusion.autograd.Tape.inputs;
import static dev.jdiffusion.autograd.Tape.saved;

import dev.jdiffusion.autograd.Tape;
import dev.jdiffusion.autograd.Variable;
import dev.jdiffusion.tensor.Shape;
import dev.jdiffusion.tensor.Tensor;
import dev.jdiffusion.tensor.ops.Loss.Kind;
import java.util.Locale;

/** Mean losses between a prediction and a target of the same shape. */
public final class Loss {
  private Loss() {}

  /** The mean of {@code (prediction - target)^2}. */
  public static Variable mse(Variable prediction, Variable target) {
    return loss(Kind.MSE, prediction, target);
  }

  /** The mean of {@code |prediction - target|}. */
  public static Variable l1(Variable prediction, Variable target) {
    return loss(Kind.L1, prediction, target);
  }

  /**
   * The mean of {@code d^2 / 2} where {@code |d| <= 1}, else {@code |d| - 1/2}; Huber 1964 with
   * delta 1.
   */
  public static Variable huber(Variable prediction, Variable target) {
    return loss(Kind.HUBER, prediction, target);
  }

  /** The mean penalty, a scalar. */
  public static Variable loss(Kind kind, Variable prediction, Variable target) {
    Tensor p = prediction.value();
    Tensor t = target.value();
    dev.jdiffusion.tensor.ops.Loss.check(p, t);
    var kernel = p.backend().loss();
    Tensor out = Tensor.empty(p.backend(), Shape.of());
    kernel.forward(kind, p, t, out);
    return Tape.node(
        kind.name().toLowerCase(Locale.ROOT) + "Loss",
        out,
        inputs(prediction, target),
        saved(p, t),
        (dLoss, gradients) -> {
          Tensor dPrediction = Operands.like(p);
          kernel.backward(kind, p, t, dLoss, dPrediction);
          if (gradients.needs(target)) {
            gradients.add(target, Operands.scaled(dPrediction, -1));
          }
          gradients.add(prediction, dPrediction);
        });
  }
}
