package dev.jdiffusion.tensor.reference;

import dev.jdiffusion.tensor.Tensor;
import dev.jdiffusion.tensor.ops.Softmax;

final class ReferenceSoftmax implements Softmax {
  @Override
  public void forward(Tensor x, Tensor out) {
    int channels = x.dim(-1);
    Values in = Values.of(x);
    Values result = Values.of(out);
    for (int row = 0; row < x.size(); row += channels) {
      double max = Double.NEGATIVE_INFINITY;
      for (int c = 0; c < channels; c++) {
        max = Math.max(max, in.get(row + c));
      }
      double sum = 0;
      for (int c = 0; c < channels; c++) {
        sum += Math.exp(in.get(row + c) - max);
      }
      for (int c = 0; c < channels; c++) {
        result.set(row + c, Math.exp(in.get(row + c) - max) / sum);
      }
    }
  }

  @Override
  public void backward(Tensor y, Tensor dy, Tensor dx) {
    int channels = y.dim(-1);
    Values probability = Values.of(y);
    Values d = Values.of(dy);
    Values result = Values.of(dx);
    for (int row = 0; row < y.size(); row += channels) {
      double sum = 0;
      for (int c = 0; c < channels; c++) {
        sum += probability.get(row + c) * d.get(row + c);
      }
      for (int c = 0; c < channels; c++) {
        result.set(row + c, probability.get(row + c) * (d.get(row + c) - sum));
      }
    }
  }
}
