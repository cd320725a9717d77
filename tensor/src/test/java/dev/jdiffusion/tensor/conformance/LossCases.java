package dev.jdiffusion.tensor.conformance;

import dev.jdiffusion.tensor.Shape;
import dev.jdiffusion.tensor.Tensor;
import dev.jdiffusion.tensor.ops.Loss.Kind;
import java.util.List;

final class LossCases {
  private LossCases() {}

  static void addTo(Cases cases) {
    for (Kind kind : Kind.values()) {
      for (Shape shape :
          List.of(
              Shape.of(),
              Shape.of(1),
              Shape.of(17),
              Shape.of(3, 7, 5, 2),
              Shape.of(16, 28, 28, 1),
              Shape.of(100_003))) {
        cases.add(
            "loss " + kind + " of " + shape,
            run -> {
              Tensor prediction = run.input(shape.toArray());
              Tensor target = run.input(shape.toArray());
              // All terms are positive.
              Tensor loss =
                  run.output("loss", Tolerance.relative(2e-6).plusAbsolute(1e-14), Shape.of());
              run.on().loss().forward(kind, prediction, target, loss);
              Tensor dPrediction = run.output("dPrediction", Tolerance.relative(1e-6), shape);
              run.on().loss().backward(kind, prediction, target, run.input(), dPrediction);
            });
      }
      cases.add(
          "loss " + kind + " of equal tensors",
          run -> {
            Tensor x = run.input(37);
            run.on().loss().forward(kind, x, x, run.output("loss", Tolerance.EXACT, Shape.of()));
            run.on()
                .loss()
                .backward(kind, x, x, run.input(), run.output("dPrediction", Tolerance.EXACT, 37));
          });
    }
  }
}
