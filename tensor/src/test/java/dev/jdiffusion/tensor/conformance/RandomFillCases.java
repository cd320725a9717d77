package dev.jdiffusion.tensor.conformance;

import dev.jdiffusion.tensor.Halfwords;
import dev.jdiffusion.tensor.IntTensor;
import dev.jdiffusion.tensor.RandomKey;
import dev.jdiffusion.tensor.Shape;
import dev.jdiffusion.tensor.Tensor;
import dev.jdiffusion.tensor.ops.RandomFill.DeviceKey;
import java.util.List;

final class RandomFillCases {
  private static final RandomKey KEY = new RandomKey(0x1234_5678_9ABC_DEF0L, 3, 1_000_003);

  private RandomFillCases() {}

  static void addTo(Cases cases) {
    for (Shape shape :
        List.of(
            Shape.of(1),
            Shape.of(9),
            Shape.of(1, 5),
            Shape.of(3, 2),
            Shape.of(5, 7),
            Shape.of(2, 16),
            Shape.of(3, 7, 9, 3),
            Shape.of(4, 28, 28, 1),
            Shape.of(1, 70_003))) {
      add(cases, shape);
    }
  }

  private static void add(Cases cases, Shape shape) {
    for (RandomKey key : List.of(KEY, new RandomKey(-1, 0, -2))) {
      cases.add(
          "random of " + shape + " with " + key,
          run -> {
            IntTensor rows = IntTensor.of(run.random().ints(shape.dim(0), -5, 1_000_000).toArray());
            run.on().random().uniform(key, rows, run.output("uniform", Tolerance.EXACT, shape));
            Tolerance normal = Tolerance.relative(2e-6).plusAbsolute(4e-6);
            run.on().random().normal(key, rows, run.output("normal", normal, shape));
            run.on()
                .random()
                .normal(onDevice(run, key), run.output("normal of step", normal, shape));
          });
      for (double p : new double[] {0, 0.1, 0.5, 0.9}) {
        cases.add(
            "dropout " + p + " of " + shape + " with " + key,
            run -> {
              Tensor x = run.input(shape.toArray());
              run.on()
                  .random()
                  .dropout(key, p, x, run.output("out", Tolerance.relative(4e-7), shape));
              Tensor ofStep = run.output("out of step", Tolerance.relative(4e-7), shape);
              run.on().random().dropout(onDevice(run, key), p, x, ofStep);
            });
      }
    }
  }

  private static DeviceKey onDevice(Run run, RandomKey key) {
    double[] step = new double[Halfwords.INT];
    Halfwords.put(key.step(), step, 0);
    return new DeviceKey(key.seed(), key.purpose(), run.inputOf(Shape.of(step.length), step));
  }
}
