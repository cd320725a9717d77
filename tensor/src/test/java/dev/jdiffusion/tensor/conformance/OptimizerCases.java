package dev.jdiffusion.tensor.conformance;

import dev.jdiffusion.tensor.Shape;
import dev.jdiffusion.tensor.Tensor;
import dev.jdiffusion.tensor.ops.Optimizer.AdamStep;

final class OptimizerCases {
  /** The decay may cancel most of a gradient, whose square then is small. */
  private static final Tolerance SECOND_MOMENT = Tolerance.relative(6e-7).plusAbsolute(1e-13);

  private OptimizerCases() {}

  static void addTo(Cases cases) {
    for (int size : new int[] {1, 15, 64, 100_001}) {
      for (boolean average : new boolean[] {false, true}) {
        add(cases, size, average, new AdamStep(1e-3, 0.9, 0.999, 1e-8, 0, false, 1, 1, 0.995));
        add(cases, size, average, new AdamStep(1e-3, 0.9, 0.999, 1e-8, 0.01, true, 10, 0.25, 0.5));
        add(cases, size, average, new AdamStep(0.1, 0.5, 0.99, 1e-3, 0.1, false, 100_000, 3, 0));
      }
    }
  }

  private static void add(Cases cases, int size, boolean average, AdamStep step) {
    cases.add(
        "adam of " + size + (average ? " with average " : " ") + step,
        run -> {
          Tolerance tolerance =
              Tolerance.relative(1e-6).plusAbsolute(1e-5 * step.learningRate() + 5e-7);
          Tensor weight = run.updated("weight", tolerance, size);
          Tensor gradient = run.input(size);
          Tensor first =
              run.updated("firstMoment", Tolerance.relative(4e-7).plusAbsolute(4e-7), size);
          Tensor second =
              run.updated(
                  "secondMoment",
                  SECOND_MOMENT,
                  Shape.of(size),
                  random -> Math.abs(random.nextGaussian()));
          Tensor ema = average ? run.updated("ema", tolerance, size) : null;
          run.on().optimizer().adam(step, weight, gradient, first, second, ema);
        });
    cases.add(
        "adam of " + size + (average ? " with average from nothing " : " from nothing ") + step,
        run -> {
          Tolerance tolerance =
              Tolerance.relative(1e-6).plusAbsolute(1e-5 * step.learningRate() + 5e-7);
          Tensor weight = run.updated("weight", tolerance, size);
          // Zero gradients too: 0 / (sqrt(0) + epsilon).
          Tensor gradient =
              run.input(Shape.of(size), random -> random.nextInt(3) * 1e-3 * random.nextGaussian());
          Tensor first =
              run.updated(
                  "firstMoment",
                  Tolerance.relative(4e-7).plusAbsolute(4e-7),
                  Shape.of(size),
                  r -> 0);
          Tensor second = run.updated("secondMoment", SECOND_MOMENT, Shape.of(size), r -> 0);
          Tensor ema = average ? run.updated("ema", tolerance, size) : null;
          run.on().optimizer().adam(step, weight, gradient, first, second, ema);
        });
  }
}
