package dev.jdiffusion.tensor.ops;

import dev.jdiffusion.tensor.Tensor;

/** Mean losses between a prediction and a target of the same shape. */
public interface Loss {
  /** The penalty of a difference d. */
  enum Kind {
    /** {@code d^2}. */
    MSE,
    /** {@code |d|}. */
    L1,
    /** {@code d^2 / 2} where {@code |d| <= 1}, else {@code |d| - 1/2}; Huber 1964 with delta 1. */
    HUBER
  }

  /**
   * @param loss a scalar: the mean penalty
   */
  void forward(Kind kind, Tensor prediction, Tensor target, Tensor loss);

  /**
   * @param dLoss a scalar
   * @param dPrediction overwritten; the gradient of the target is its negative
   */
  void backward(Kind kind, Tensor prediction, Tensor target, Tensor dLoss, Tensor dPrediction);

  static void check(Tensor prediction, Tensor target) {
    Checks.require(
        prediction.shape().equals(target.shape()),
        "loss",
        "prediction " + prediction.shape() + " and target " + target.shape() + " differ");
    Checks.require(prediction.size() > 0, "loss", "the mean of no elements does not exist");
  }
}
