package dev.jdiffusion.tensor.conformance;

import dev.jdiffusion.tensor.Shape;

final class UpsamplingCases {
  private UpsamplingCases() {}

  static void addTo(Cases cases) {
    for (int factor = 1; factor <= 3; factor++) {
      add(cases, Shape.of(1, 1, 1, 1), factor);
      add(cases, Shape.of(2, 7, 5, 3), factor);
      add(cases, Shape.of(1, 3, 4, 17), factor);
      add(cases, Shape.of(2, 7, 7, 112), factor);
      add(cases, Shape.of(3, 14, 14, 56), factor);
    }
  }

  private static void add(Cases cases, Shape shape, int factor) {
    Shape large = shape.with(1, shape.dim(1) * factor).with(2, shape.dim(2) * factor);
    cases.add(
        "upsampling by " + factor + " of " + shape + " forward",
        run ->
            run.on()
                .upsampling()
                .forward(
                    run.input(shape.toArray()), factor, run.output("out", Tolerance.EXACT, large)));
    cases.add(
        "upsampling by " + factor + " of " + shape + " backward",
        run ->
            run.on()
                .upsampling()
                .backward(
                    run.input(large.toArray()),
                    factor,
                    run.output("dInput", Tolerance.SUM, shape)));
  }
}
