package dev.jdiffusion.nn;

import dev.jdiffusion.autograd.Tape;
import dev.jdiffusion.autograd.Variable;
import dev.jdiffusion.autograd.ops.Convolution;
import dev.jdiffusion.tensor.Shape;
import dev.jdiffusion.tensor.ops.Convolution.Geometry;

/**
 * Transposed two-dimensional convolution with bias, in NHWC: the input gradient of a convolution
 * from {@code out} to {@code in} channels, used forward. The weight is that convolution's: {@code
 * [k, k, out / groups, in]}.
 */
public final class ConvTranspose2d extends Module {
  private final Parameter weight;
  private final Parameter bias;
  private final Geometry geometry;
  private final int outputPadding;

  /**
   * A transposed convolution of groups of channels.
   *
   * @param kernel extent of the window in both directions
   * @param stride factor by which height and width grow
   * @param padding rows and columns cut off on every side
   * @param outputPadding rows and columns added at the end, less than the stride
   * @param groups divides {@code in} and {@code out}
   */
  public ConvTranspose2d(
      int in, int out, int kernel, int stride, int padding, int outputPadding, int groups) {
    Arguments.positive("ConvTranspose2d", "input channels", in);
    Arguments.positive("ConvTranspose2d", "output channels", out);
    Arguments.positive("ConvTranspose2d", "kernel", kernel);
    Arguments.divides("ConvTranspose2d", "groups", groups, "input channels", in);
    Arguments.divides("ConvTranspose2d", "groups", groups, "output channels", out);
    if (outputPadding < 0 || outputPadding >= stride) {
      throw new IllegalArgumentException(
          "ConvTranspose2d: output padding "
              + outputPadding
              + " must be less than stride "
              + stride);
    }
    geometry = new Geometry(stride, padding, groups);
    this.outputPadding = outputPadding;
    Initializer initializer = Initializer.fanIn(out / groups * kernel * kernel);
    weight = parameter("weight", Shape.of(kernel, kernel, out / groups, in), initializer);
    bias = parameter("bias", Shape.of(out), initializer);
  }

  /**
   * @param x {@code [N, H, W, in]}
   * @return {@code [N, Ho, Wo, out]} with {@code Ho = (H - 1) stride - 2 padding + kernel +
   *     outputPadding}
   */
  public Variable forward(Variable x) {
    try (Tape.Label _ = label()) {
      return Convolution.convTranspose2d(
          x, weight.variable(), bias.variable(), geometry, outputPadding);
    }
  }
}
