package dev.jdiffusion.tensor.reference;

/**
 * The error function {@code erf(x) = 2/sqrt(pi) * integral of e^(-t^2) for t in 0..x} to a few
 * units in the last place, and its complement to a relative error of 1e-13.
 *
 * <p>Formulas: Abramowitz and Stegun, "Handbook of Mathematical Functions", 7.1.6 and 7.1.14.
 */
final class Erf {
  /** From here on the continued fraction converges within its fixed number of terms. */
  private static final double LARGE = 2.0;

  private static final int FRACTION_TERMS = 120;

  private Erf() {}

  static double erf(double x) {
    return Math.abs(x) < LARGE ? series(x) : x > 0 ? 1 - fraction(x) : fraction(-x) - 1;
  }

  /** {@code 1 - erf(x)}, accurate also where it is tiny. */
  static double erfc(double x) {
    if (x >= LARGE) {
      return fraction(x);
    }
    return x <= -LARGE ? 2 - fraction(-x) : 1 - series(x);
  }

  /**
   * {@code erf(x) = 2/sqrt(pi) e^(-x^2) sum over n of 2^n x^(2n+1) / (1*3*...*(2n+1))}: no term
   * cancels another.
   */
  private static double series(double x) {
    double term = x;
    double sum = x;
    for (int n = 1; Math.abs(term) > Math.abs(sum) * 1e-17; n++) {
      term *= 2 * x * x / (2 * n + 1);
      sum += term;
    }
    return 2 / Math.sqrt(Math.PI) * Math.exp(-x * x) * sum;
  }

  /**
   * {@code erfc(x) = e^(-x^2)/sqrt(pi) * 1/(x + (1/2)/(x + (2/2)/(x + (3/2)/(x + ...))))} for
   * positive x.
   */
  private static double fraction(double x) {
    double tail = x;
    for (int n = FRACTION_TERMS; n >= 1; n--) {
      tail = x + n / 2.0 / tail;
    }
    return Math.exp(-x * x) / Math.sqrt(Math.PI) / tail;
  }
}
