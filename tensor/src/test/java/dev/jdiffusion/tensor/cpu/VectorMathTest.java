package dev.jdiffusion.tensor.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.jdiffusion.tensor.ops.Elementwise.Unary;
import java.util.Arrays;
import java.util.function.DoubleUnaryOperator;
import java.util.zip.CRC32;
import org.junit.jupiter.api.Test;

/** Compares with {@link StrictMath} in double precision over all magnitudes of floats. */
class VectorMathTest {
  /** Every 4,099th bit pattern: subnormal, normal, infinite and NaN, of both signs. */
  private static final float[] SWEEP = sweep(4099);

  private static float[] sweep(int step) {
    float[] special = {0f, -0f, 1f, -1f, Float.MIN_VALUE, Float.MIN_NORMAL, Float.MAX_VALUE};
    int count = (int) ((1L << 32) / step);
    float[] values = new float[count + special.length];
    for (int i = 0; i < count; i++) {
      values[i] = Float.intBitsToFloat(i * step);
    }
    System.arraycopy(special, 0, values, count, special.length);
    return values;
  }

  private static float[] apply(Unary function, float[] x) {
    float[] y = new float[x.length];
    UnaryLoops.apply(function, x, 0, y, 0, x.length);
    return y;
  }

  private static float[] slope(Unary function, float[] x) {
    float[] y = apply(function, x);
    float[] one = new float[x.length];
    Arrays.fill(one, 1f);
    float[] dx = new float[x.length];
    float[] at = UnaryGradLoops.usesValue(function) ? y : x;
    UnaryGradLoops.apply(function, at, 0, one, 0, dx, 0, x.length);
    return dx;
  }

  private static void assertUlps(
      double allowed, float[] x, float[] y, DoubleUnaryOperator exact, double absolute) {
    for (int i = 0; i < x.length; i++) {
      double expected = exact.applyAsDouble(x[i]);
      float rounded = (float) expected;
      if (Float.isNaN(rounded) || Float.isInfinite(rounded)) {
        assertEquals(rounded, y[i], "at " + x[i]);
      } else {
        double error = Math.abs(y[i] - expected);
        double limit = Math.max(allowed * Math.ulp(rounded), absolute);
        assertTrue(error <= limit, "at " + x[i] + ": " + y[i] + " instead of " + expected);
      }
    }
  }

  @Test
  void expIsWithinTwoUlpsOfTheTruthFromUnderflowToOverflow() {
    assertUlps(2, SWEEP, apply(Unary.EXP, SWEEP), StrictMath::exp, 0);
    float[] dense = new float[400_000];
    for (int i = 0; i < dense.length; i++) {
      dense[i] = -105f + i * 5e-4f;
    }
    assertUlps(2, dense, apply(Unary.EXP, dense), StrictMath::exp, 0);
  }

  @Test
  void powersOfTwoAreWithinTwoUlpsOfTheTruthWhereTheyAreNormalNumbers() {
    float[] x = new float[400_000];
    for (int i = 0; i < x.length; i++) {
      x[i] = -126f + i * 3.15e-4f;
    }
    x[1] = Float.NaN;
    x[2] = Float.NEGATIVE_INFINITY;
    float[] y = x.clone();
    float[] maxima = new float[16];
    ColumnSoftmax.powers(y, 0, 16, x.length / 16, 16, maxima, 0, new float[16], 0);
    assertUlps(2, x, y, each -> Math.pow(2, each), 0);
  }

  @Test
  void powersOfProductsAreWithinTwoUlpsAndSummed() {
    // Fours, and a few rows more.
    float[] a = new float[20_003];
    for (int i = 0; i < a.length; i++) {
      a[i] = -126f + i * 0.01264f;
    }
    a[1] = Float.NaN;
    int pitch = SmallMatMul.PITCH;
    float[] x = new float[pitch * a.length];
    float[] b = new float[16];
    Arrays.fill(b, 1f);
    float[] sums = new float[16];
    ColumnSoftmax.powersOfProduct(a, 0, 1, b, 0, x, 0, a.length, 16, 1, sums, 0);
    float[] y = new float[a.length];
    for (int i = 0; i < y.length; i++) {
      y[i] = x[pitch * i + i % 16];
    }
    assertUlps(2, a, y, each -> Math.pow(2, each), 0);

    Arrays.fill(a, 0, a.length, 1f);
    Arrays.fill(sums, 0f);
    ColumnSoftmax.powersOfProduct(a, 0, 1, b, 0, x, 0, a.length, 16, 1, sums, 0);
    for (float sum : sums) {
      assertEquals(2f * a.length, sum);
    }
  }

  @Test
  void logIsWithinTwoUlpsOfTheTruthAlsoAroundOneAndForSubnormalNumbers() {
    assertUlps(2, SWEEP, apply(Unary.LOG, SWEEP), StrictMath::log, 0);
    float[] aroundOne = new float[400_000];
    for (int i = 0; i < aroundOne.length; i++) {
      aroundOne[i] = 0.6f + i * 2.5e-6f;
    }
    assertUlps(2, aroundOne, apply(Unary.LOG, aroundOne), StrictMath::log, 0);
  }

  @Test
  void tanhIsWithinTwoUlps() {
    assertUlps(2, SWEEP, apply(Unary.TANH, SWEEP), StrictMath::tanh, 0);
  }

  @Test
  void sigmoidIsWithinThreeUlpsAndZeroFarOut() {
    assertUlps(3, SWEEP, apply(Unary.SIGMOID, SWEEP), VectorMathTest::sigmoid, 2e-38);
  }

  @Test
  void smoothActivationsAreAsGoodAsFloatsOfTheirArgumentAllow() {
    float[] x = new float[600_001];
    for (int i = 0; i < x.length; i++) {
      x[i] = (i - 300_000) * 1e-4f;
    }
    assertUlps(4, x, apply(Unary.SILU, x), v -> v * sigmoid(v), 1e-36);
    assertUlps(4, x, apply(Unary.GELU, x), v -> v * normalCdf(v), 1e-7);
    assertUlps(4, x, apply(Unary.GELU_TANH, x), VectorMathTest::geluTanh, 1e-7);
    double step = 1e-6;
    assertUlps(6, x, slope(Unary.SILU, x), v -> sigmoid(v) * (1 + v * (1 - sigmoid(v))), 2e-7);
    assertUlps(
        6,
        x,
        slope(Unary.GELU, x),
        v -> normalCdf(v) + v * StrictMath.exp(-0.5 * v * v) / StrictMath.sqrt(2 * Math.PI),
        2e-7);
    assertUlps(
        6,
        x,
        slope(Unary.GELU_TANH, x),
        v -> (geluTanh(v + step) - geluTanh(v - step)) / (2 * step),
        3e-7);
  }

  @Test
  void scalarTwinsHaveTheSameBits() {
    float[] exp = apply(Unary.EXP, SWEEP);
    float[] log = apply(Unary.LOG, SWEEP);
    for (int i = 0; i < SWEEP.length; i++) {
      assertSameBits(exp[i], VectorMath.exp(SWEEP[i]), "exp of " + SWEEP[i]);
      assertSameBits(log[i], VectorMath.log(SWEEP[i]), "log of " + SWEEP[i]);
    }
  }

  @Test
  void anElementsResultDoesNotDependOnItsPlace() {
    for (Unary function : Unary.values()) {
      float[] whole = apply(function, SWEEP);
      for (int length = 1; length <= 40; length++) {
        int from = 7919 * length;
        float[] part = new float[length];
        UnaryLoops.apply(function, SWEEP, from, part, 0, length);
        for (int i = 0; i < length; i++) {
          assertSameBits(whole[from + i], part[i], function + " of " + SWEEP[from + i]);
        }
      }
    }
  }

  /** The numbers hold for every vector width and every machine. */
  @Test
  void bitsAreTheSameEverywhere() {
    assertEquals(
        "exp 70d063c9, log c9123173, tanh 1db9b425, gelu f02f79a4, gelu' 24cd03c5, silu bc4e8802, silu' e299df46",
        "exp "
            + checksum(apply(Unary.EXP, SWEEP))
            + ", log "
            + checksum(apply(Unary.LOG, SWEEP))
            + ", tanh "
            + checksum(apply(Unary.TANH, SWEEP))
            + ", gelu "
            + checksum(apply(Unary.GELU, SWEEP))
            + ", gelu' "
            + checksum(slope(Unary.GELU, SWEEP))
            + ", silu "
            + checksum(apply(Unary.SILU, SWEEP))
            + ", silu' "
            + checksum(slope(Unary.SILU, SWEEP)));
  }

  private static String checksum(float[] values) {
    CRC32 crc = new CRC32();
    for (float value : values) {
      int bits = Float.floatToIntBits(value);
      crc.update(bits);
      crc.update(bits >>> 8);
      crc.update(bits >>> 16);
      crc.update(bits >>> 24);
    }
    return Long.toHexString(crc.getValue());
  }

  private static void assertSameBits(float expected, float actual, String what) {
    assertEquals(Float.floatToIntBits(expected), Float.floatToIntBits(actual), what);
  }

  private static double sigmoid(double x) {
    return 1 / (1 + StrictMath.exp(-x));
  }

  private static double geluTanh(double x) {
    double u = StrictMath.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x);
    return x / (1 + StrictMath.exp(-2 * u));
  }

  /** By its series around 0, and by its continued fraction (Laplace) in the tail. */
  private static double normalCdf(double x) {
    double a = Math.abs(x);
    double density = StrictMath.exp(-0.5 * a * a) / StrictMath.sqrt(2 * Math.PI);
    double tail;
    if (a < 5) {
      double term = a;
      double sum = a;
      for (int k = 3; term > 1e-18 * sum; k += 2) {
        term *= a * a / k;
        sum += term;
      }
      tail = 0.5 - density * sum;
    } else {
      double fraction = a;
      for (int k = 60; k > 0; k--) {
        fraction = a + k / fraction;
      }
      tail = density / fraction;
    }
    return x < 0 ? tail : 1 - tail;
  }
}
