package dev.jdiffusion.autograd.ops;

import static dev.jdiffusion.autograd.Tape.inputs;
import static dev.jdiffusion.autograd.Tape.saved;

import dev.jdiffusion.autograd.Tape;
import dev.jdiffusion.autograd.Variable;
import dev.jdiffusion.tensor.Shape;
import dev.jdiffusion.tensor.Tensor;
import dev.jdiffusion.tensor.ops.Convolution.Geometry;
import org.jspecify.annotations.Nullable;

/** Two-dimensional convolution and transposed convolution, NHWC. */
public final class Convolution {
  private Convolution() {}

  /** {@link #conv2d(Variable, Variable, Variable, Variable, Geometry)} without a residual. */
  public static Variable conv2d(
      Variable input, Variable weight, @Nullable Variable bias, Geometry geometry) {
    return conv2d(input, weight, bias, null, geometry);
  }

  /**
   * {@code convolution of input with weight + bias + residual}; the formula is at {@link
   * dev.jdiffusion.tensor.ops.Convolution}.
   *
   * @param input {@code [N, H, W, Ci]}
   * @param weight {@code [kh, kw, Ci / groups, Co]}
   * @param bias {@code [Co]}
   * @param residual of the result's shape
   * @return {@code [N, Ho, Wo, Co]} with {@code Ho = (H + 2 padding - kh) / stride + 1}
   */
  public static Variable conv2d(
      Variable input,
      Variable weight,
      @Nullable Variable bias,
      @Nullable Variable residual,
      Geometry geometry) {
    Tensor x = input.value();
    Tensor w = weight.value();
    var kernel = x.backend().convolution();
    Shape shape =
        dev.jdiffusion.tensor.ops.Convolution.check(
            x, w, Operands.value(bias), Operands.value(residual), geometry);
    Tensor out = Tensor.empty(x.backend(), shape);
    kernel.forward(x, w, Operands.value(bias), Operands.value(residual), geometry, out);
    return Tape.node(
        "conv2d",
        out,
        inputs(input, weight, bias, residual),
        saved(weight.requiresGradient() ? x : null, input.requiresGradient() ? w : null),
        (dOut, gradients) -> {
          Tensor dInput = gradients.needs(input) ? Operands.like(x) : null;
          if (gradients.needs(weight)) {
            Tensor dWeight = gradients.buffer(weight);
            Tensor dBias = bias != null && gradients.needs(bias) ? gradients.buffer(bias) : null;
            if (dInput != null) {
              kernel.gradients(x, w, dOut, geometry, dInput, dWeight, dBias);
            } else {
              kernel.weightGrad(x, dOut, geometry, dWeight, dBias);
            }
          } else {
            if (dInput != null) {
              kernel.inputGrad(dOut, w, null, geometry, dInput);
            }
            Operands.addBiasGradient(gradients, bias, dOut);
          }
          if (dInput != null) {
            gradients.add(input, dInput);
          }
          gradients.add(residual, dOut);
        });
  }

  /**
   * The transposed convolution: the linear map whose matrix is the transpose of that of {@link
   * #conv2d} with the same weight, plus bias.
   *
   * @param input {@code [N, Ho, Wo, Co]}
   * @param weight {@code [kh, kw, Ci / groups, Co]}, so its last axis is the input's channels
   * @param bias {@code [Ci]}
   * @param outputPadding rows and columns added at the end, less than the stride
   * @return {@code [N, H, W, Ci]} with {@code H = (Ho - 1) stride - 2 padding + kh + outputPadding}
   */
  public static Variable convTranspose2d(
      Variable input,
      Variable weight,
      @Nullable Variable bias,
      Geometry geometry,
      int outputPadding) {
    Tensor x = input.value();
    Tensor w = weight.value();
    var kernel = x.backend().convolution();
    Shape shape =
        dev.jdiffusion.tensor.ops.Convolution.checkTransposed(
            x, w, Operands.value(bias), geometry, outputPadding);
    Tensor out = Tensor.empty(x.backend(), shape);
    kernel.inputGrad(x, w, Operands.value(bias), geometry, out);
    return Tape.node(
        "convTranspose2d",
        out,
        inputs(input, weight, bias),
        saved(weight.requiresGradient() ? x : null, input.requiresGradient() ? w : null),
        (dOut, gradients) -> {
          if (gradients.needs(input)) {
            Tensor dInput = Operands.like(x);
            kernel.forward(dOut, w, null, null, geometry, dInput);
            gradients.add(input, dInput);
          }
          if (gradients.needs(weight)) {
            kernel.weightGrad(dOut, x, geometry, gradients.buffer(weight), null);
          }
          Operands.addBiasGradient(gradients, bias, dOut);
        });
  }
}
