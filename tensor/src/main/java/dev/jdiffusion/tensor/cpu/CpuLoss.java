package dev.jdiffusion.tensor.cpu;

import static dev.jdiffusion.tensor.cpu.Lanes.F;
import static dev.jdiffusion.tensor.cpu.Lanes.L;

import dev.jdiffusion.tensor.Tensor;
import dev.jdiffusion.tensor.ops.Loss;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

/**
 * Mean losses. The penalties of a block of elements are written to a buffer and summed by logical
 * lanes; the blocks' sums are added in order, in double precision.
 */
final class CpuLoss implements Loss {
  private static final int BLOCK = 1 << 12;

  private final Workers workers;
  private final FloatPool pool;

  CpuLoss(Workers workers, FloatPool pool) {
    this.workers = workers;
    this.pool = pool;
  }

  @Override
  public void forward(Kind kind, Tensor prediction, Tensor target, Tensor loss) {
    float[] p = FloatStorage.array(prediction);
    float[] t = FloatStorage.array(target);
    int pAt = prediction.offset();
    int tAt = target.offset();
    int n = prediction.size();
    double[] partial = new double[Math.ceilDiv(n, BLOCK)];
    workers.run(
        partial.length,
        n,
        task -> {
          int from = task * BLOCK;
          int count = Math.min(BLOCK, n - from);
          float[] penalties = pool.take(BLOCK);
          penalties(kind, p, pAt + from, t, tAt + from, penalties, count);
          partial[task] = Lanes.sum(penalties, 0, count, new float[Lanes.LOGICAL]);
          pool.give(penalties);
        });
    double sum = 0;
    for (double s : partial) {
      sum += s;
    }
    FloatStorage.array(loss)[loss.offset()] = (float) (sum / n);
  }

  @Override
  public void backward(
      Kind kind, Tensor prediction, Tensor target, Tensor dLoss, Tensor dPrediction) {
    float[] p = FloatStorage.array(prediction);
    float[] t = FloatStorage.array(target);
    float[] d = FloatStorage.array(dPrediction);
    int pAt = prediction.offset();
    int tAt = target.offset();
    int dAt = dPrediction.offset();
    int n = prediction.size();
    double upstream = FloatStorage.array(dLoss)[dLoss.offset()];
    float scale = (float) ((kind == Kind.MSE ? 2 : 1) * upstream / n);
    workers.run(
        Math.ceilDiv(n, BLOCK),
        n,
        task -> {
          int from = task * BLOCK;
          int count = Math.min(BLOCK, n - from);
          slopes(kind, p, pAt + from, t, tAt + from, scale, d, dAt + from, count);
        });
  }

  private static void penalties(
      Kind kind, float[] p, int pAt, float[] t, int tAt, float[] out, int n) {
    ArithmeticLoops.subtract(p, pAt, t, tAt, out, 0, n);
    switch (kind) {
      case MSE -> ArithmeticLoops.multiply(out, 0, out, 0, out, 0, n);
      case L1 -> absolute(out, n);
      case HUBER -> huber(out, n);
    }
  }

  private static void slopes(
      Kind kind, float[] p, int pAt, float[] t, int tAt, float scale, float[] out, int at, int n) {
    ArithmeticLoops.subtract(p, pAt, t, tAt, out, at, n);
    switch (kind) {
      case MSE -> {}
      case L1 -> sign(out, at, n);
      case HUBER -> ArithmeticLoops.clamp(out, at, -1f, 1f, out, at, n);
    }
    ArithmeticLoops.multiplyScalar(out, at, scale, out, at, n);
  }

  // The buffers of the next two are whole blocks: a vector may reach beyond n.

  private static void absolute(float[] d, int n) {
    for (int i = 0; i < n; i += L) {
      FloatVector.fromArray(F, d, i).abs().intoArray(d, i);
    }
  }

  private static void huber(float[] d, int n) {
    for (int i = 0; i < n; i += L) {
      FloatVector x = FloatVector.fromArray(F, d, i);
      FloatVector a = x.abs();
      x.mul(x).mul(0.5f).blend(a.sub(0.5f), a.compare(VectorOperators.GT, 1f)).intoArray(d, i);
    }
  }

  private static void sign(float[] d, int at, int n) {
    int whole = n & -L;
    for (int i = 0; i < whole; i += L) {
      UnaryGradLoops.sign(FloatVector.fromArray(F, d, at + i)).intoArray(d, at + i);
    }
    if (whole < n) {
      VectorMask<Float> rest = F.indexInRange(whole, n);
      UnaryGradLoops.sign(FloatVector.fromArray(F, d, at + whole, rest))
          .intoArray(d, at + whole, rest);
    }
  }
}
