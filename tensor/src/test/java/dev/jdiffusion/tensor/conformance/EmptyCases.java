package dev.jdiffusion.tensor.conformance;

import dev.jdiffusion.tensor.Activation;
import dev.jdiffusion.tensor.IntTensor;
import dev.jdiffusion.tensor.RandomKey;
import dev.jdiffusion.tensor.Shape;
import dev.jdiffusion.tensor.Tensor;
import dev.jdiffusion.tensor.ops.Convolution.Geometry;
import dev.jdiffusion.tensor.ops.Elementwise.Binary;
import dev.jdiffusion.tensor.ops.Elementwise.Unary;
import dev.jdiffusion.tensor.ops.GroupNorm.Spec;
import dev.jdiffusion.tensor.ops.Optimizer.AdamStep;
import dev.jdiffusion.tensor.ops.Pooling.Kind;
import dev.jdiffusion.tensor.ops.Pooling.Window;
import dev.jdiffusion.tensor.ops.RandomFill.DeviceKey;
import java.util.List;

/** Tensors without elements: an empty batch is no error, and an empty sum is zero. */
final class EmptyCases {
  private EmptyCases() {}

  static void addTo(Cases cases) {
    cases.add(
        "empty elementwise",
        run -> {
          Tensor x = run.input(0);
          run.on().elementwise().unary(Unary.EXP, x, run.output("exp", Tolerance.EXACT, 0));
          run.on()
              .elementwise()
              .unaryGrad(Unary.EXP, x, x, x, run.output("grad", Tolerance.EXACT, 0));
          run.on().elementwise().affine(x, 2, 1, run.output("affine", Tolerance.EXACT, 0));
          run.on().elementwise().fill(1, run.output("fill", Tolerance.EXACT, 0));
          run.on().elementwise().copy(x, run.output("copy", Tolerance.EXACT, 0));
          Tensor out = run.output("sum", Tolerance.EXACT, 3, 0);
          run.on().elementwise().binary(Binary.ADD, run.input(3, 0), run.input(3, 1), out);
        });
    cases.add(
        "empty reduction",
        run -> {
          Tensor x = run.input(0, 3);
          run.on().reduction().sumTo(x, run.output("sum", Tolerance.EXACT, 3), false);
          run.on().reduction().sumTo(x, run.updated("accumulated", Tolerance.EXACT, 1, 3), true);
          run.value("squares", Tolerance.EXACT, run.on().reduction().sumOfSquares(x));
        });
    cases.add(
        "empty layout",
        run -> {
          Tensor x = run.input(2, 0);
          Tensor y = run.input(2, 3);
          run.on().layout().concat(List.of(x, y), 1, run.output("concat", Tolerance.EXACT, 2, 3));
          run.on().layout().slice(y, 1, 2, run.output("slice", Tolerance.EXACT, 2, 0));
          run.on().layout().sliceGrad(x, 1, 1, run.output("sliceGrad", Tolerance.EXACT, 2, 3));
          run.on()
              .layout()
              .permute(x, new int[] {1, 0}, run.output("permute", Tolerance.EXACT, 0, 2));
          run.on().layout().permute(run.input(), new int[0], run.output("scalar", Tolerance.EXACT));
        });
    cases.add(
        "empty matMul",
        run -> {
          Tensor bias = run.input(4);
          Tensor none = run.output("none", Tolerance.EXACT, 0, 4);
          run.on()
              .matMul()
              .matMul(run.input(0, 3), false, run.input(3, 4), false, bias, null, none);
          Tensor sum = run.output("sum of nothing", Tolerance.SUM, 5, 4);
          Tensor residual = run.input(5, 4);
          run.on()
              .matMul()
              .matMul(run.input(5, 0), false, run.input(0, 4), false, bias, residual, sum);
          Tensor zero = run.output("zero", Tolerance.EXACT, 5, 4);
          run.on().matMul().matMul(run.input(0, 5), true, run.input(4, 0), true, null, null, zero);
        });
    for (int groups : new int[] {1, 4}) {
      cases.add(
          "empty conv2d groups " + groups,
          run -> {
            Geometry geometry = new Geometry(1, 1, groups);
            Tensor x = run.input(0, 5, 5, 4);
            Tensor weight = run.input(3, 3, 4 / groups, 4);
            Tensor out = run.output("out", Tolerance.EXACT, 0, 5, 5, 4);
            run.on().convolution().forward(x, weight, run.input(4), null, geometry, out);
            Tensor dX = run.output("dInput", Tolerance.EXACT, 0, 5, 5, 4);
            run.on().convolution().inputGrad(x, weight, null, geometry, dX);
            Tensor dWeight = run.updated("dWeight", Tolerance.EXACT, 3, 3, 4 / groups, 4);
            run.on()
                .convolution()
                .weightGrad(x, x, geometry, dWeight, run.updated("dBias", Tolerance.EXACT, 4));
          });
    }
    cases.add(
        "empty images",
        run -> {
          Tensor x = run.input(0, 4, 4, 3);
          Tensor small = run.input(0, 2, 2, 3);
          Window window = new Window(2, 2, 0);
          run.on()
              .pooling()
              .forward(Kind.MAX, x, window, run.output("max", Tolerance.EXACT, 0, 2, 2, 3));
          run.on()
              .pooling()
              .backward(
                  Kind.MAX, x, small, window, run.output("dMax", Tolerance.EXACT, 0, 4, 4, 3));
          run.on().upsampling().forward(small, 2, run.output("up", Tolerance.EXACT, 0, 4, 4, 3));
          run.on().upsampling().backward(x, 2, run.output("dUp", Tolerance.EXACT, 0, 2, 2, 3));
        });
    cases.add(
        "empty normalisation",
        run -> {
          Spec spec = new Spec(1, 1e-5, Activation.NONE, Activation.SILU);
          Tensor x = run.input(0, 4, 3);
          Tensor gamma = run.input(3);
          Tensor beta = run.input(3);
          Tensor dGamma = run.updated("dGamma", Tolerance.EXACT, 3);
          Tensor dBeta = run.updated("dBeta", Tolerance.EXACT, 3);
          Tensor out = run.output("out", Tolerance.EXACT, 0, 4, 3);
          Tensor mean = run.output("mean", Tolerance.EXACT, 0, 1);
          Tensor rstd = run.output("rstd", Tolerance.EXACT, 0, 1);
          run.on().groupNorm().forward(x, null, gamma, beta, null, null, spec, out, mean, rstd);
          run.on()
              .groupNorm()
              .backward(
                  x, null, gamma, beta, null, spec, mean, rstd, x, out, null, dGamma, dBeta, null);
          Tensor row = mean.reshape(0);
          run.on()
              .layerNorm()
              .forward(x.reshape(0, 3), gamma, beta, 1e-5, out.reshape(0, 3), row, row);
          run.on().layerNorm().backward(x.reshape(0, 3), gamma, row, row, x, out, dGamma, dBeta);
          run.on().softmax().forward(x, out);
          run.on().softmax().backward(x, x, out);
        });
    cases.add(
        "empty rest",
        run -> {
          Tensor table = run.input(5, 3);
          run.on()
              .embedding()
              .forward(table, IntTensor.of(), run.output("rows", Tolerance.EXACT, 0, 3));
          run.on()
              .embedding()
              .backward(
                  run.input(0, 3), IntTensor.of(), run.updated("dTable", Tolerance.EXACT, 5, 3));
          RandomKey key = new RandomKey(1, 2, 3);
          run.on()
              .random()
              .normal(key, IntTensor.of(), run.output("normal", Tolerance.EXACT, 0, 3));
          run.on()
              .random()
              .uniform(key, IntTensor.of(1, 2), run.output("uniform", Tolerance.EXACT, 2, 0));
          run.on()
              .random()
              .dropout(key, 0.5, run.input(0), run.output("dropout", Tolerance.EXACT, 0));
          run.on()
              .random()
              .normal(
                  new DeviceKey(1, 2, run.inputOf(Shape.of(2), 3, 0)),
                  run.output("normal of step", Tolerance.EXACT, 0, 3));
          Tensor none = run.updated("weight", Tolerance.EXACT, Shape.of(0).toArray());
          run.on()
              .optimizer()
              .adam(run.input(AdamStep.NUMBERS), run.input(), none, none, none, none, none);
        });
  }
}
