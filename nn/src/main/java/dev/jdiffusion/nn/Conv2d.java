package dev.jdiffusion.nn;

import dev.jdiffusion.autograd.Tape;
import dev.jdiffusion.autograd.Variable;
import dev.jdiffusion.autograd.ops.Convolution;
import dev.jdiffusion.tensor.Shape;
import dev.jdiffusion.tensor.ops.Convolution.Geometry;
import org.jspecify.annotations.Nullable;

/**
 * Two-dimensional convolution with bias, in NHWC, with {@code weight [k, k, in / groups, out]}; the
 * formula is at {@link dev.jdiffusion.tensor.ops.Convolution}.
 */
public final class Conv2d extends Module {
  private final Parameter weight;
  private final Parameter bias;
  private final Geometry geometry;

  /**
   * A convolution of groups of channels.
   *
   * @param kernel extent of the window in both directions
   * @param padding zeros on every side
   * @param groups divides {@code in} and {@code out}
   */
  public Conv2d(int in, int out, int kernel, int stride, int padding, int groups) {
    Arguments.positive("Conv2d", "input channels", in);
    Arguments.positive("Conv2d", "output channels", out);
    Arguments.positive("Conv2d", "kernel", kernel);
    Arguments.divides("Conv2d", "groups", groups, "input channels", in);
    Arguments.divides("Conv2d", "groups", groups, "output channels", out);
    geometry = new Geometry(stride, padding, groups);
    Initializer initializer = Initializer.fanIn(in / groups * kernel * kernel);
    weight = parameter("weight", Shape.of(kernel, kernel, in / groups, out), initializer);
    bias = parameter("bias", Shape.of(out), initializer);
  }

  /** A convolution that keeps height and width; the kernel is odd. */
  public static Conv2d same(int in, int out, int kernel) {
    return new Conv2d(in, out, kernel, 1, kernel / 2, 1);
  }

  /** A convolution of each channel by itself that keeps height and width; the kernel is odd. */
  public static Conv2d depthwise(int channels, int kernel) {
    return new Conv2d(channels, channels, kernel, 1, kernel / 2, channels);
  }

  /**
   * @param x {@code [N, H, W, in]}
   * @return {@code [N, Ho, Wo, out]} with {@code Ho = (H + 2 padding - kernel) / stride + 1}
   */
  public Variable forward(Variable x) {
    return forward(x, null);
  }

  /** The same with a residual of the result's shape added. */
  public Variable forward(Variable x, @Nullable Variable residual) {
    try (Tape.Label _ = label()) {
      return Convolution.conv2d(x, weight.variable(), bias.variable(), residual, geometry);
    }
  }
}
