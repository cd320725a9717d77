package dev.jdiffusion.tensor.cpu;

import static dev.jdiffusion.tensor.cpu.Lanes.F;
import static dev.jdiffusion.tensor.cpu.Lanes.L;

import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

/**
 * Softmax of one row that is long enough to be a loop of its own. Sums are in 16 logical lanes,
 * added by halving, as everywhere.
 */
final class LongSoftmax {
  private LongSoftmax() {}

  /**
   * {@code out = softmax(x)}; out may be x.
   *
   * @param lanes 17 numbers, overwritten
   */
  static void forward(float[] x, int xAt, int columns, float[] out, int outAt, float[] lanes) {
    Kernel.launch(() -> max(x, xAt, columns, lanes));
    Arrays.fill(lanes, 0, Lanes.LOGICAL, 0f);
    Kernel.launch(() -> exponentials(x, xAt, columns, out, outAt, lanes));
    float inverse = 1f / Lanes.combine(lanes);
    ArithmeticLoops.multiplyScalar(out, outAt, inverse, out, outAt, columns);
  }

  /** Into lane 16. NaN may get lost here; it shows in the sum. */
  private static void max(float[] x, int at, int columns, float[] lanes) {
    FloatVector m0 = FloatVector.broadcast(F, Float.NEGATIVE_INFINITY);
    FloatVector m1 = m0;
    FloatVector m2 = m0;
    FloatVector m3 = m0;
    int blocked = columns / (4 * L) * (4 * L);
    for (int i = at; i < at + blocked; i += 4 * L) {
      FloatVector v0 = FloatVector.fromArray(F, x, i);
      FloatVector v1 = FloatVector.fromArray(F, x, i + L);
      FloatVector v2 = FloatVector.fromArray(F, x, i + 2 * L);
      FloatVector v3 = FloatVector.fromArray(F, x, i + 3 * L);
      m0 = m0.blend(v0, v0.compare(VectorOperators.GT, m0));
      m1 = m1.blend(v1, v1.compare(VectorOperators.GT, m1));
      m2 = m2.blend(v2, v2.compare(VectorOperators.GT, m2));
      m3 = m3.blend(v3, v3.compare(VectorOperators.GT, m3));
    }
    float max = Float.NEGATIVE_INFINITY;
    for (int i = at + blocked; i < at + columns; i++) {
      max = x[i] > max ? x[i] : max;
    }
    m0 = m0.blend(m1, m1.compare(VectorOperators.GT, m0));
    m2 = m2.blend(m3, m3.compare(VectorOperators.GT, m2));
    m0.blend(m2, m2.compare(VectorOperators.GT, m0)).intoArray(lanes, 0);
    for (int i = 0; i < L; i++) {
      max = lanes[i] > max ? lanes[i] : max;
    }
    lanes[Lanes.LOGICAL] = max;
  }

  private static void exponentials(
      float[] x, int xAt, int columns, float[] out, int outAt, float[] lanes) {
    FloatVector max = FloatVector.broadcast(F, lanes[Lanes.LOGICAL]);
    for (int g = 0; g < Lanes.LOGICAL; g += L) {
      FloatVector s = FloatVector.zero(F);
      int c = g;
      for (; c <= columns - L; c += Lanes.LOGICAL) {
        FloatVector e = VectorMath.expNegative(FloatVector.fromArray(F, x, xAt + c).sub(max));
        e.intoArray(out, outAt + c);
        s = s.add(e);
      }
      if (c < columns) {
        VectorMask<Float> rest = F.indexInRange(c, columns);
        FloatVector e = VectorMath.expNegative(FloatVector.fromArray(F, x, xAt + c, rest).sub(max));
        e.intoArray(out, outAt + c, rest);
        s = s.blend(s.add(e), rest);
      }
      s.intoArray(lanes, g);
    }
  }
}
