package dev.jdiffusion.tensor.conformance;

/**
 * How far a result in single precision may be from the reference; the parts add up.
 *
 * @param relative to the expected element
 * @param ofMaximum relative to the largest expected element of the tensor: where elements are
 *     differences of larger numbers
 * @param ofTerms relative to what the element would be if all inputs were positive: the sum of the
 *     magnitudes of its terms. Summing n terms in single precision errs by about sqrt(n) * 6e-8 of
 *     it, at most n * 6e-8
 * @param absolute the rest
 */
public record Tolerance(double relative, double ofMaximum, double ofTerms, double absolute) {
  /** The same number, after rounding to single precision. */
  public static final Tolerance EXACT = new Tolerance(0, 0, 0, 0);

  /** Of sums of products. */
  public static final Tolerance SUM = ofTerms(2e-6);

  public static Tolerance relative(double relative) {
    return new Tolerance(relative, 0, 0, 0);
  }

  public static Tolerance ofMaximum(double ofMaximum) {
    return new Tolerance(0, ofMaximum, 0, 0);
  }

  public static Tolerance ofTerms(double ofTerms) {
    return new Tolerance(0, 0, ofTerms, 0);
  }

  public Tolerance plusAbsolute(double more) {
    return new Tolerance(relative, ofMaximum, ofTerms, absolute + more);
  }

  /** This, of products both of whose operands are rounded before; unchanged if it is of no sums. */
  Tolerance withOperands(double rounding) {
    // Two relative errors, and their product.
    double more = ofTerms > 0 ? 2.01 * rounding : 0;
    return new Tolerance(relative, ofMaximum, ofTerms + more, absolute);
  }

  /**
   * Whether a result is right.
   *
   * @param terms the element's magnitude in the sense of {@link #ofTerms}
   */
  boolean accepts(double expected, double actual, double maximum, double terms) {
    float rounded = (float) expected;
    if (!Float.isFinite(rounded)) {
      return Float.compare(rounded, (float) actual) == 0;
    }
    return (float) actual == rounded
        || Math.abs(actual - expected) <= allowed(expected, maximum, terms);
  }

  double allowed(double expected, double maximum, double terms) {
    return relative * Math.abs(expected) + ofMaximum * maximum + ofTerms * terms + absolute;
  }
}
