package dev.jdiffusion.tensor.reference;

import dev.jdiffusion.tensor.IntTensor;
import dev.jdiffusion.tensor.Tensor;
import dev.jdiffusion.tensor.ops.CrossEntropy;

final class ReferenceCrossEntropy implements CrossEntropy {
  @Override
  public void forward(Tensor logits, IntTensor targets, Tensor loss, Tensor probabilities) {
    int rows = logits.dim(0);
    int classes = logits.dim(1);
    Values in = Values.of(logits);
    Values result = Values.of(probabilities);
    double total = 0;
    for (int n = 0; n < rows; n++) {
      double max = Double.NEGATIVE_INFINITY;
      for (int k = 0; k < classes; k++) {
        max = Math.max(max, in.get(n, k));
      }
      double sum = 0;
      for (int k = 0; k < classes; k++) {
        sum += Math.exp(in.get(n, k) - max);
      }
      double logSumExp = max + Math.log(sum);
      for (int k = 0; k < classes; k++) {
        result.set(n, k, Math.exp(in.get(n, k) - logSumExp));
      }
      total += logSumExp - in.get(n, targets.values()[n]);
    }
    Values.of(loss).set(0, total / rows);
  }

  @Override
  public void backward(Tensor probabilities, IntTensor targets, Tensor dLoss, Tensor dLogits) {
    int rows = probabilities.dim(0);
    int classes = probabilities.dim(1);
    Values probability = Values.of(probabilities);
    Values result = Values.of(dLogits);
    double upstream = Values.of(dLoss).get(0);
    for (int n = 0; n < rows; n++) {
      for (int k = 0; k < classes; k++) {
        double oneHot = k == targets.values()[n] ? 1 : 0;
        result.set(n, k, (probability.get(n, k) - oneHot) * upstream / rows);
      }
    }
  }
}
