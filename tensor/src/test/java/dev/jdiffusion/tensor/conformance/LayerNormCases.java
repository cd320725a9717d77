package dev.jdiffusion.tensor.conformance;

import dev.jdiffusion.tensor.Shape;
import dev.jdiffusion.tensor.Tensor;
import java.util.List;

final class LayerNormCases {
  private LayerNormCases() {}

  static void addTo(Cases cases) {
    for (Shape shape :
        List.of(
            Shape.of(7),
            Shape.of(5, 3),
            Shape.of(1, 17),
            Shape.of(33, 16),
            Shape.of(2, 7, 31),
            Shape.of(2, 14, 14, 56),
            Shape.of(2, 49, 112),
            Shape.of(3, 5, 300),
            Shape.of(5, 490),
            Shape.of(2, 3, 700),
            Shape.of(3, 900))) {
      add(cases, shape, 0, 1e-5);
    }
    // The variance of one element is zero: epsilon alone stands below.
    add(cases, Shape.of(5, 1), 0, 1);
    add(cases, Shape.of(9, 56), 100, 1e-5);
  }

  private static void add(Cases cases, Shape shape, double mean, double epsilon) {
    int channels = shape.dim(-1);
    int rows = shape.size() / channels;
    double lost = 3e-7 * mean;
    cases.add(
        "layerNorm " + shape + " mean " + mean,
        run -> {
          Tensor x = run.input(shape, random -> mean + random.nextGaussian());
          Tensor gamma = run.input(channels);
          Tensor beta = run.input(channels);
          Tensor means = run.output("mean", Tolerance.ofMaximum(2e-6), rows);
          Tensor rstd = run.output("rstd", Tolerance.ofMaximum(4e-6).plusAbsolute(lost), rows);
          Tensor out = run.output("out", Tolerance.ofMaximum(4e-6).plusAbsolute(10 * lost), shape);
          run.on().layerNorm().forward(x, gamma, beta, epsilon, out, means, rstd);
          Tolerance backward = Tolerance.ofMaximum(1e-5).plusAbsolute(1e-6 + 100 * lost);
          run.on()
              .layerNorm()
              .backward(
                  x,
                  gamma,
                  means,
                  rstd,
                  run.input(shape.toArray()),
                  run.output("dX", backward, shape),
                  run.updated("dGamma", backward, channels),
                  run.updated("dBeta", backward, channels));
        });
  }
}
