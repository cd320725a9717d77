package dev.jdiffusion.tensor;

/**
 * Integers and doubles as elements of a tensor. A device may hold no more than 24 bits of a number
 * exactly; so each takes several elements, of 16 bits each and with the lowest bits first.
 */
public final class Halfwords {
  /** Elements of an int. */
  public static final int INT = 2;

  /** Elements of a double. */
  public static final int DOUBLE = 4;

  private Halfwords() {}

  private static void put(long bits, int count, double[] to, int at) {
    for (int i = 0; i < count; i++) {
      to[at + i] = bits >>> i * Short.SIZE & 0xFFFF;
    }
  }

  private static long get(double[] from, int at, int count) {
    long bits = 0;
    for (int i = 0; i < count; i++) {
      bits |= (long) from[at + i] << i * Short.SIZE;
    }
    return bits;
  }

  /** Writes the {@value #INT} elements of an int, the first at {@code at}. */
  public static void put(int value, double[] to, int at) {
    put(value, INT, to, at);
  }

  /** Writes the {@value #DOUBLE} elements of a double, the first at {@code at}. */
  public static void put(double value, double[] to, int at) {
    put(Double.doubleToRawLongBits(value), DOUBLE, to, at);
  }

  /** The int whose elements begin at {@code at}. */
  public static int getInt(double[] from, int at) {
    return (int) get(from, at, INT);
  }

  /** The double whose elements begin at {@code at}. */
  public static double getDouble(double[] from, int at) {
    return Double.longBitsToDouble(get(from, at, DOUBLE));
  }
}
