package dev.jdiffusion.tensor.reference;

import dev.jdiffusion.tensor.Tensor;
import dev.jdiffusion.tensor.ops.Loss;

final class ReferenceLoss implements Loss {
  @Override
  public void forward(Kind kind, Tensor prediction, Tensor target, Tensor loss) {
    Values predicted = Values.of(prediction);
    Values wanted = Values.of(target);
    double sum = 0;
    for (int i = 0; i < prediction.size(); i++) {
      double d = predicted.get(i) - wanted.get(i);
      sum +=
          switch (kind) {
            case MSE -> d * d;
            case L1 -> Math.abs(d);
            case HUBER -> Math.abs(d) <= 1 ? d * d / 2 : Math.abs(d) - 0.5;
          };
    }
    Values.of(loss).set(0, sum / prediction.size());
  }

  @Override
  public void backward(
      Kind kind, Tensor prediction, Tensor target, Tensor dLoss, Tensor dPrediction) {
    Values predicted = Values.of(prediction);
    Values wanted = Values.of(target);
    Values result = Values.of(dPrediction);
    double upstream = Values.of(dLoss).get(0);
    for (int i = 0; i < prediction.size(); i++) {
      double d = predicted.get(i) - wanted.get(i);
      double slope =
          switch (kind) {
            case MSE -> 2 * d;
            case L1 -> Math.signum(d);
            case HUBER -> Math.clamp(d, -1.0, 1.0);
          };
      result.set(i, slope * upstream / prediction.size());
    }
  }
}
