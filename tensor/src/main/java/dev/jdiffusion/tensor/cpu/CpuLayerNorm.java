package dev.jdiffusion.tensor.cpu;

import static dev.jdiffusion.tensor.cpu.Lanes.F;
import static dev.jdiffusion.tensor.cpu.Lanes.L;

import dev.jdiffusion.tensor.Tensor;
import dev.jdiffusion.tensor.ops.LayerNorm;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;

/**
 * Layer normalisation, row by row in a padded buffer. The gradients of gamma and beta are summed
 * over blocks of rows and then, in order, over the blocks.
 */
final class CpuLayerNorm implements LayerNorm {
  /** Elements of a block of rows, about. */
  private static final int BLOCK = 1 << 14;

  private final Workers workers;
  private final FloatPool pool;

  CpuLayerNorm(Workers workers, FloatPool pool) {
    this.workers = workers;
    this.pool = pool;
  }

  private static int padded(int columns) {
    return (columns + Lanes.LOGICAL - 1) & -Lanes.LOGICAL;
  }

  private static int blockRows(int columns) {
    return Math.max(BLOCK / columns, 16);
  }

  @Override
  public void forward(
      Tensor x, Tensor gamma, Tensor beta, double epsilon, Tensor out, Tensor mean, Tensor rstd) {
    int rows = mean.size();
    if (x.size() == 0) {
      return;
    }
    int columns = x.dim(-1);
    int width = padded(columns);
    int grain = blockRows(columns);
    float[] from = FloatStorage.array(x);
    float[] to = FloatStorage.array(out);
    float[] means = FloatStorage.array(mean);
    float[] rstds = FloatStorage.array(rstd);
    workers.forRanges(
        rows,
        grain,
        x.size(),
        (first, end) -> {
          float[] work = pool.take(3 * width);
          Arrays.fill(work, 0, 3 * width, 0f);
          System.arraycopy(FloatStorage.array(gamma), gamma.offset(), work, width, columns);
          System.arraycopy(FloatStorage.array(beta), beta.offset(), work, 2 * width, columns);
          for (int r = first; r < end; r++) {
            System.arraycopy(from, x.offset() + r * columns, work, 0, columns);
            Arrays.fill(work, columns, width, 0f);
            double average = (double) SoftmaxLoops.sum(work, 0, width).lane(0) / columns;
            subtract(work, 0, (float) average, columns, width);
            // What rounding took from the mean is the mean of what is left.
            double rest = (double) SoftmaxLoops.sum(work, 0, width).lane(0) / columns;
            double square = SoftmaxLoops.dot(work, 0, work, 0, width);
            double variance = Math.max(square / columns - rest * rest, 0);
            float reciprocal = (float) (1 / Math.sqrt(variance + epsilon));
            means[mean.offset() + r] = (float) (average + rest);
            rstds[rstd.offset() + r] = reciprocal;
            scale(work, reciprocal, width);
            System.arraycopy(work, 0, to, out.offset() + r * columns, columns);
          }
          pool.give(work);
        });
  }

  /** {@code x - mean}; the padding stays zero. */
  private static void subtract(float[] x, int at, float mean, int columns, int width) {
    for (int i = at; i < at + width; i += L) {
      FloatVector.fromArray(F, x, i).sub(mean).intoArray(x, i);
    }
    Arrays.fill(x, at + columns, at + width, 0f);
  }

  /** {@code x * rstd * gamma + beta}, all three in one buffer. */
  private static void scale(float[] work, float rstd, int width) {
    for (int i = 0; i < width; i += L) {
      FloatVector.fromArray(F, work, i)
          .mul(rstd)
          .fma(
              FloatVector.fromArray(F, work, width + i),
              FloatVector.fromArray(F, work, 2 * width + i))
          .intoArray(work, i);
    }
  }

  @Override
  public void backward(
      Tensor x,
      Tensor gamma,
      Tensor mean,
      Tensor rstd,
      Tensor dOut,
      Tensor dX,
      Tensor dGamma,
      Tensor dBeta) {
    int rows = mean.size();
    if (x.size() == 0) {
      return;
    }
    int columns = x.dim(-1);
    int width = padded(columns);
    int grain = blockRows(columns);
    int blocks = Math.ceilDiv(rows, grain);
    float[] from = FloatStorage.array(x);
    float[] upstream = FloatStorage.array(dOut);
    float[] to = FloatStorage.array(dX);
    float[] means = FloatStorage.array(mean);
    float[] rstds = FloatStorage.array(rstd);
    float[] partial = pool.take(blocks * 2 * width);
    workers.forRanges(
        rows,
        grain,
        x.size(),
        (first, end) -> {
          float[] work = pool.take(4 * width);
          Arrays.fill(work, 0, 4 * width, 0f);
          System.arraycopy(FloatStorage.array(gamma), gamma.offset(), work, 0, columns);
          int sums = first / grain * 2 * width;
          Arrays.fill(partial, sums, sums + 2 * width, 0f);
          for (int r = first; r < end; r++) {
            System.arraycopy(from, x.offset() + r * columns, work, width, columns);
            System.arraycopy(upstream, dOut.offset() + r * columns, work, 2 * width, columns);
            subtract(work, width, means[mean.offset() + r], columns, width);
            float reciprocal = rstds[rstd.offset() + r];
            addProducts(work, width, reciprocal, partial, sums);
            double sum = SoftmaxLoops.sum(work, 3 * width, width).lane(0);
            double dot = SoftmaxLoops.dot(work, width, work, 3 * width, width);
            gradient(work, width, reciprocal, (float) (sum / columns), (float) (dot / columns));
            System.arraycopy(work, 3 * width, to, dX.offset() + r * columns, columns);
          }
          pool.give(work);
        });
    float[] gammaArray = FloatStorage.array(dGamma);
    float[] betaArray = FloatStorage.array(dBeta);
    for (int c = 0; c < columns; c++) {
      double gammaSum = 0;
      double betaSum = 0;
      for (int block = 0; block < blocks; block++) {
        gammaSum += partial[block * 2 * width + c];
        betaSum += partial[(block * 2 + 1) * width + c];
      }
      gammaArray[dGamma.offset() + c] += (float) gammaSum;
      betaArray[dBeta.offset() + c] += (float) betaSum;
    }
    pool.give(partial);
  }

  // The buffer of the next two holds, each padded: gamma, x - mean or h, dOut, dh or dx.

  /** h, dh, and the sums of {@code dOut * h} and dOut. */
  private static void addProducts(float[] work, int width, float rstd, float[] sums, int sumsAt) {
    for (int i = 0; i < width; i += L) {
      FloatVector h = FloatVector.fromArray(F, work, width + i).mul(rstd);
      FloatVector d = FloatVector.fromArray(F, work, 2 * width + i);
      h.intoArray(work, width + i);
      d.mul(FloatVector.fromArray(F, work, i)).intoArray(work, 3 * width + i);
      d.fma(h, FloatVector.fromArray(F, sums, sumsAt + i)).intoArray(sums, sumsAt + i);
      d.add(FloatVector.fromArray(F, sums, sumsAt + width + i)).intoArray(sums, sumsAt + width + i);
    }
  }

  /** {@code rstd * (dh - meanDh - h * meanDhH)}. */
  private static void gradient(float[] work, int width, float rstd, float meanDh, float meanDhH) {
    FloatVector factor = FloatVector.broadcast(F, -meanDhH);
    for (int i = 0; i < width; i += L) {
      FloatVector.fromArray(F, work, width + i)
          .fma(factor, FloatVector.fromArray(F, work, 3 * width + i).sub(meanDh))
          .mul(rstd)
          .intoArray(work, 3 * width + i);
    }
  }
}
