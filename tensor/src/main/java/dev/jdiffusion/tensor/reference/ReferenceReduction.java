package dev.jdiffusion.tensor.reference;

import dev.jdiffusion.tensor.Tensor;
import dev.jdiffusion.tensor.ops.Reduction;

final class ReferenceReduction implements Reduction {
  @Override
  public void sumTo(Tensor x, Tensor out, boolean accumulate) {
    Values from = Values.of(x);
    Values to = Values.of(out);
    if (!accumulate) {
      for (int i = 0; i < out.size(); i++) {
        to.set(i, 0);
      }
    }
    Broadcast broadcast = new Broadcast(out.shape(), x.shape());
    for (int i = 0; i < x.size(); i++) {
      to.add(broadcast.index(i), from.get(i));
    }
  }

  @Override
  public double sumOfSquares(Tensor x) {
    Values values = Values.of(x);
    double sum = 0;
    for (int i = 0; i < x.size(); i++) {
      sum += values.get(i) * values.get(i);
    }
    return sum;
  }
}
