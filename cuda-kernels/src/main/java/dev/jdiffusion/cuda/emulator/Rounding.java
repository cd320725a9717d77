package dev.jdiffusion.cuda.emulator;

/** Directed rounding of exact sums to single precision. */
final class Rounding {
  static final int ZERO = 0;
  static final int DOWN = 1;
  static final int UP = 2;

  private Rounding() {}

  /** The bits of a + b rounded once. */
  static int sum(double a, double b, int direction) {
    double sum = a + b;
    // Knuth's two-sum: what the sum lost.
    double part = sum - a;
    double lost = a - (sum - part) + (b - part);
    return round(sum, lost, direction);
  }

  /** The bits of value + rest, rest much smaller than value, rounded once. */
  static int round(double value, double rest, int direction) {
    if (Double.isNaN(value) || Double.isInfinite(value)) {
      return Float.floatToRawIntBits((float) value);
    }
    boolean down = direction == DOWN || direction == ZERO && value > 0;
    float nearest = (float) value;
    double excess = nearest - value;
    boolean above = excess > 0 || excess == 0 && rest < 0;
    boolean below = excess < 0 || excess == 0 && rest > 0;
    if (down && above) {
      nearest = Math.nextDown(nearest);
    } else if (!down && below) {
      nearest = Math.nextUp(nearest);
    }
    return Float.floatToRawIntBits(nearest);
  }
}
