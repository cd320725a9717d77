package dev.jdiffusion.tensor.cpu;

import dev.jdiffusion.tensor.IntTensor;
import dev.jdiffusion.tensor.Tensor;
import dev.jdiffusion.tensor.ops.CrossEntropy;
import java.util.Arrays;

/** Cross-entropy, on one thread: there are few classes. */
final class CpuCrossEntropy implements CrossEntropy {
  private final FloatPool pool;

  CpuCrossEntropy(FloatPool pool) {
    this.pool = pool;
  }

  @Override
  public void forward(Tensor logits, IntTensor targets, Tensor loss, Tensor probabilities) {
    int rows = logits.dim(0);
    int classes = logits.dim(1);
    int width = (classes + Lanes.LOGICAL - 1) & -Lanes.LOGICAL;
    float[] in = FloatStorage.array(logits);
    float[] out = FloatStorage.array(probabilities);
    float[] work = pool.take(width + 2);
    double total = 0;
    for (int n = 0; n < rows; n++) {
      int from = logits.offset() + n * classes;
      System.arraycopy(in, from, work, 0, classes);
      Arrays.fill(work, classes, width, Float.NEGATIVE_INFINITY);
      SoftmaxLoops.exponentials(work, 0, 1, width, work, width, width + 1);
      float max = work[width];
      float sum = work[width + 1];
      for (int k = 0; k < classes; k++) {
        out[probabilities.offset() + n * classes + k] = work[k] / sum;
      }
      total += VectorMath.log(sum) + ((double) max - in[from + targets.values()[n]]);
    }
    FloatStorage.array(loss)[loss.offset()] = (float) (total / rows);
    pool.give(work);
  }

  @Override
  public void backward(Tensor probabilities, IntTensor targets, Tensor dLoss, Tensor dLogits) {
    int rows = probabilities.dim(0);
    int classes = probabilities.dim(1);
    float[] in = FloatStorage.array(probabilities);
    float[] out = FloatStorage.array(dLogits);
    float scale = (float) ((double) FloatStorage.array(dLoss)[dLoss.offset()] / rows);
    for (int n = 0; n < rows; n++) {
      for (int k = 0; k < classes; k++) {
        float oneHot = k == targets.values()[n] ? 1f : 0f;
        out[dLogits.offset() + n * classes + k] =
            (in[probabilities.offset() + n * classes + k] - oneHot) * scale;
      }
    }
  }
}
