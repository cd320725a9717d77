package dev.jdiffusion.tensor.conformance;

import dev.jdiffusion.tensor.IntTensor;
import dev.jdiffusion.tensor.Shape;
import dev.jdiffusion.tensor.Tensor;

final class CrossEntropyCases {
  private CrossEntropyCases() {}

  static void addTo(Cases cases) {
    for (int[] extents : new int[][] {{1, 1}, {1, 10}, {7, 3}, {5, 17}, {64, 10}, {3, 1000}}) {
      for (double spread : new double[] {1, 300}) {
        add(cases, extents[0], extents[1], spread);
      }
    }
  }

  private static void add(Cases cases, int rows, int classes, double spread) {
    cases.add(
        "crossEntropy [" + rows + ", " + classes + "] spread " + spread,
        run -> {
          Tensor logits = run.input(Shape.of(rows, classes), r -> spread * r.nextGaussian());
          IntTensor targets = IntTensor.of(run.random().ints(rows, 0, classes).toArray());
          Tensor loss = run.output("loss", Tolerance.relative(4e-6).plusAbsolute(1e-6 * spread));
          Tensor probabilities =
              run.output(
                  "probabilities",
                  Tolerance.relative(4e-6).plusAbsolute(1e-7 * spread),
                  rows,
                  classes);
          run.on().crossEntropy().forward(logits, targets, loss, probabilities);
          Tensor dLoss = run.input();
          Tolerance gradient = Tolerance.ofMaximum(2e-6).plusAbsolute(1e-7 * spread);
          run.on()
              .crossEntropy()
              .backward(
                  probabilities, targets, dLoss, run.output("dLogits", gradient, rows, classes));
        });
  }
}
