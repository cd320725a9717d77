package dev.jdiffusion.tensor.cpu;

import static dev.jdiffusion.tensor.cpu.Lanes.F;
import static dev.jdiffusion.tensor.cpu.Lanes.L;

import dev.jdiffusion.tensor.Tensor;
import dev.jdiffusion.tensor.ops.Optimizer;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import org.jspecify.annotations.Nullable;

/**
 * Adam, AdamW and the moving average in one pass: five arrays are read and four written, which is
 * all the time it takes.
 */
final class CpuOptimizer implements Optimizer {
  private static final int GRAIN = 1 << 14;

  private final Workers workers;

  CpuOptimizer(Workers workers) {
    this.workers = workers;
  }

  @Override
  public void adam(
      Tensor numbers,
      Tensor factor,
      Tensor weight,
      Tensor gradient,
      Tensor firstMoment,
      Tensor secondMoment,
      @Nullable Tensor ema) {
    float gradientScale = FloatStorage.array(factor)[factor.offset()];
    if (Float.isNaN(gradientScale)) {
      return;
    }
    float[] w = FloatStorage.array(weight);
    float[] g = FloatStorage.array(gradient);
    float[] m = FloatStorage.array(firstMoment);
    float[] v = FloatStorage.array(secondMoment);
    Coefficients c = Coefficients.of(gradientScale, FloatStorage.array(numbers), numbers.offset());
    int n = weight.size();
    int grain = n <= 2 * GRAIN ? 2 * GRAIN : GRAIN;
    workers.forRanges(
        n,
        grain,
        (from, to) -> {
          int wAt = weight.offset() + from;
          int gAt = gradient.offset() + from;
          int mAt = firstMoment.offset() + from;
          int vAt = secondMoment.offset() + from;
          if (ema == null) {
            update(c, w, wAt, g, gAt, m, mAt, v, vAt, to - from);
            return;
          }
          float[] e = FloatStorage.array(ema);
          int eAt = ema.offset() + from;
          int whole = (to - from) & -L;
          Kernel.launch(() -> updateAndAverage(c, w, wAt, g, gAt, m, mAt, v, vAt, e, eAt, whole));
          int rest = to - from - whole;
          if (rest > 0) {
            update(c, w, wAt + whole, g, gAt + whole, m, mAt + whole, v, vAt + whole, rest);
            average(c.newWeight, w, wAt + whole, e, eAt + whole, rest);
          }
        });
  }

  /** The numbers of {@link AdamStep#numbers}, and the factor of {@link #clip}. */
  private record Coefficients(
      float gradientScale,
      float addedDecay,
      float kept,
      float newFirst,
      float beta2,
      float newSecond,
      float rate,
      float secondScale,
      float epsilon,
      float newWeight) {
    static Coefficients of(float gradientScale, float[] n, int at) {
      return new Coefficients(
          gradientScale,
          n[at],
          n[at + 1],
          n[at + 2],
          n[at + 3],
          n[at + 4],
          n[at + 5],
          n[at + 6],
          n[at + 7],
          n[at + 8]);
    }
  }

  private static void update(
      Coefficients c,
      float[] w,
      int wAt,
      float[] g,
      int gAt,
      float[] m,
      int mAt,
      float[] v,
      int vAt,
      int n) {
    FloatVector gradientScale = FloatVector.broadcast(F, c.gradientScale);
    FloatVector addedDecay = FloatVector.broadcast(F, c.addedDecay);
    FloatVector kept = FloatVector.broadcast(F, c.kept);
    FloatVector newFirst = FloatVector.broadcast(F, c.newFirst);
    FloatVector beta2 = FloatVector.broadcast(F, c.beta2);
    FloatVector newSecond = FloatVector.broadcast(F, c.newSecond);
    FloatVector rate = FloatVector.broadcast(F, c.rate);
    FloatVector secondScale = FloatVector.broadcast(F, c.secondScale);
    FloatVector epsilon = FloatVector.broadcast(F, c.epsilon);
    for (int i = 0; i < n; i += L) {
      // The mask is full but for the last vector; this loop waits for memory anyway.
      VectorMask<Float> mask = F.indexInRange(i, n);
      FloatVector weight = FloatVector.fromArray(F, w, wAt + i, mask);
      FloatVector gradient = FloatVector.fromArray(F, g, gAt + i, mask).mul(gradientScale);
      gradient = weight.fma(addedDecay, gradient);
      FloatVector first = FloatVector.fromArray(F, m, mAt + i, mask);
      first = gradient.sub(first).fma(newFirst, first);
      FloatVector second = FloatVector.fromArray(F, v, vAt + i, mask).mul(beta2);
      second = gradient.mul(gradient).fma(newSecond, second);
      FloatVector change = first.div(second.sqrt().fma(secondScale, epsilon));
      first.intoArray(m, mAt + i, mask);
      second.intoArray(v, vAt + i, mask);
      weight.mul(kept).sub(change.mul(rate)).intoArray(w, wAt + i, mask);
    }
  }

  /** {@code ema = ema + newWeight * (w - ema)}, after {@link #update}. */
  private static void average(float newWeight, float[] w, int wAt, float[] ema, int emaAt, int n) {
    FloatVector factor = FloatVector.broadcast(F, newWeight);
    for (int i = 0; i < n; i += L) {
      VectorMask<Float> mask = F.indexInRange(i, n);
      FloatVector old = FloatVector.fromArray(F, ema, emaAt + i, mask);
      FloatVector.fromArray(F, w, wAt + i, mask)
          .sub(old)
          .fma(factor, old)
          .intoArray(ema, emaAt + i, mask);
    }
  }

  /**
   * {@link #update} and {@link #average} of whole vectors in one pass. A second pass for the
   * average finds the weights in cache, but waits for a single array instead of for five at once,
   * which takes a fifth longer where none of them fits the cache.
   */
  private static void updateAndAverage(
      Coefficients c,
      float[] w,
      int wAt,
      float[] g,
      int gAt,
      float[] m,
      int mAt,
      float[] v,
      int vAt,
      float[] ema,
      int emaAt,
      int n) {
    FloatVector gradientScale = FloatVector.broadcast(F, c.gradientScale);
    FloatVector addedDecay = FloatVector.broadcast(F, c.addedDecay);
    FloatVector kept = FloatVector.broadcast(F, c.kept);
    FloatVector newFirst = FloatVector.broadcast(F, c.newFirst);
    FloatVector beta2 = FloatVector.broadcast(F, c.beta2);
    FloatVector newSecond = FloatVector.broadcast(F, c.newSecond);
    FloatVector rate = FloatVector.broadcast(F, c.rate);
    FloatVector secondScale = FloatVector.broadcast(F, c.secondScale);
    FloatVector epsilon = FloatVector.broadcast(F, c.epsilon);
    FloatVector factor = FloatVector.broadcast(F, c.newWeight);
    for (int i = 0; i < n; i += L) {
      FloatVector weight = FloatVector.fromArray(F, w, wAt + i);
      FloatVector gradient = FloatVector.fromArray(F, g, gAt + i).mul(gradientScale);
      gradient = weight.fma(addedDecay, gradient);
      FloatVector first = FloatVector.fromArray(F, m, mAt + i);
      first = gradient.sub(first).fma(newFirst, first);
      FloatVector second = FloatVector.fromArray(F, v, vAt + i).mul(beta2);
      second = gradient.mul(gradient).fma(newSecond, second);
      FloatVector change = first.div(second.sqrt().fma(secondScale, epsilon));
      FloatVector old = FloatVector.fromArray(F, ema, emaAt + i);
      weight = weight.mul(kept).sub(change.mul(rate));
      first.intoArray(m, mAt + i);
      second.intoArray(v, vAt + i);
      weight.intoArray(w, wAt + i);
      weight.sub(old).fma(factor, old).intoArray(ema, emaAt + i);
    }
  }
}
