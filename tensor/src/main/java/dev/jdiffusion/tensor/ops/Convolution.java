package dev.jdiffusion.tensor.ops;

import dev.jdiffusion.tensor.Shape;
import dev.jdiffusion.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * Two-dimensional cross-correlation in NHWC, with its two gradients.
 *
 * <pre>
 * out[n,y,x,o] = bias[o] + residual[n,y,x,o]
 *              + sum over i,j,c of in[n, y*stride - padding + i, x*stride - padding + j, g*I + c] * weight[i,j,c,o]
 * </pre>
 *
 * where g is the group of output channel o and I the number of input channels of a group. The
 * transposed convolution of a network is {@link #inputGrad} used forward.
 */
public interface Convolution {
  /**
   * How the window moves.
   *
   * @param stride step of the window in both directions, at least 1
   * @param padding rows and columns of zeros on every side
   * @param groups independent groups of channels; equal to the number of channels for a depthwise
   *     convolution
   */
  record Geometry(int stride, int padding, int groups) {
    public Geometry {
      if (stride < 1 || padding < 0 || groups < 1) {
        throw new IllegalArgumentException(
            "conv2d: stride "
                + stride
                + ", padding "
                + padding
                + ", groups "
                + groups
                + " are out of range");
      }
    }
  }

  /**
   * The convolution.
   *
   * @param input {@code [N, H, W, Ci]}
   * @param weight {@code [kh, kw, Ci / groups, Co]}
   * @param bias {@code [Co]}
   * @param residual of out's shape, added to the result; may be out itself
   * @param out {@code [N, Ho, Wo, Co]}
   */
  void forward(
      Tensor input,
      Tensor weight,
      @Nullable Tensor bias,
      @Nullable Tensor residual,
      Geometry geometry,
      Tensor out);

  /**
   * The gradient with respect to the input; used forward it is the transposed convolution.
   *
   * @param dOut {@code [N, Ho, Wo, Co]}
   * @param weight {@code [kh, kw, Ci / groups, Co]}
   * @param bias {@code [Ci]}, of a transposed convolution
   * @param dInput {@code [N, H, W, Ci]}, overwritten
   */
  void inputGrad(
      Tensor dOut, Tensor weight, @Nullable Tensor bias, Geometry geometry, Tensor dInput);

  /**
   * The gradient with respect to weight and bias.
   *
   * @param input {@code [N, H, W, Ci]}
   * @param dOut {@code [N, Ho, Wo, Co]}
   * @param dWeight {@code [kh, kw, Ci / groups, Co]}, added to
   * @param dBias {@code [Co]}, added to
   */
  void weightGrad(
      Tensor input, Tensor dOut, Geometry geometry, Tensor dWeight, @Nullable Tensor dBias);

  /**
   * {@link #inputGrad} without bias and {@link #weightGrad}, which may be faster together.
   *
   * @param dInput overwritten
   * @param dWeight added to, as dBias
   */
  default void gradients(
      Tensor input,
      Tensor weight,
      Tensor dOut,
      Geometry geometry,
      Tensor dInput,
      Tensor dWeight,
      @Nullable Tensor dBias) {
    inputGrad(dOut, weight, null, geometry, dInput);
    weightGrad(input, dOut, geometry, dWeight, dBias);
  }

  /** The shape of the result of {@link #forward}. */
  static Shape check(
      Tensor input,
      Tensor weight,
      @Nullable Tensor bias,
      @Nullable Tensor residual,
      Geometry geometry) {
    Checks.rank("conv2d", "input [N, H, W, C]", input, 4);
    Checks.rank("conv2d", "weight [kh, kw, in/groups, out]", weight, 4);
    Checks.require(
        weight.shape().size() > 0, "conv2d", "weight " + weight.shape() + " has no elements");
    int channels = input.dim(3);
    int groups = geometry.groups();
    String shapes =
        " (input " + input.shape() + ", weight " + weight.shape() + ", groups " + groups + ")";
    Checks.require(
        channels % groups == 0 && weight.dim(3) % groups == 0,
        "conv2d",
        "groups must divide "
            + channels
            + " input and "
            + weight.dim(3)
            + " output channels"
            + shapes);
    Checks.require(
        channels == weight.dim(2) * groups,
        "conv2d",
        "input has " + channels + " channels, weight expects " + weight.dim(2) * groups + shapes);
    Checks.shape("conv2d", "bias", bias, weight.dim(3));
    int height = outputExtent(input.dim(1), weight.dim(0), geometry);
    int width = outputExtent(input.dim(2), weight.dim(1), geometry);
    Checks.require(
        height > 0 && width > 0,
        "conv2d",
        "window is larger than the padded input, padding " + geometry.padding() + shapes);
    Checks.shape("conv2d", "residual", residual, input.dim(0), height, width, weight.dim(3));
    return Shape.of(input.dim(0), height, width, weight.dim(3));
  }

  /**
   * The shape of the transposed convolution of {@code input [N, Ho, Wo, Co]}: {@code [N, H, W,
   * Ci]}.
   *
   * @param outputPadding rows and columns added at the end, less than the stride
   */
  static Shape checkTransposed(
      Tensor input, Tensor weight, @Nullable Tensor bias, Geometry geometry, int outputPadding) {
    Checks.rank("convTranspose2d", "input [N, H, W, C]", input, 4);
    Checks.rank("convTranspose2d", "weight [kh, kw, out/groups, in]", weight, 4);
    Checks.require(
        weight.shape().size() > 0,
        "convTranspose2d",
        "weight " + weight.shape() + " has no elements");
    String shapes = " (input " + input.shape() + ", weight " + weight.shape() + ")";
    Checks.require(
        input.dim(3) == weight.dim(3),
        "convTranspose2d",
        "input has " + input.dim(3) + " channels, weight expects " + weight.dim(3) + shapes);
    Checks.require(
        input.dim(3) % geometry.groups() == 0,
        "convTranspose2d",
        "groups " + geometry.groups() + " must divide " + input.dim(3) + " channels" + shapes);
    Checks.require(
        outputPadding >= 0 && outputPadding < geometry.stride(),
        "convTranspose2d",
        "output padding " + outputPadding + " must be less than stride " + geometry.stride());
    int channels = weight.dim(2) * geometry.groups();
    Checks.shape("convTranspose2d", "bias", bias, channels);
    int height = transposedExtent(input.dim(1), weight.dim(0), geometry, outputPadding);
    int width = transposedExtent(input.dim(2), weight.dim(1), geometry, outputPadding);
    Checks.require(height > 0 && width > 0, "convTranspose2d", "padding leaves no output" + shapes);
    return Shape.of(input.dim(0), height, width, channels);
  }

  private static int outputExtent(int extent, int window, Geometry geometry) {
    int room = extent + 2 * geometry.padding() - window;
    return room < 0 ? 0 : room / geometry.stride() + 1;
  }

  private static int transposedExtent(
      int extent, int window, Geometry geometry, int outputPadding) {
    return (extent - 1) * geometry.stride() - 2 * geometry.padding() + window + outputPadding;
  }
}
