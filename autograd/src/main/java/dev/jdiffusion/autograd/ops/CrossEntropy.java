package dev.jdiffusion.autograd.ops;

import static dev.jdiffusion.autograd.Tape.inputs;
import static dev.jdiffusion.autograd.Tape.saved;

import dev.jdiffusion.autograd.Tape;
import dev.jdiffusion.autograd.Variable;
import dev.jdiffusion.tensor.IntTensor;
import dev.jdiffusion.tensor.Shape;
import dev.jdiffusion.tensor.Tensor;

/** The loss of a classifier. */
public final class CrossEntropy {
  private CrossEntropy() {}

  /**
   * {@code mean over rows of log sum e^logits - logits[target]}.
   *
   * @param logits {@code [N, K]}
   * @param targets {@code [N]}, in 0..K-1
   * @return a scalar
   */
  public static Variable crossEntropy(Variable logits, IntTensor targets) {
    Tensor x = logits.value();
    dev.jdiffusion.tensor.ops.CrossEntropy.check(x, targets);
    var kernel = x.backend().crossEntropy();
    Tensor loss = Tensor.empty(x.backend(), Shape.of());
    Tensor probabilities = Operands.like(x);
    kernel.forward(x, targets, loss, probabilities);
    return Tape.node(
        "crossEntropy",
        loss,
        inputs(logits),
        saved(probabilities),
        (dLoss, gradients) -> {
          Tensor dLogits = Operands.like(probabilities);
          kernel.backward(probabilities, targets, dLoss, dLogits);
          gradients.add(logits, dLogits);
        });
  }
}
