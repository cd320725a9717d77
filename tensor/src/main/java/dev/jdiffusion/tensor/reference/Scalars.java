package dev.jdiffusion.tensor.reference;

import dev.jdiffusion.tensor.Activation;
import dev.jdiffusion.tensor.ops.Elementwise.Unary;

/** The functions of one number and their derivatives. */
final class Scalars {
  private static final double SQRT_TWO_OVER_PI = Math.sqrt(2 / Math.PI);

  private Scalars() {}

  static double value(Unary function, double x) {
    return switch (function) {
      case NEG -> -x;
      case EXP -> Math.exp(x);
      case LOG -> Math.log(x);
      case SQRT -> Math.sqrt(x);
      case SQUARE -> x * x;
      case ABS -> Math.abs(x);
      case RELU -> Math.max(x, 0);
      case SILU -> x * sigmoid(x);
      case GELU -> x * normalDistribution(x);
      case GELU_TANH -> 0.5 * x * (1 + Math.tanh(geluArgument(x)));
      case SIGMOID -> sigmoid(x);
      case TANH -> Math.tanh(x);
    };
  }

  /** The derivative at x, where the function's value is y. */
  static double derivative(Unary function, double x, double y) {
    return switch (function) {
      case NEG -> -1;
      case EXP -> y;
      case LOG -> 1 / x;
      case SQRT -> 1 / (2 * y);
      case SQUARE -> 2 * x;
      case ABS -> Math.signum(x);
      case RELU -> x > 0 ? 1 : 0;
      case SILU -> {
        double s = sigmoid(x);
        yield s + x * s * (1 - s);
      }
      case GELU -> normalDistribution(x) + x * normalDensity(x);
      case GELU_TANH -> {
        double tanh = Math.tanh(geluArgument(x));
        double argumentSlope = SQRT_TWO_OVER_PI * (1 + 3 * 0.044715 * x * x);
        yield 0.5 * (1 + tanh) + 0.5 * x * (1 - tanh * tanh) * argumentSlope;
      }
      case SIGMOID -> y * (1 - y);
      case TANH -> 1 - y * y;
    };
  }

  static double value(Activation activation, double x) {
    return switch (activation) {
      case NONE -> x;
      case RELU -> value(Unary.RELU, x);
      case SILU -> value(Unary.SILU, x);
      case GELU -> value(Unary.GELU, x);
    };
  }

  static double derivative(Activation activation, double x) {
    return switch (activation) {
      case NONE -> 1;
      case RELU -> derivative(Unary.RELU, x, Math.max(x, 0));
      case SILU -> derivative(Unary.SILU, x, value(Unary.SILU, x));
      case GELU -> derivative(Unary.GELU, x, value(Unary.GELU, x));
    };
  }

  static double sigmoid(double x) {
    return 1 / (1 + Math.exp(-x));
  }

  /** Phi(x), the probability that a standard normal number is below x. */
  private static double normalDistribution(double x) {
    return 0.5 * Erf.erfc(-x / Math.sqrt(2));
  }

  /** phi(x), the density of the standard normal distribution. */
  private static double normalDensity(double x) {
    return Math.exp(-x * x / 2) / Math.sqrt(2 * Math.PI);
  }

  private static double geluArgument(double x) {
    return SQRT_TWO_OVER_PI * (x + 0.044715 * x * x * x);
  }
}
