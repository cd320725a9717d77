package dev.jdiffusion.nn;

/**
 * How a parameter starts. Every value is a function of uniform numbers that are the same bits on
 * every device, computed in double precision, so all devices start from the same weights.
 */
public sealed interface Initializer {
  /** The same value everywhere. */
  record Constant(double value) implements Initializer {}

  /** Uniform in [-bound, bound). */
  record Uniform(double bound) implements Initializer {}

  /** Normal around zero. */
  record Normal(double standardDeviation) implements Initializer {}

  static Initializer zeros() {
    return new Constant(0);
  }

  static Initializer ones() {
    return new Constant(1);
  }

  /**
   * The default of PyTorch's linear and convolution layers, for weight and bias: {@code U(-b, b)}
   * with {@code b = 1 / sqrt(fanIn)}.
   *
   * @param fanIn how many inputs one output sums up
   */
  static Initializer fanIn(int fanIn) {
    return new Uniform(1 / Math.sqrt(checkFan(fanIn)));
  }

  /**
   * {@code U(-b, b)} with {@code b = sqrt(6 / fanIn)}: keeps variance under ReLU; He et al. 2015.
   */
  static Initializer kaimingUniform(int fanIn) {
    return new Uniform(Math.sqrt(6.0 / checkFan(fanIn)));
  }

  /** {@code N(0, 2 / fanIn)}; He et al. 2015. */
  static Initializer kaimingNormal(int fanIn) {
    return new Normal(Math.sqrt(2.0 / checkFan(fanIn)));
  }

  /** {@code U(-b, b)} with {@code b = sqrt(6 / (fanIn + fanOut))}; Glorot and Bengio 2010. */
  static Initializer xavierUniform(int fanIn, int fanOut) {
    return new Uniform(Math.sqrt(6.0 / (checkFan(fanIn) + (double) checkFan(fanOut))));
  }

  /** {@code N(0, 2 / (fanIn + fanOut))}; Glorot and Bengio 2010. */
  static Initializer xavierNormal(int fanIn, int fanOut) {
    return new Normal(Math.sqrt(2.0 / (checkFan(fanIn) + (double) checkFan(fanOut))));
  }

  /**
   * Turns uniform numbers into values, in place.
   *
   * @param numbers in [0, 1)
   */
  default void transform(double[] numbers) {
    switch (this) {
      case Constant(double value) -> java.util.Arrays.fill(numbers, value);
      case Uniform(double bound) -> {
        for (int i = 0; i < numbers.length; i++) {
          numbers[i] = bound * (2 * numbers[i] - 1);
        }
      }
      case Normal(double deviation) -> {
        for (int i = 0; i < numbers.length; i += 2) {
          // Box and Muller 1958; 1 - u lies in (0, 1], where the logarithm is finite.
          double radius = deviation * Math.sqrt(-2 * StrictMath.log(1 - numbers[i]));
          double angle = 2 * Math.PI * (i + 1 < numbers.length ? numbers[i + 1] : 0.125);
          numbers[i] = radius * StrictMath.cos(angle);
          if (i + 1 < numbers.length) {
            numbers[i + 1] = radius * StrictMath.sin(angle);
          }
        }
      }
    }
  }

  private static int checkFan(int fan) {
    if (fan < 1) {
      throw new IllegalArgumentException("initializer: fan must be at least 1, got " + fan);
    }
    return fan;
  }
}
