package dev.jdiffusion.tensor.conformance;

import dev.jdiffusion.tensor.Shape;
import dev.jdiffusion.tensor.Tensor;
import dev.jdiffusion.tensor.ops.Elementwise.Binary;
import dev.jdiffusion.tensor.ops.Elementwise.Unary;
import java.util.SplittableRandom;
import java.util.function.ToDoubleFunction;

final class ElementwiseCases {
  private static final int[] SIZES = {1, 3, 16, 31, 129, 70_001};

  /** One rounding; products and sums that the contract lets a backend contract have fewer. */
  private static final Tolerance ROUNDED = Tolerance.relative(1.2e-7).plusAbsolute(1e-38);

  private ElementwiseCases() {}

  static void addTo(Cases cases) {
    for (Unary function : Unary.values()) {
      for (int size : SIZES) {
        unary(cases, function, size);
      }
      specialValues(cases, function);
    }
    for (int size : SIZES) {
      power(cases, size);
      others(cases, size);
    }
    for (Binary function : Binary.values()) {
      binary(cases, function, Shape.of(), Shape.of());
      binary(cases, function, Shape.of(70_001), Shape.of(70_001));
      binary(cases, function, Shape.of(2, 3, 5), Shape.of(2, 3, 5));
      binary(cases, function, Shape.of(2, 7, 9, 18), Shape.of(18));
      binary(cases, function, Shape.of(2, 7, 9, 56), Shape.of(2, 1, 1, 56));
      binary(cases, function, Shape.of(2, 14, 14, 28), Shape.of(2, 14, 14, 1));
      binary(cases, function, Shape.of(3, 17), Shape.of(3, 1));
      binary(cases, function, Shape.of(3, 17), Shape.of(1, 17));
      binary(cases, function, Shape.of(3, 17), Shape.of());
      binary(cases, function, Shape.of(5, 1, 33), Shape.of(4, 1));
      binary(cases, function, Shape.of(3, 1), Shape.of(1, 19));
      binary(cases, function, Shape.of(1), Shape.of(2, 3, 4));
      binary(cases, function, Shape.of(3, 7, 5, 1), Shape.of(7, 1, 2));
      binary(cases, function, Shape.of(128, 1, 1, 1), Shape.of(128, 8, 8, 1));
      // Large enough to be shared among threads.
      binary(cases, function, Shape.of(2, 28, 28, 56), Shape.of(56));
      binary(cases, function, Shape.of(2, 28, 28, 56), Shape.of(2, 1, 1, 56));
      binary(cases, function, Shape.of(2, 28, 28, 56), Shape.of(2, 28, 28, 1));
      binary(cases, function, Shape.of(2, 28, 28, 56), Shape.of(2, 1, 1, 1));
      binary(cases, function, Shape.of(300, 1), Shape.of(1, 301));
      binary(cases, function, Shape.of(3, 7, 41, 1), Shape.of(7, 1, 90));
      inPlace(cases, function);
    }
  }

  private static void unary(Cases cases, Unary function, int size) {
    String name = "elementwise " + function + " of " + size;
    cases.add(
        name,
        run -> {
          Tensor x = run.input(Shape.of(size), domain(function));
          run.on().elementwise().unary(function, x, run.output("out", tolerance(function), size));
        });
    cases.add(
        name + " in place",
        run -> {
          Tensor x = run.updated("x", tolerance(function), Shape.of(size), domain(function));
          run.on().elementwise().unary(function, x, x);
        });
    cases.add(
        name + " gradient",
        run -> {
          Tensor x = run.input(Shape.of(size), domain(function));
          Tensor y = run.output("y", tolerance(function), size);
          run.on().elementwise().unary(function, x, y);
          Tensor dy = run.input(size);
          Tensor dx = run.output("dx", gradientTolerance(function), size);
          run.on().elementwise().unaryGrad(function, x, y, dy, dx);
          Tensor inPlace = run.updated("dx in place", gradientTolerance(function), size);
          run.on().elementwise().unaryGrad(function, x, y, inPlace, inPlace);
        });
  }

  /** Zeros, numbers whose exponential does not fit, infinities and NaN. */
  private static void specialValues(Cases cases, Unary function) {
    double[] values = {
      0,
      -0.0,
      1,
      -1,
      1e-30,
      -1e-30,
      20,
      -20,
      88,
      -87,
      89,
      -100,
      110,
      -1000,
      1e30,
      -1e30,
      Double.POSITIVE_INFINITY,
      Double.NEGATIVE_INFINITY,
      Double.NaN
    };
    int count =
        function == Unary.SILU || function == Unary.GELU || function == Unary.GELU_TANH
            ? 16
            : values.length;
    double[] used = java.util.Arrays.copyOf(values, function == Unary.GELU_TANH ? 16 : count);
    for (int i = 0; i < used.length; i++) {
      used[i] = (float) used[i];
    }
    cases.addUndefined(
        "elementwise " + function + " of special values",
        run -> {
          Tensor x = run.inputOf(Shape.of(used.length), used);
          Tensor out = run.output("out", tolerance(function), used.length);
          run.on().elementwise().unary(function, x, out);
        });
    double[] sloped = {20, -20, 88, -88, 110, -1000, 0x1p43, -0x1p43, 0x1p100, -0x1p100};
    boolean overflows = function == Unary.SQUARE || function == Unary.EXP;
    boolean anywhere = function != Unary.LOG && function != Unary.SQRT;
    if (anywhere && !overflows) {
      cases.add(
          "elementwise " + function + " gradient at large numbers",
          run -> {
            Tensor x = run.inputOf(Shape.of(sloped.length), sloped);
            Tensor y = run.output("y", tolerance(function), sloped.length);
            run.on().elementwise().unary(function, x, y);
            Tensor dx = run.output("dx", gradientTolerance(function), sloped.length);
            run.on().elementwise().unaryGrad(function, x, y, run.input(sloped.length), dx);
          });
    }
    if (function == Unary.RELU) {
      cases.addUndefined(
          "elementwise RELU gradient of NaN is 0",
          run -> {
            Tensor x = run.inputOf(Shape.of(3), Double.NaN, 1, Double.NaN);
            Tensor dx = run.output("dx", Tolerance.EXACT, 3);
            run.on().elementwise().unaryGrad(function, x, x, run.input(3), dx);
          });
    }
  }

  private static ToDoubleFunction<SplittableRandom> domain(Unary function) {
    return switch (function) {
      case LOG, SQRT -> random -> Math.exp(random.nextDouble(-10, 10));
      case EXP -> random -> random.nextDouble(-30, 30);
      default -> random -> 4 * random.nextGaussian();
    };
  }

  private static Tolerance tolerance(Unary function) {
    return switch (function) {
      case NEG, ABS, RELU -> Tolerance.EXACT;
      case SQUARE, SQRT -> ROUNDED;
      case EXP, SIGMOID -> Tolerance.relative(4e-7).plusAbsolute(2e-38);
      case LOG -> Tolerance.relative(4e-7);
      case TANH -> Tolerance.relative(5e-7);
      case SILU -> Tolerance.relative(6e-7).plusAbsolute(2e-36);
      // In the left tail the result is a small difference from zero.
      case GELU, GELU_TANH -> Tolerance.relative(1e-6).plusAbsolute(5e-7);
    };
  }

  private static Tolerance gradientTolerance(Unary function) {
    return switch (function) {
      case NEG, ABS, RELU -> Tolerance.EXACT;
      case SQUARE, SQRT, LOG -> Tolerance.relative(4e-7);
      case EXP -> Tolerance.relative(1e-6);
      // 1 - y and 1 - y^2 lose digits where y is close to 1.
      case SIGMOID, TANH -> Tolerance.relative(1e-6).plusAbsolute(1e-6);
      case SILU, GELU, GELU_TANH -> Tolerance.relative(2e-6).plusAbsolute(4e-6);
    };
  }

  private static void power(Cases cases, int size) {
    for (double exponent : new double[] {-1, -0.5, 0, 0.5, 1, 2, 2.5, 3}) {
      String name = "elementwise power " + exponent + " of " + size;
      // |log x| up to 3: the error of exp(exponent * log x) is that of the exponent's argument.
      ToDoubleFunction<SplittableRandom> positive = random -> Math.exp(random.nextDouble(-3, 3));
      cases.add(
          name,
          run -> {
            Tensor x = run.input(Shape.of(size), positive);
            run.on()
                .elementwise()
                .power(x, exponent, run.output("out", Tolerance.relative(3e-6), size));
            Tensor dy = run.input(size);
            run.on()
                .elementwise()
                .powerGrad(x, exponent, dy, run.output("dx", Tolerance.relative(3e-6), size));
          });
      if (exponent == Math.rint(exponent) && exponent > 0) {
        cases.add(
            name + " with negative and zero base",
            run -> {
              Tensor x = run.input(Shape.of(size), random -> random.nextInt(-4, 5) * 0.75);
              run.on()
                  .elementwise()
                  .power(x, exponent, run.output("out", Tolerance.relative(3e-6), size));
              Tensor dy = run.input(size);
              run.on()
                  .elementwise()
                  .powerGrad(x, exponent, dy, run.output("dx", Tolerance.relative(3e-6), size));
            });
      }
    }
  }

  private static void others(Cases cases, int size) {
    cases.add(
        "elementwise affine of " + size,
        run -> {
          Tensor x = run.input(size);
          run.on()
              .elementwise()
              .affine(x, 0.3, 1.7, run.output("out", Tolerance.ofTerms(3e-7), size));
          Tensor inPlace = run.updated("in place", Tolerance.ofTerms(3e-7), size);
          run.on().elementwise().affine(inPlace, 2.5, 0, inPlace);
        });
    cases.add(
        "elementwise clamp of " + size,
        run -> {
          Tensor x = run.input(size);
          run.on().elementwise().clamp(x, -1, 0.5, run.output("out", Tolerance.EXACT, size));
          Tensor inPlace = run.updated("in place", Tolerance.EXACT, size);
          run.on().elementwise().clamp(inPlace, -0.25, 2, inPlace);
        });
    cases.add(
        "elementwise addScaled of " + size,
        run -> {
          Tensor x = run.input(size);
          run.on().elementwise().addScaled(0.7, x, run.updated("y", Tolerance.ofTerms(3e-7), size));
        });
    cases.add(
        "elementwise fill and copy of " + size,
        run -> {
          run.on().elementwise().fill(0.1, run.output("filled", Tolerance.EXACT, size));
          run.on().elementwise().fill(0, run.output("zeros", Tolerance.EXACT, size));
          run.on()
              .elementwise()
              .copy(run.input(size), run.output("copied", Tolerance.EXACT, 1, size));
        });
    if (size > 3) {
      cases.addUndefined(
          "elementwise clamp of " + size + " keeps NaN",
          run -> {
            Tensor x =
                run.input(
                    Shape.of(size),
                    random -> random.nextInt(3) == 0 ? Double.NaN : random.nextGaussian());
            run.on().elementwise().clamp(x, -1, 0.5, run.output("out", Tolerance.EXACT, size));
          });
    }
  }

  private static void binary(Cases cases, Binary function, Shape one, Shape other) {
    for (boolean swapped :
        one.equals(other) ? new boolean[] {false} : new boolean[] {false, true}) {
      Shape a = swapped ? other : one;
      Shape b = swapped ? one : other;
      cases.add(
          "elementwise " + a + " " + function + " " + b,
          run -> {
            Tensor left = run.input(a.toArray());
            // Away from zero, for the sake of division.
            Tensor right =
                run.input(
                    b, random -> Math.copySign(random.nextDouble(0.2, 3), random.nextGaussian()));
            run.on()
                .elementwise()
                .binary(function, left, right, run.output("out", ROUNDED, Shape.broadcast(a, b)));
          });
    }
  }

  private static void inPlace(Cases cases, Binary function) {
    cases.add(
        "elementwise " + function + " in place",
        run -> {
          Tensor a = run.updated("a", ROUNDED, 3, 5, 17);
          run.on().elementwise().binary(function, a, run.input(5, 1), a);
          Tensor b = run.updated("b", ROUNDED, 3, 5, 17);
          run.on().elementwise().binary(function, run.input(17), b, b);
          Tensor c = run.updated("c", ROUNDED, 3, 5, 17);
          run.on().elementwise().binary(function, c, c, c);
        });
  }
}
