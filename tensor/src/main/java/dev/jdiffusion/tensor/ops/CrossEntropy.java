package dev.jdiffusion.tensor.ops;

import dev.jdiffusion.tensor.IntTensor;
import dev.jdiffusion.tensor.Tensor;

/**
 * Mean cross-entropy of class labels under the softmax of logits: {@code mean of log sum e^logits -
 * logits[target]}.
 */
public interface CrossEntropy {
  /**
   * @param logits {@code [N, K]}
   * @param targets {@code [N]}, in 0..K-1
   * @param loss a scalar
   * @param probabilities {@code [N, K]}, overwritten with the softmax; kept for {@link #backward}
   */
  void forward(Tensor logits, IntTensor targets, Tensor loss, Tensor probabilities);

  /**
   * {@code dLogits = (probabilities - onehot(targets)) * dLoss / N}.
   *
   * @param dLoss a scalar
   */
  void backward(Tensor probabilities, IntTensor targets, Tensor dLoss, Tensor dLogits);

  static void check(Tensor logits, IntTensor targets) {
    Checks.rank("crossEntropy", "logits [N, K]", logits, 2);
    Checks.require(
        targets.shape().rank() == 1 && targets.shape().dim(0) == logits.dim(0),
        "crossEntropy",
        "targets " + targets.shape() + " do not match logits " + logits.shape());
    for (int target : targets.values()) {
      Checks.require(
          target >= 0 && target < logits.dim(1),
          "crossEntropy",
          "target " + target + " is not a class of logits " + logits.shape());
    }
  }
}
