package dev.jdiffusion.tensor.cpu;

import static dev.jdiffusion.tensor.cpu.Lanes.F;
import static dev.jdiffusion.tensor.cpu.Lanes.L;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/**
 * The transforms of minimal filtering F(4, 3) in one dimension: six numbers and three weights give
 * four results. In two dimensions they are applied along columns, then along rows.
 *
 * <p>They evaluate polynomials at the points {@code 0, a, -a, b, -b} and infinity and interpolate
 * (Toom and Cook; S. Winograd, "Arithmetic Complexity of Computations", 1980). With {@code a = 3/4}
 * and {@code b = 4/3} rounding errors are about a third of those with the usual 1 and 2, see B.
 * Barabasz et al., "Error Analysis and Improving the Accuracy of Winograd Convolution for Deep
 * Neural Networks" (2020). With {@code ab = 1} and {@code s = a^2 + b^2}:
 *
 * <pre>{@code
 *      1   0  -s   0  1  0         1   0   0                 1  1  1  1   1  0
 *      0  -b -bb   a  1  0       c(1   a  aa)           A' = 0  a -a  b  -b  0
 * B' = 0   b -bb  -a  1  0   G = c(1  -a  aa)                0 aa aa bb  bb  0
 *      0  -a -aa   b  1  0       d(1   b  bb)                0 a3 -a3 b3 -b3 1
 *      0   a -aa  -b  1  0       d(1  -b  bb)
 *      0   1   0  -s  0  1         0   0   1     c = 1 / 2aa(aa - bb)   d = 1 / 2bb(bb - aa)
 * }</pre>
 */
final class WinogradTransforms {
  /** Numbers that are transformed together. */
  static final int POINTS = 6;

  /** Floats of a vector of 3x3 windows transformed in one of their dimensions. */
  static final int HALF_WINDOW = 3 * POINTS * L;

  private static final float A = 3f / 4;
  private static final float B = 4f / 3;
  private static final float AA = 9f / 16;
  private static final float BB = 16f / 9;
  private static final float S = 337f / 144;
  private static final float A3 = 27f / 64;
  private static final float B3 = 64f / 27;
  private static final float C = (float) (1 / (2 * 9d / 16 * (9d / 16 - 16d / 9)));
  private static final float D = (float) (1 / (2 * 16d / 9 * (16d / 9 - 9d / 16)));

  private WinogradTransforms() {}

  /**
   * {@code B' x} for each of {@code n} neighbouring elements, and further {@code repeats} of them.
   *
   * @param distance from one of the six numbers to the next
   * @param step from one repeat to the next
   * @param toDistance likewise in t
   * @param toStep likewise in t
   */
  static void input(
      float[] x,
      int from,
      int distance,
      int step,
      float[] t,
      int to,
      int toDistance,
      int toStep,
      int n,
      int repeats) {
    for (int r = 0; r < repeats; r++) {
      int a = from + r * step;
      int b = to + r * toStep;
      for (int i = 0; i < n; i += L) {
        FloatVector x0 = FloatVector.fromArray(F, x, a + i);
        FloatVector x1 = FloatVector.fromArray(F, x, a + i + distance);
        FloatVector x2 = FloatVector.fromArray(F, x, a + i + 2 * distance);
        FloatVector x3 = FloatVector.fromArray(F, x, a + i + 3 * distance);
        FloatVector x4 = FloatVector.fromArray(F, x, a + i + 4 * distance);
        FloatVector x5 = FloatVector.fromArray(F, x, a + i + 5 * distance);
        FloatVector s = FloatVector.broadcast(F, -S);
        x2.fma(s, x0.add(x4)).intoArray(t, b + i);
        FloatVector evenA = x2.fma(FloatVector.broadcast(F, -BB), x4);
        FloatVector oddA = x1.fma(FloatVector.broadcast(F, -BB), x3);
        oddA.fma(FloatVector.broadcast(F, A), evenA).intoArray(t, b + i + toDistance);
        oddA.fma(FloatVector.broadcast(F, -A), evenA).intoArray(t, b + i + 2 * toDistance);
        FloatVector evenB = x2.fma(FloatVector.broadcast(F, -AA), x4);
        FloatVector oddB = x1.fma(FloatVector.broadcast(F, -AA), x3);
        oddB.fma(FloatVector.broadcast(F, B), evenB).intoArray(t, b + i + 3 * toDistance);
        oddB.fma(FloatVector.broadcast(F, -B), evenB).intoArray(t, b + i + 4 * toDistance);
        x3.fma(s, x1.add(x5)).intoArray(t, b + i + 5 * toDistance);
      }
    }
  }

  /** {@code A' t}: four results from six numbers, otherwise as {@link #input}. */
  static void output(
      float[] t,
      int from,
      int distance,
      int step,
      float[] y,
      int to,
      int toDistance,
      int toStep,
      int n,
      int repeats) {
    for (int r = 0; r < repeats; r++) {
      int a = from + r * step;
      int b = to + r * toStep;
      for (int i = 0; i < n; i += L) {
        FloatVector t1 = FloatVector.fromArray(F, t, a + i + distance);
        FloatVector t2 = FloatVector.fromArray(F, t, a + i + 2 * distance);
        FloatVector t3 = FloatVector.fromArray(F, t, a + i + 3 * distance);
        FloatVector t4 = FloatVector.fromArray(F, t, a + i + 4 * distance);
        FloatVector evenA = t1.add(t2);
        FloatVector oddA = t1.sub(t2);
        FloatVector evenB = t3.add(t4);
        FloatVector oddB = t3.sub(t4);
        FloatVector t5 = FloatVector.fromArray(F, t, a + i + 5 * distance);
        FloatVector t0 = FloatVector.fromArray(F, t, a + i);
        t0.add(evenA).add(evenB).intoArray(y, b + i);
        oddA.mul(A).add(oddB.mul(B)).intoArray(y, b + i + toDistance);
        evenA.mul(AA).add(evenB.mul(BB)).intoArray(y, b + i + 2 * toDistance);
        oddA.fma(FloatVector.broadcast(F, A3), oddB.fma(FloatVector.broadcast(F, B3), t5))
            .intoArray(y, b + i + 3 * toDistance);
      }
    }
  }

  /** {@code A y}: six numbers from four gradients, otherwise as {@link #input}. */
  static void outputGradient(
      float[] y,
      int from,
      int distance,
      int step,
      float[] t,
      int to,
      int toDistance,
      int toStep,
      int n,
      int repeats) {
    for (int r = 0; r < repeats; r++) {
      int a = from + r * step;
      int b = to + r * toStep;
      for (int i = 0; i < n; i += L) {
        FloatVector y0 = FloatVector.fromArray(F, y, a + i);
        FloatVector y1 = FloatVector.fromArray(F, y, a + i + distance);
        FloatVector y2 = FloatVector.fromArray(F, y, a + i + 2 * distance);
        FloatVector y3 = FloatVector.fromArray(F, y, a + i + 3 * distance);
        y0.intoArray(t, b + i);
        FloatVector evenA = y2.fma(FloatVector.broadcast(F, AA), y0);
        FloatVector oddA = y3.fma(FloatVector.broadcast(F, AA), y1);
        oddA.fma(FloatVector.broadcast(F, A), evenA).intoArray(t, b + i + toDistance);
        oddA.fma(FloatVector.broadcast(F, -A), evenA).intoArray(t, b + i + 2 * toDistance);
        FloatVector evenB = y2.fma(FloatVector.broadcast(F, BB), y0);
        FloatVector oddB = y3.fma(FloatVector.broadcast(F, BB), y1);
        oddB.fma(FloatVector.broadcast(F, B), evenB).intoArray(t, b + i + 3 * toDistance);
        oddB.fma(FloatVector.broadcast(F, -B), evenB).intoArray(t, b + i + 4 * toDistance);
        y3.intoArray(t, b + i + 5 * toDistance);
      }
    }
  }

  /**
   * {@code G w}: six numbers from three weights, otherwise as {@link #input}; only {@code lanes} of
   * each vector are read, the others become zero.
   */
  static void filter(
      float[] w,
      int from,
      int distance,
      int step,
      float[] t,
      int to,
      int toDistance,
      int toStep,
      int lanes,
      int repeats) {
    VectorMask<Float> mask = F.indexInRange(0, lanes);
    for (int r = 0; r < repeats; r++) {
      int a = from + r * step;
      int b = to + r * toStep;
      FloatVector w0 = FloatVector.fromArray(F, w, a, mask);
      FloatVector w1 = FloatVector.fromArray(F, w, a + distance, mask);
      FloatVector w2 = FloatVector.fromArray(F, w, a + 2 * distance, mask);
      w0.intoArray(t, b);
      FloatVector evenA = w2.fma(FloatVector.broadcast(F, AA), w0).mul(C);
      FloatVector oddA = w1.mul(A * C);
      evenA.add(oddA).intoArray(t, b + toDistance);
      evenA.sub(oddA).intoArray(t, b + 2 * toDistance);
      FloatVector evenB = w2.fma(FloatVector.broadcast(F, BB), w0).mul(D);
      FloatVector oddB = w1.mul(B * D);
      evenB.add(oddB).intoArray(t, b + 3 * toDistance);
      evenB.sub(oddB).intoArray(t, b + 4 * toDistance);
      w2.intoArray(t, b + 5 * toDistance);
    }
  }

  /**
   * Adds {@code G' t} to the gradients of three weights, otherwise as {@link #input}; only {@code
   * lanes} of each vector of them are there.
   */
  static void filterGradient(
      float[] t,
      int from,
      int distance,
      int step,
      float[] w,
      int to,
      int toDistance,
      int toStep,
      int lanes,
      int repeats) {
    VectorMask<Float> mask = F.indexInRange(0, lanes);
    for (int r = 0; r < repeats; r++) {
      int a = from + r * step;
      int b = to + r * toStep;
      FloatVector t1 = FloatVector.fromArray(F, t, a + distance);
      FloatVector t2 = FloatVector.fromArray(F, t, a + 2 * distance);
      FloatVector evenA = t1.add(t2).mul(C);
      FloatVector oddA = t1.sub(t2);
      FloatVector t3 = FloatVector.fromArray(F, t, a + 3 * distance);
      FloatVector t4 = FloatVector.fromArray(F, t, a + 4 * distance);
      FloatVector evenB = t3.add(t4).mul(D);
      FloatVector oddB = t3.sub(t4);
      FloatVector w0 = FloatVector.fromArray(F, t, a).add(evenA).add(evenB);
      FloatVector w1 = oddA.mul(A * C).add(oddB.mul(B * D));
      FloatVector w2 =
          FloatVector.fromArray(F, t, a + 5 * distance).add(evenA.mul(AA)).add(evenB.mul(BB));
      FloatVector.fromArray(F, w, b, mask).add(w0).intoArray(w, b, mask);
      FloatVector.fromArray(F, w, b + toDistance, mask).add(w1).intoArray(w, b + toDistance, mask);
      FloatVector.fromArray(F, w, b + 2 * toDistance, mask)
          .add(w2)
          .intoArray(w, b + 2 * toDistance, mask);
    }
  }

  /**
   * {@code out = y + bias + residual} for pixels of {@code channels}.
   *
   * @param pitch from one pixel to the next in y
   * @param residualStep likewise in the residual
   * @param toStep likewise in out
   */
  static void finish(
      float[] y,
      int from,
      int pitch,
      float[] bias,
      int biasFrom,
      float[] residual,
      int residualFrom,
      int residualStep,
      float[] out,
      int to,
      int toStep,
      int channels,
      int pixels) {
    for (int p = 0; p < pixels; p++) {
      int a = from + p * pitch;
      int r = residualFrom + p * residualStep;
      int b = to + p * toStep;
      int c = 0;
      for (; c <= channels - L; c += L) {
        FloatVector.fromArray(F, y, a + c)
            .add(FloatVector.fromArray(F, bias, biasFrom + c))
            .add(FloatVector.fromArray(F, residual, r + c))
            .intoArray(out, b + c);
      }
      if (c < channels) {
        VectorMask<Float> mask = F.indexInRange(c, channels);
        FloatVector.fromArray(F, y, a + c)
            .add(FloatVector.fromArray(F, bias, biasFrom + c, mask))
            .add(FloatVector.fromArray(F, residual, r + c, mask))
            .intoArray(out, b + c, mask);
      }
    }
  }
}
