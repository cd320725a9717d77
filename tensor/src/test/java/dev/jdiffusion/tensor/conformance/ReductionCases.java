package dev.jdiffusion.tensor.conformance;

import dev.jdiffusion.tensor.Shape;
import dev.jdiffusion.tensor.Tensor;

final class ReductionCases {
  private ReductionCases() {}

  static void addTo(Cases cases) {
    sumTo(cases, Shape.of(), Shape.of());
    sumTo(cases, Shape.of(1), Shape.of());
    sumTo(cases, Shape.of(17), Shape.of(17));
    sumTo(cases, Shape.of(17), Shape.of());
    sumTo(cases, Shape.of(100_003), Shape.of(1));
    sumTo(cases, Shape.of(5, 33), Shape.of(33));
    sumTo(cases, Shape.of(5, 33), Shape.of(1, 33));
    sumTo(cases, Shape.of(5, 33), Shape.of(5, 1));
    sumTo(cases, Shape.of(5, 33), Shape.of());
    sumTo(cases, Shape.of(2, 14, 14, 56), Shape.of(56));
    sumTo(cases, Shape.of(2, 14, 14, 18), Shape.of(2, 1, 1, 18));
    sumTo(cases, Shape.of(2, 14, 14, 28), Shape.of(2, 14, 14, 1));
    sumTo(cases, Shape.of(3, 9, 7, 5), Shape.of(3, 1, 1, 1));
    sumTo(cases, Shape.of(3, 9, 7, 5), Shape.of(9, 1, 5));
    sumTo(cases, Shape.of(3, 9, 7, 5), Shape.of(1, 9, 1, 5));
    sumTo(cases, Shape.of(3, 9, 7, 5), Shape.of(3, 1, 7, 1));
    sumTo(cases, Shape.of(128, 32), Shape.of(128, 1));
    sumTo(cases, Shape.of(2, 1, 3), Shape.of(2, 1, 1));
    for (int size : new int[] {1, 2, 15, 17, 1000, 200_001}) {
      cases.add(
          "reduction sumOfSquares of " + size,
          run -> {
            Tensor x = run.input(size);
            run.value("sum", Tolerance.relative(1e-12), run.on().reduction().sumOfSquares(x));
          });
    }
    for (double value : new double[] {Double.NaN, Double.POSITIVE_INFINITY}) {
      for (int position : new int[] {0, 15, 16, 98, 99}) {
        cases.addUndefined(
            "reduction sumOfSquares with " + value + " at " + position,
            run -> {
              double[] values = new double[100];
              values[position] = value;
              double sum = run.on().reduction().sumOfSquares(run.inputOf(Shape.of(100), values));
              run.value("finite", Tolerance.EXACT, Double.isFinite(sum) ? 1 : 0);
            });
      }
    }
    cases.add(
        "reduction sumOfSquares beyond single precision",
        run -> {
          Tensor x = run.input(Shape.of(77), random -> 1e30 * random.nextGaussian());
          run.value(
              "log", Tolerance.relative(1e-12), Math.log(run.on().reduction().sumOfSquares(x)));
        });
  }

  private static void sumTo(Cases cases, Shape from, Shape to) {
    cases.add(
        "reduction sumTo of " + from + " to " + to,
        run -> {
          Tensor x = run.input(from.toArray());
          run.on().reduction().sumTo(x, run.output("sum", Tolerance.SUM, to), false);
          run.on()
              .reduction()
              .sumTo(x, run.updated("accumulated", Tolerance.SUM, to.toArray()), true);
        });
  }
}
