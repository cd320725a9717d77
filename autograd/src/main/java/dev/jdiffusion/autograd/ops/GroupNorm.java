package dev.jdiffusion.autograd.ops;

import static dev.jdiffusion.autograd.Tape.inputs;
import static dev.jdiffusion.autograd.Tape.saved;

import dev.jdiffusion.autograd.Tape;
import dev.jdiffusion.autograd.Variable;
import dev.jdiffusion.tensor.Activation;
import dev.jdiffusion.tensor.Shape;
import dev.jdiffusion.tensor.Tensor;
import dev.jdiffusion.tensor.ops.GroupNorm.Spec;
import org.jspecify.annotations.Nullable;

/** Group normalisation (Wu and He 2018), plain and with its neighbours fused in. */
public final class GroupNorm {
  private GroupNorm() {}

  /**
   * {@code (x - mean) * rstd * gamma + beta}, with mean and variance over the pixels and channels
   * of one image and group.
   *
   * @param x {@code [N, ..., C]}
   * @param gamma {@code [C]}
   * @param beta {@code [C]}
   */
  public static Variable groupNorm(
      Variable x, Variable gamma, Variable beta, int groups, double epsilon) {
    return groupNorm(
        x,
        null,
        gamma,
        beta,
        null,
        null,
        new Spec(groups, epsilon, Activation.NONE, Activation.NONE));
  }

  /**
   * {@code postActivation(norm(preActivation(x + channelBias)) * (1 + scale) + shift) + residual};
   * the formula is at {@link dev.jdiffusion.tensor.ops.GroupNorm}.
   *
   * @param x {@code [N, ..., C]}
   * @param channelBias {@code [N, C]}
   * @param gamma {@code [C]}
   * @param beta {@code [C]}
   * @param scaleShift {@code [N, 2C]}, the scales before the shifts
   * @param residual of x's shape
   */
  public static Variable groupNorm(
      Variable x,
      @Nullable Variable channelBias,
      Variable gamma,
      Variable beta,
      @Nullable Variable scaleShift,
      @Nullable Variable residual,
      Spec spec) {
    Tensor input = x.value();
    Tensor channels = Operands.value(channelBias);
    Tensor g = gamma.value();
    Tensor b = beta.value();
    Tensor modulation = Operands.value(scaleShift);
    dev.jdiffusion.tensor.ops.GroupNorm.check(
        input, channels, g, b, modulation, Operands.value(residual), spec);
    var kernel = input.backend().groupNorm();
    Tensor out = Operands.like(input);
    Tensor mean = Tensor.empty(input.backend(), Shape.of(input.dim(0), spec.groups()));
    Tensor rstd = Operands.like(mean);
    kernel.forward(
        input, channels, g, b, modulation, Operands.value(residual), spec, out, mean, rstd);
    return Tape.node(
        "groupNorm",
        out,
        inputs(x, channelBias, gamma, beta, scaleShift, residual),
        saved(input, channels, g, b, modulation, mean, rstd),
        (dOut, gradients) -> {
          if (gradients.needs(x)
              || gradients.needs(channelBias)
              || gradients.needs(gamma)
              || gradients.needs(beta)
              || gradients.needs(scaleShift)) {
            Tensor dX = Operands.like(input);
            Tensor dChannels = channels == null ? null : Operands.like(channels);
            Tensor dModulation = modulation == null ? null : Operands.like(modulation);
            kernel.backward(
                input,
                channels,
                g,
                b,
                modulation,
                spec,
                mean,
                rstd,
                dOut,
                dX,
                dChannels,
                gradients.buffer(gamma),
                gradients.buffer(beta),
                dModulation);
            gradients.add(x, dX);
            if (dChannels != null) {
              gradients.add(channelBias, dChannels);
            }
            if (dModulation != null) {
              gradients.add(scaleShift, dModulation);
            }
          }
          gradients.add(residual, dOut);
        });
  }
}
