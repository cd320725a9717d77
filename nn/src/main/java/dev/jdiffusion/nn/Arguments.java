package dev.jdiffusion.nn;

/** Checks of constructor arguments, with messages that name the numbers. */
final class Arguments {
  private Arguments() {}

  static int positive(String layer, String what, int value) {
    if (value < 1) {
      throw new IllegalArgumentException(layer + ": " + what + " must be at least 1, got " + value);
    }
    return value;
  }

  static void divides(String layer, String what, int divisor, String ofWhat, int number) {
    if (divisor < 1 || number % divisor != 0) {
      throw new IllegalArgumentException(
          "%s: %d %s do not divide %d %s".formatted(layer, divisor, what, number, ofWhat));
    }
  }
}
