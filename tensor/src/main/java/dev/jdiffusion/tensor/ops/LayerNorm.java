package dev.jdiffusion.tensor.ops;

import dev.jdiffusion.tensor.Tensor;

/**
 * Layer normalisation over the last axis (Ba, Kiros and Hinton 2016): {@code (x - mean) * rstd *
 * gamma + beta}.
 */
public interface LayerNorm {
  /**
   * @param x {@code [..., C]}, seen as R rows
   * @param gamma {@code [C]}
   * @param beta {@code [C]}
   * @param mean {@code [R]}, overwritten
   * @param rstd {@code [R]}, overwritten: 1 / sqrt(biased variance + epsilon)
   */
  void forward(
      Tensor x, Tensor gamma, Tensor beta, double epsilon, Tensor out, Tensor mean, Tensor rstd);

  /**
   * @param dX overwritten
   * @param dGamma added to
   * @param dBeta added to
   */
  void backward(
      Tensor x,
      Tensor gamma,
      Tensor mean,
      Tensor rstd,
      Tensor dOut,
      Tensor dX,
      Tensor dGamma,
      Tensor dBeta);

  static void check(Tensor x, Tensor gamma, Tensor beta) {
    Checks.require(
        x.shape().rank() >= 1, "layerNorm", "input must be [..., C], has shape " + x.shape());
    Checks.shape("layerNorm", "gamma", gamma, x.dim(-1));
    Checks.shape("layerNorm", "beta", beta, x.dim(-1));
  }
}
