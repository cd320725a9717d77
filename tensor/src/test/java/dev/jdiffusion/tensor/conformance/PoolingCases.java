package dev.jdiffusion.tensor.conformance;

import dev.jdiffusion.tensor.Shape;
import dev.jdiffusion.tensor.Tensor;
import dev.jdiffusion.tensor.ops.Pooling.Kind;
import dev.jdiffusion.tensor.ops.Pooling.Window;
import java.util.SplittableRandom;
import java.util.function.ToDoubleFunction;

final class PoolingCases {
  private PoolingCases() {}

  static void addTo(Cases cases) {
    for (Kind kind : Kind.values()) {
      add(cases, kind, Shape.of(1, 1, 1, 1), new Window(1, 1, 0));
      add(cases, kind, Shape.of(1, 1, 1, 3), new Window(2, 1, 1));
      add(cases, kind, Shape.of(2, 8, 8, 28), new Window(2, 2, 0));
      add(cases, kind, Shape.of(3, 7, 9, 17), new Window(2, 2, 0));
      add(cases, kind, Shape.of(2, 7, 9, 18), new Window(3, 2, 1));
      add(cases, kind, Shape.of(1, 14, 14, 56), new Window(3, 1, 1));
      add(cases, kind, Shape.of(1, 11, 10, 5), new Window(2, 3, 0));
      add(cases, kind, Shape.of(1, 11, 10, 5), new Window(5, 3, 2));
      add(cases, kind, Shape.of(2, 7, 7, 112), new Window(7, 7, 0));
      add(cases, kind, Shape.of(2, 5, 3, 1), new Window(3, 1, 0));
      add(cases, kind, Shape.of(2, 28, 28, 33), new Window(2, 2, 0));
    }
  }

  private static void add(Cases cases, Kind kind, Shape shape, Window window) {
    String name = "pooling " + kind + " " + shape + " " + window;
    // Small integers, so that maxima are often equal, and negative ones, so that padding would be
    // larger.
    ToDoubleFunction<SplittableRandom> ties = random -> random.nextInt(-4, 0);
    Shape out =
        Shape.of(
            shape.dim(0),
            (shape.dim(1) + 2 * window.padding() - window.size()) / window.stride() + 1,
            (shape.dim(2) + 2 * window.padding() - window.size()) / window.stride() + 1,
            shape.dim(3));
    cases.add(
        name + " forward",
        run -> {
          Tolerance tolerance = kind == Kind.MAX ? Tolerance.EXACT : Tolerance.SUM;
          run.on()
              .pooling()
              .forward(kind, run.input(shape.toArray()), window, run.output("out", tolerance, out));
          run.on()
              .pooling()
              .forward(kind, run.input(shape, ties), window, run.output("ties", tolerance, out));
        });
    cases.add(
        name + " backward",
        run -> {
          // Where no maximum gets more than one gradient, the order of the sum does not matter.
          boolean disjoint = window.stride() >= window.size() && kind == Kind.MAX;
          Tensor dOut = run.input(out.toArray());
          Tensor input = run.input(shape.toArray());
          Tolerance tolerance = disjoint ? Tolerance.EXACT : Tolerance.ofMaximum(2e-6);
          run.on()
              .pooling()
              .backward(kind, input, dOut, window, run.output("dInput", tolerance, shape));
          Tensor equal = run.input(shape, ties);
          run.on()
              .pooling()
              .backward(kind, equal, dOut, window, run.output("ties", tolerance, shape));
        });
  }
}
