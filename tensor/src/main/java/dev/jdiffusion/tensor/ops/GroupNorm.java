package dev.jdiffusion.tensor.ops;

import dev.jdiffusion.tensor.Activation;
import dev.jdiffusion.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * Group normalisation (Wu and He 2018) with what surrounds it in a U-Net block fused in, since each
 * part alone would cost a pass over memory.
 *
 * <pre>
 * u   = preActivation(x + channelBias)
 * h   = (u - mean) * rstd                 mean, variance over the pixels and channels of one image and group
 * v   = (h * gamma + beta) * (1 + scale) + shift
 * out = postActivation(v) + residual
 * </pre>
 */
public interface GroupNorm {
  /**
   * What does not depend on data.
   *
   * @param groups divides the number of channels; consecutive channels form a group
   * @param epsilon added to the (biased) variance
   */
  record Spec(int groups, double epsilon, Activation preActivation, Activation postActivation) {}

  /**
   * @param x {@code [N, ..., C]}; the axes between are the pixels
   * @param channelBias {@code [N, C]}
   * @param gamma {@code [C]}
   * @param beta {@code [C]}
   * @param scaleShift {@code [N, 2C]}, the scales before the shifts
   * @param residual of x's shape
   * @param out of x's shape
   * @param mean {@code [N, groups]}, overwritten; kept for {@link #backward}
   * @param rstd {@code [N, groups]}, overwritten: 1 / sqrt(variance + epsilon)
   */
  void forward(
      Tensor x,
      @Nullable Tensor channelBias,
      Tensor gamma,
      Tensor beta,
      @Nullable Tensor scaleShift,
      @Nullable Tensor residual,
      Spec spec,
      Tensor out,
      Tensor mean,
      Tensor rstd);

  /**
   * The gradients. The residual's is dOut itself.
   *
   * @param dX overwritten
   * @param dChannelBias overwritten; present just when channelBias is
   * @param dGamma added to
   * @param dBeta added to
   * @param dScaleShift overwritten; present just when scaleShift is
   */
  void backward(
      Tensor x,
      @Nullable Tensor channelBias,
      Tensor gamma,
      Tensor beta,
      @Nullable Tensor scaleShift,
      Spec spec,
      Tensor mean,
      Tensor rstd,
      Tensor dOut,
      Tensor dX,
      @Nullable Tensor dChannelBias,
      Tensor dGamma,
      Tensor dBeta,
      @Nullable Tensor dScaleShift);

  static void check(
      Tensor x,
      @Nullable Tensor channelBias,
      Tensor gamma,
      Tensor beta,
      @Nullable Tensor scaleShift,
      @Nullable Tensor residual,
      Spec spec) {
    Checks.require(
        x.shape().rank() >= 2, "groupNorm", "input must be [N, ..., C], has shape " + x.shape());
    Checks.require(
        x.dim(0) == 0 || x.size() > 0, "groupNorm", "images of " + x.shape() + " are empty");
    int channels = x.dim(-1);
    Checks.require(
        spec.groups() >= 1 && channels % spec.groups() == 0,
        "groupNorm",
        spec.groups()
            + " groups do not divide "
            + channels
            + " channels (input "
            + x.shape()
            + ")");
    Checks.shape("groupNorm", "channelBias", channelBias, x.dim(0), channels);
    Checks.shape("groupNorm", "gamma", gamma, channels);
    Checks.shape("groupNorm", "beta", beta, channels);
    Checks.shape("groupNorm", "scaleShift", scaleShift, x.dim(0), 2 * channels);
    Checks.shape("groupNorm", "residual", residual, x.shape().toArray());
  }
}
