package dev.jdiffusion.tensor.cpu;

import static dev.jdiffusion.tensor.cpu.Lanes.F;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

/**
 * Elementary functions as polynomials of fused multiply-adds: the same operations in the same order
 * for every lane, so a result depends neither on the vector width nor on the JVM's own mathematics.
 * {@link #exp(float)} and {@link #log(float)} are scalar twins with equal bits.
 *
 * <p>Coefficients are weighted minimax fits over the reduced ranges. Ranges are limited by compare
 * and blend, not by min and max, which cost several instructions more for the sign of zero; a blend
 * also lets NaN through.
 */
final class VectorMath {
  /** 1 / ln 2. */
  static final float LOG2_E = 1.44269504f;

  // ln 2 in two parts; the first has 15 bits, so its product with an exponent is exact.
  private static final float LN2_HIGH = 0x1.62e4p-1f;
  private static final float LN2_LOW = 0x1.7f7d1cf8p-20f;

  /** Adding it rounds to an integer, which then stands in the low bits of the sum. */
  private static final float ROUND = 0x1.8p23f;

  private static final int ROUND_BITS = 0x4b400000;

  /** Rounds as {@link #ROUND}; the low bits of the sum are the integer's power of two. */
  static final float ROUND_BIASED = ROUND + 127f;

  /** Below it e^x is less than half of the smallest float. */
  private static final float EXP_LOW = -104f;

  private static final float EXP_HIGH = 89f;

  /** Below it e^x is (nearly) no normal float any more. */
  private static final float EXP_NORMAL = -87f;

  private static final float E2 = 0.5f;
  private static final float E3 = 0.16666518f;
  private static final float E4 = 0.041666206f;
  private static final float E5 = 0.00836889f;
  private static final float E6 = 0.0013950489f;

  /** Below it 2^x is no normal float any more. */
  private static final float EXP2_NORMAL = -126f;

  static final float B1 = 0.6931472f;
  static final float B2 = 0.24022648f;
  static final float B3 = 0.055503324f;
  static final float B4 = 0.009618437f;
  static final float B5 = 0.0013398875f;
  static final float B6 = 0.00015353362f;

  // As E2 to E6, for SiLU.
  /** ln 2. */
  static final float LN2 = 0.69314718f;

  private static final float N3 = 0.16666515f;
  private static final float N4 = 0.041668456f;
  private static final float N5 = 0.008369419f;
  private static final float N6 = 0.0013813145f;
  private static final int SILU_HIGHEST_BITS = 0x42b00000; // 88, where e^-x becomes 0
  private static final int SILU_LOWEST_BITS = 0xc2b20000; // -89, where it becomes infinite
  private static final int SILU_GRAD_LOWEST_BITS = 0xc2ae0000; // -87, where it does not

  private static final int SQRT_HALF_BITS = 0x3f3504f3;
  private static final float L3 = 0.33333313f;
  private static final float L4 = -0.2500001f;
  private static final float L5 = 0.20002119f;
  private static final float L6 = -0.16667996f;
  private static final float L7 = 0.14219551f;
  private static final float L8 = -0.12405592f;
  private static final float L9 = 0.11888178f;
  private static final float L10 = -0.11675639f;
  private static final float L11 = 0.06746592f;

  private static final float TANH_SPLIT = 0.625f;
  private static final float T3 = -0.3333333f;
  private static final float T5 = 0.13333207f;
  private static final float T7 = -0.05394697f;
  private static final float T9 = 0.021701606f;
  private static final float T11 = -0.008179172f;
  private static final float T13 = 0.0021442126f;

  private static final float M0 = 0.28f;
  private static final float M1 = 0.11168481f;
  private static final float M2 = 0.11203561f;
  private static final float M3 = 0.10064652f;
  private static final float M4 = 0.09316291f;
  private static final float M5 = 0.05076705f;
  private static final float M6 = 0.024385499f;
  private static final float M7 = 0.06673546f;
  private static final float M8 = -0.081915334f;
  private static final float M9 = 0.022497501f;

  private static final float INVERSE_SQRT_TWO_PI = 0.3989422804f;
  private static final float TWO_SQRT_TWO_OVER_PI = 1.5957691216f;
  private static final float GELU_CUBIC = 0.044715f;

  private VectorMath() {}

  /** {@code e^x}, at most 2 ulp off, with gradual underflow. */
  static FloatVector exp(FloatVector x) {
    FloatVector c =
        x.blend(EXP_LOW, x.compare(VectorOperators.LT, EXP_LOW))
            .blend(EXP_HIGH, x.compare(VectorOperators.GT, EXP_HIGH));
    FloatVector t = c.fma(FloatVector.broadcast(F, LOG2_E), FloatVector.broadcast(F, ROUND));
    FloatVector p = expOfReduced(c, t.sub(ROUND));
    // Two factors, since 2^n alone may be no normal float.
    IntVector n = t.reinterpretAsInts().sub(ROUND_BITS);
    IntVector half = n.lanewise(VectorOperators.ASHR, 1);
    return p.mul(powerOfTwo(half)).mul(powerOfTwo(n.sub(half)));
  }

  /**
   * {@code e^x} for {@code x <= 0}, or a little above; 0 below -87. Where it is not 0 it has the
   * bits of {@link #exp(FloatVector)}.
   */
  static FloatVector expNegative(FloatVector x) {
    VectorMask<Float> tiny = x.compare(VectorOperators.LT, EXP_NORMAL);
    FloatVector t = x.fma(FloatVector.broadcast(F, LOG2_E), FloatVector.broadcast(F, ROUND_BIASED));
    FloatVector p = expOfReduced(x, t.sub(ROUND_BIASED));
    // A product, not a sum of exponents, so that NaN stays NaN whatever its bits.
    return p.mul(t.reinterpretAsInts().lanewise(VectorOperators.LSHL, 23).reinterpretAsFloats())
        .blend(0f, tiny);
  }

  /**
   * {@code 2^x} for {@code x <= 0}, or a little above, at most 2 ulp off; 0 below -126. Cheaper
   * than e^x, since the reduction is exact.
   */
  static FloatVector exp2Negative(FloatVector x) {
    VectorMask<Float> tiny = x.compare(VectorOperators.LT, EXP2_NORMAL);
    return exp2Small(x).blend(0f, tiny);
  }

  /** {@code 2^x} for x from -126 to 127, at most 2 ulp off. */
  static FloatVector exp2Small(FloatVector x) {
    FloatVector t = x.add(FloatVector.broadcast(F, ROUND_BIASED));
    FloatVector r = x.sub(t.sub(FloatVector.broadcast(F, ROUND_BIASED)));
    FloatVector p =
        r.fma(FloatVector.broadcast(F, B6), FloatVector.broadcast(F, B5))
            .fma(r, FloatVector.broadcast(F, B4))
            .fma(r, FloatVector.broadcast(F, B3))
            .fma(r, FloatVector.broadcast(F, B2))
            .fma(r, FloatVector.broadcast(F, B1))
            .fma(r, FloatVector.broadcast(F, 1f));
    return p.mul(t.reinterpretAsInts().lanewise(VectorOperators.LSHL, 23).reinterpretAsFloats());
  }

  /** {@code e^(x - n ln 2)}. */
  private static FloatVector expOfReduced(FloatVector x, FloatVector n) {
    FloatVector r =
        n.fma(FloatVector.broadcast(F, -LN2_LOW), n.fma(FloatVector.broadcast(F, -LN2_HIGH), x));
    FloatVector q =
        r.fma(FloatVector.broadcast(F, E6), FloatVector.broadcast(F, E5))
            .fma(r, FloatVector.broadcast(F, E4))
            .fma(r, FloatVector.broadcast(F, E3))
            .fma(r, FloatVector.broadcast(F, E2));
    return q.mul(r).fma(r, r).add(1f);
  }

  private static FloatVector powerOfTwo(IntVector n) {
    return n.add(127).lanewise(VectorOperators.LSHL, 23).reinterpretAsFloats();
  }

  /** {@link #exp(FloatVector)} of one number. */
  static float exp(float x) {
    float c = x < EXP_LOW ? EXP_LOW : x > EXP_HIGH ? EXP_HIGH : x;
    float t = Math.fma(c, LOG2_E, ROUND);
    float k = t - ROUND;
    float r = Math.fma(k, -LN2_LOW, Math.fma(k, -LN2_HIGH, c));
    float q = Math.fma(r, E6, E5);
    q = Math.fma(q, r, E4);
    q = Math.fma(q, r, E3);
    q = Math.fma(q, r, E2);
    float p = Math.fma(q * r, r, r) + 1f;
    int n = Float.floatToRawIntBits(t) - ROUND_BITS;
    int half = n >> 1;
    return p
        * Float.intBitsToFloat((half + 127) << 23)
        * Float.intBitsToFloat((n - half + 127) << 23);
  }

  /** Natural logarithm, at most 2 ulp off; negative infinity at 0, NaN below. */
  static FloatVector log(FloatVector x) {
    VectorMask<Float> subnormal = x.compare(VectorOperators.LT, Float.MIN_NORMAL);
    IntVector bits = x.blend(x.mul(0x1p23f), subnormal).reinterpretAsInts();
    IntVector e = bits.sub(SQRT_HALF_BITS).lanewise(VectorOperators.ASHR, 23);
    FloatVector f = bits.sub(e.lanewise(VectorOperators.LSHL, 23)).reinterpretAsFloats().sub(1f);
    FloatVector k = e.add(ROUND_BITS).reinterpretAsFloats().sub(ROUND);
    k = k.blend(k.sub(23f), subnormal);
    FloatVector y = logOfReduced(f, k);
    return y.blend(x, x.compare(VectorOperators.EQ, Float.POSITIVE_INFINITY))
        .blend(Float.NEGATIVE_INFINITY, x.compare(VectorOperators.EQ, 0f))
        .blend(Float.NaN, x.compare(VectorOperators.LT, 0f))
        .blend(x, x.test(VectorOperators.IS_NAN));
  }

  /**
   * {@code log(1 + f) + k ln 2}. Apart from {@link #log(FloatVector)}, which with it would be
   * longer than what C2 inlines.
   */
  private static FloatVector logOfReduced(FloatVector f, FloatVector k) {
    FloatVector p =
        f.fma(FloatVector.broadcast(F, L11), FloatVector.broadcast(F, L10))
            .fma(f, FloatVector.broadcast(F, L9))
            .fma(f, FloatVector.broadcast(F, L8))
            .fma(f, FloatVector.broadcast(F, L7))
            .fma(f, FloatVector.broadcast(F, L6))
            .fma(f, FloatVector.broadcast(F, L5))
            .fma(f, FloatVector.broadcast(F, L4))
            .fma(f, FloatVector.broadcast(F, L3));
    FloatVector square = f.mul(f);
    FloatVector tail = p.mul(f).mul(square).add(k.mul(LN2_LOW));
    return k.fma(
        FloatVector.broadcast(F, LN2_HIGH),
        f.add(square.fma(FloatVector.broadcast(F, -0.5f), tail)));
  }

  /** {@link #log(FloatVector)} of one number. */
  static float log(float x) {
    if (!(x > 0f) || x == Float.POSITIVE_INFINITY) {
      return x == 0f ? Float.NEGATIVE_INFINITY : x < 0f ? Float.NaN : x;
    }
    boolean subnormal = x < Float.MIN_NORMAL;
    int bits = Float.floatToRawIntBits(subnormal ? x * 0x1p23f : x);
    int e = (bits - SQRT_HALF_BITS) >> 23;
    float f = Float.intBitsToFloat(bits - (e << 23)) - 1f;
    float k = subnormal ? e - 23 : e;
    float p = Math.fma(f, L11, L10);
    p = Math.fma(p, f, L9);
    p = Math.fma(p, f, L8);
    p = Math.fma(p, f, L7);
    p = Math.fma(p, f, L6);
    p = Math.fma(p, f, L5);
    p = Math.fma(p, f, L4);
    p = Math.fma(p, f, L3);
    float square = f * f;
    float tail = p * f * square + k * LN2_LOW;
    return Math.fma(k, LN2_HIGH, f + Math.fma(square, -0.5f, tail));
  }

  /** {@code 1 / (1 + e^-x)}, at most 3 ulp off; 0 below -87. */
  static FloatVector sigmoid(FloatVector x) {
    FloatVector e = expNegative(x.abs().neg());
    return FloatVector.broadcast(F, 1f).blend(e, x.compare(VectorOperators.LT, 0f)).div(e.add(1f));
  }

  /** {@code x * sigmoid(x) = x / (1 + e^-x)}, at most 3 ulp off for x above -30; -0 below -88.4. */
  static FloatVector silu(FloatVector x) {
    // Limited, so that the exponential is 0 or infinite at the ends; the quotient still sees NaN.
    FloatVector c = limit(x, SILU_LOWEST_BITS);
    FloatVector t =
        c.fma(FloatVector.broadcast(F, -LOG2_E), FloatVector.broadcast(F, ROUND_BIASED));
    FloatVector p = expOfNegated(c, t.sub(ROUND_BIASED));
    FloatVector power =
        t.reinterpretAsInts().lanewise(VectorOperators.LSHL, 23).reinterpretAsFloats();
    return x.div(p.fma(power, FloatVector.broadcast(F, 1f)));
  }

  /** Derivative of {@link #silu}: {@code s + x s (1 - s)}, where {@code 1 - s = e^-x s}. */
  static FloatVector siluGrad(FloatVector x) {
    FloatVector c = limit(x, SILU_GRAD_LOWEST_BITS);
    FloatVector t =
        c.fma(FloatVector.broadcast(F, -LOG2_E), FloatVector.broadcast(F, ROUND_BIASED));
    FloatVector p = expOfNegated(c, t.sub(ROUND_BIASED));
    FloatVector e =
        p.mul(t.reinterpretAsInts().lanewise(VectorOperators.LSHL, 23).reinterpretAsFloats());
    FloatVector s = FloatVector.broadcast(F, 1f).div(e.add(1f));
    return x.mul(e.mul(s)).fma(s, s);
  }

  /**
   * x, between 88 and the negative number of the given bits, by comparisons of bits as integers
   * with and without sign: an instruction each, where floats need more for zeros and NaN.
   */
  private static FloatVector limit(FloatVector x, int lowestBits) {
    return x.reinterpretAsInts()
        .min(SILU_HIGHEST_BITS)
        .lanewise(VectorOperators.UMIN, lowestBits)
        .reinterpretAsFloats();
  }

  /**
   * {@code e^-(x + n ln 2)}. One product takes n ln 2 away, which costs n times 2e-9: some ulp
   * where x is near -88.
   */
  private static FloatVector expOfNegated(FloatVector x, FloatVector n) {
    FloatVector r = n.fma(FloatVector.broadcast(F, LN2), x);
    return r.fma(FloatVector.broadcast(F, N6), FloatVector.broadcast(F, -N5))
        .fma(r, FloatVector.broadcast(F, N4))
        .fma(r, FloatVector.broadcast(F, -N3))
        .fma(r, FloatVector.broadcast(F, E2))
        .fma(r, FloatVector.broadcast(F, -1f))
        .fma(r, FloatVector.broadcast(F, 1f));
  }

  /** Hyperbolic tangent, at most 2 ulp off. */
  static FloatVector tanh(FloatVector x) {
    FloatVector s = x.mul(x);
    FloatVector p =
        s.fma(FloatVector.broadcast(F, T13), FloatVector.broadcast(F, T11))
            .fma(s, FloatVector.broadcast(F, T9))
            .fma(s, FloatVector.broadcast(F, T7))
            .fma(s, FloatVector.broadcast(F, T5))
            .fma(s, FloatVector.broadcast(F, T3));
    FloatVector small = p.mul(s).fma(x, x);
    FloatVector a = x.abs();
    FloatVector e = expNegative(a.mul(-2f));
    FloatVector large = FloatVector.broadcast(F, 1f).sub(e).div(e.add(1f));
    large = large.blend(large.neg(), x.compare(VectorOperators.LT, 0f));
    return large.blend(small, a.compare(VectorOperators.LT, TANH_SPLIT));
  }

  /**
   * The standard normal distribution function Phi, absolute error below 1e-7, relative below 2e-6
   * for x above -4: {@code Phi(-a) = e^(-a^2/2) P(t)} with {@code t = 1 / (1 + 0.28 a)}, so the
   * negative tail does not cancel.
   *
   * @param bell {@link #bell} of x
   */
  static FloatVector normalCdf(FloatVector x, FloatVector bell) {
    FloatVector t =
        FloatVector.broadcast(F, 1f)
            .div(x.abs().fma(FloatVector.broadcast(F, M0), FloatVector.broadcast(F, 1f)));
    FloatVector p =
        t.fma(FloatVector.broadcast(F, M9), FloatVector.broadcast(F, M8))
            .fma(t, FloatVector.broadcast(F, M7))
            .fma(t, FloatVector.broadcast(F, M6))
            .fma(t, FloatVector.broadcast(F, M5))
            .fma(t, FloatVector.broadcast(F, M4))
            .fma(t, FloatVector.broadcast(F, M3))
            .fma(t, FloatVector.broadcast(F, M2))
            .fma(t, FloatVector.broadcast(F, M1));
    FloatVector tail = p.mul(t).mul(bell);
    return FloatVector.broadcast(F, 1f).sub(tail).blend(tail, x.compare(VectorOperators.LT, 0f));
  }

  /** {@code e^(-x^2/2)}. */
  static FloatVector bell(FloatVector x) {
    return expNegative(x.mul(x).mul(-0.5f));
  }

  /** {@code x Phi(x)}. */
  static FloatVector gelu(FloatVector x) {
    return x.mul(normalCdf(x, bell(x)));
  }

  /** Derivative of {@link #gelu}: {@code Phi(x) + x phi(x)}. */
  static FloatVector geluGrad(FloatVector x) {
    FloatVector bell = bell(x);
    // Not the method below: one call more, and C2 has reached its limit before it inlines the last.
    return x.mul(INVERSE_SQRT_TWO_PI).fma(bell, normalCdf(x, bell));
  }

  /**
   * Derivative of {@link #gelu}.
   *
   * @param bell {@link #bell} of x
   * @param cdf {@link #normalCdf} of x
   */
  static FloatVector geluGrad(FloatVector x, FloatVector bell, FloatVector cdf) {
    return x.mul(INVERSE_SQRT_TWO_PI).fma(bell, cdf);
  }

  /**
   * {@code 0.5 x (1 + tanh(u)) = x sigmoid(2u)}, with {@code 2u} from {@link #geluTanhArgument}.
   */
  static FloatVector geluTanh(FloatVector x) {
    return x.mul(sigmoid(geluTanhArgument(x)));
  }

  /** {@code 2 sqrt(2/pi) (x + 0.044715 x^3)}. */
  private static FloatVector geluTanhArgument(FloatVector x) {
    return x.mul(x)
        .fma(FloatVector.broadcast(F, GELU_CUBIC), FloatVector.broadcast(F, 1f))
        .mul(x)
        .mul(TWO_SQRT_TWO_OVER_PI);
  }

  /** Derivative of {@link #geluTanh}. */
  static FloatVector geluTanhGrad(FloatVector x) {
    FloatVector u = geluTanhArgument(x);
    // Both sigmoid(u) and sigmoid(-u), since 1 - s cancels where the slope of u is large.
    FloatVector e = expNegative(u.abs().neg());
    FloatVector one = FloatVector.broadcast(F, 1f);
    FloatVector sum = e.add(1f);
    VectorMask<Float> negative = u.compare(VectorOperators.LT, 0f);
    FloatVector s = one.blend(e, negative).div(sum);
    FloatVector complement = e.blend(one, negative).div(sum);
    // Limited, lest an infinite slope meet a sigmoid of 0; s still sees NaN.
    FloatVector c = limit(x, SILU_GRAD_LOWEST_BITS);
    FloatVector slope =
        c.mul(c)
            .fma(FloatVector.broadcast(F, 3 * GELU_CUBIC), FloatVector.broadcast(F, 1f))
            .mul(TWO_SQRT_TWO_OVER_PI);
    return c.mul(slope).mul(s).fma(complement, s);
  }
}
