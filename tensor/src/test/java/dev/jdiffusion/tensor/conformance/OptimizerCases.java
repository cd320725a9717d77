package dev.jdiffusion.tensor.conformance;

import dev.jdiffusion.tensor.Halfwords;
import dev.jdiffusion.tensor.Shape;
import dev.jdiffusion.tensor.Tensor;
import dev.jdiffusion.tensor.ops.Optimizer;
import dev.jdiffusion.tensor.ops.Optimizer.AdamStep;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

final class OptimizerCases {
  /** The decay may cancel most of a gradient, whose square then is small. */
  private static final Tolerance SECOND_MOMENT = Tolerance.relative(6e-7).plusAbsolute(1e-13);

  private OptimizerCases() {}

  static void addTo(Cases cases) {
    for (int size : new int[] {1, 15, 64, 900, 100_001}) {
      for (boolean average : new boolean[] {false, true}) {
        add(cases, size, average, new AdamStep(1e-3, 0.9, 0.999, 1e-8, 0, false, 1, 0.995), 1);
        add(cases, size, average, new AdamStep(1e-3, 0.9, 0.999, 1e-8, 0.01, true, 10, 0.5), 0.25);
        add(cases, size, average, new AdamStep(0.1, 0.5, 0.99, 1e-3, 0.1, false, 100_000, 0), 3);
        add(
            cases,
            size,
            average,
            new AdamStep(0.1, 0.9, 0.999, 1e-8, 0, false, 1, 0.5),
            Double.NaN);
      }
    }
    for (int size : new int[] {0, 1, 255, 4097, 100_001, 1 << 20 | 1}) {
      addClip(cases, size, 0.5, 1, Double.POSITIVE_INFINITY);
      addClip(cases, size, 0.5, 0.25, 1, 0.5, 3, -2);
    }
    addClip(cases, 1000, 3e38, 0.5, 1e30, 1);
    addClip(cases, 1000, 0.5, 0.5, 100, 1);
    for (double bad : new double[] {Double.NaN, Double.POSITIVE_INFINITY}) {
      addClip(cases, 5000, bad, 1, 1, 1);
      addClip(cases, 5000, 0.5, 1, 1, 1, -bad, 1);
    }
  }

  private static void add(Cases cases, int size, boolean average, AdamStep step, double factor) {
    cases.add(
        "adam of " + size + (average ? " with average " : " ") + step + " times " + factor,
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
          adam(run, step, factor, weight, gradient, first, second, ema);
        });
    cases.add(
        "adam of "
            + size
            + (average ? " with average from nothing " : " from nothing ")
            + step
            + " times "
            + factor,
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
          adam(run, step, factor, weight, gradient, first, second, ema);
        });
  }

  private static void adam(
      Run run,
      AdamStep step,
      double factor,
      Tensor weight,
      Tensor gradient,
      Tensor first,
      Tensor second,
      @Nullable Tensor ema) {
    // Single precision, so that all backends work with the same numbers.
    double[] rounded = Arrays.stream(step.numbers()).map(number -> (float) number).toArray();
    Tensor numbers = run.inputOf(Shape.of(AdamStep.NUMBERS), rounded);
    Tensor scalar = run.inputOf(Shape.of(), factor);
    run.on().optimizer().adam(numbers, scalar, weight, gradient, first, second, ema);
  }

  /** A gradient of normal numbers with one number among them, and losses. */
  private static void addClip(
      Cases cases, int size, double among, double scale, double maxNorm, double... losses) {
    cases.addUndefined(
        "clip of %d with %s among them, scaled by %s, to %s, losses %s"
            .formatted(size, among, scale, maxNorm, Arrays.toString(losses)),
        run -> {
          double[] values = new double[size];
          Arrays.setAll(values, i -> (float) run.random().nextGaussian());
          if (size > 0) {
            values[size / 2] = (float) among;
          }
          Tensor gradient = run.inputOf(Shape.of(size), values);
          Tensor loss = run.inputOf(Shape.of(losses.length), losses);
          Tensor clipped = Tensor.full(gradient.backend(), Shape.of(Optimizer.CLIPPED), -1);
          run.on().optimizer().clip(scale, maxNorm, gradient, loss, clipped);
          double[] found = clipped.toDoubles();
          run.value("factor", Tolerance.relative(1e-7), found[0]);
          run.value("norm", Tolerance.relative(1e-12), Halfwords.getDouble(found, 1));
        });
  }
}
