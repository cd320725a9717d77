package dev.jdiffusion.tensor.conformance;

import dev.jdiffusion.tensor.Shape;
import dev.jdiffusion.tensor.Tensor;
import java.util.List;

final class SoftmaxCases {
  /** The exponential's error, and that of x - max where x is large. */
  private static final Tolerance PROBABILITY = Tolerance.relative(4e-6).plusAbsolute(1e-30);

  private SoftmaxCases() {}

  static void addTo(Cases cases) {
    for (Shape shape :
        List.of(
            Shape.of(1),
            Shape.of(17),
            Shape.of(5, 1),
            Shape.of(3, 7),
            Shape.of(2, 4, 49, 49),
            Shape.of(33, 16),
            Shape.of(2, 9, 31),
            Shape.of(3, 100),
            Shape.of(70, 130),
            Shape.of(5, 261),
            Shape.of(5, 490),
            Shape.of(3, 784))) {
      for (double spread : new double[] {1, 20, 1000}) {
        cases.add(
            "softmax " + shape + " spread " + spread,
            run -> {
              Tensor x = run.input(shape, random -> spread * random.nextGaussian());
              Tensor y = run.output("y", PROBABILITY, shape);
              run.on().softmax().forward(x, y);
              Tensor inPlace =
                  run.updated(
                      "in place", PROBABILITY, shape, random -> spread * random.nextGaussian());
              run.on().softmax().forward(inPlace, inPlace);
              Tolerance gradient = Tolerance.ofMaximum(4e-6).plusAbsolute(1e-6);
              run.on()
                  .softmax()
                  .backward(y, run.input(shape.toArray()), run.output("dx", gradient, shape));
              Tensor dy = run.updated("dx in place", gradient, shape.toArray());
              run.on().softmax().backward(y, dy, dy);
            });
      }
    }
  }
}
