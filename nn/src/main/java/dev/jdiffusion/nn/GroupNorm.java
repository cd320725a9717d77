package dev.jdiffusion.nn;

import dev.jdiffusion.autograd.Tape;
import dev.jdiffusion.autograd.Variable;
import dev.jdiffusion.tensor.Activation;
import dev.jdiffusion.tensor.Shape;
import dev.jdiffusion.tensor.ops.GroupNorm.Spec;
import org.jspecify.annotations.Nullable;

/**
 * Group normalisation (Wu and He 2018) with learned scale and offset of each channel, and fused
 * activations; the formula is at {@link dev.jdiffusion.tensor.ops.GroupNorm}.
 */
public final class GroupNorm extends Module {
  private static final double EPSILON = 1e-5;

  private final Parameter gamma;
  private final Parameter beta;
  private final Spec spec;

  /** A layer without activations. */
  public GroupNorm(int groups, int channels) {
    this(groups, channels, Activation.NONE, Activation.NONE);
  }

  /**
   * A layer with activations before and after.
   *
   * @param groups divides {@code channels}; 1 normalises each image as a whole
   */
  public GroupNorm(int groups, int channels, Activation preActivation, Activation postActivation) {
    Arguments.positive("GroupNorm", "channels", channels);
    Arguments.divides("GroupNorm", "groups", groups, "channels", channels);
    spec = new Spec(groups, EPSILON, preActivation, postActivation);
    gamma = parameter("gamma", Shape.of(channels), Initializer.ones());
    beta = parameter("beta", Shape.of(channels), Initializer.zeros());
  }

  /**
   * @param x {@code [N, ..., channels]}
   * @return of x's shape
   */
  public Variable forward(Variable x) {
    return forward(x, null, null, null);
  }

  /**
   * The same with what surrounds it in a block.
   *
   * @param x {@code [N, ..., channels]}
   * @param channelBias {@code [N, channels]}, added to x first
   * @param scaleShift {@code [N, 2 * channels]}: the normalised value times {@code 1 + scale}, plus
   *     shift
   * @param residual of x's shape, added last
   */
  public Variable forward(
      Variable x,
      @Nullable Variable channelBias,
      @Nullable Variable scaleShift,
      @Nullable Variable residual) {
    try (Tape.Label _ = label()) {
      return dev.jdiffusion.autograd.ops.GroupNorm.groupNorm(
          x, channelBias, gamma.variable(), beta.variable(), scaleShift, residual, spec);
    }
  }
}
