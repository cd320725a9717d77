package dev.jdiffusion.tensor.reference;

import dev.jdiffusion.tensor.Tensor;
import dev.jdiffusion.tensor.ops.Optimizer;
import org.jspecify.annotations.Nullable;

final class ReferenceOptimizer implements Optimizer {
  @Override
  public void adam(
      Tensor numbers,
      Tensor factor,
      Tensor weight,
      Tensor gradient,
      Tensor firstMoment,
      Tensor secondMoment,
      @Nullable Tensor ema) {
    double scale = Values.of(factor).get(0);
    if (Double.isNaN(scale)) {
      return;
    }
    Values step = Values.of(numbers);
    double addedDecay = step.get(0);
    double kept = step.get(1);
    double newFirst = step.get(2);
    double beta2 = step.get(3);
    double newSecond = step.get(4);
    double rate = step.get(5);
    double epsilon = step.get(7);
    double newWeight = step.get(8);
    double secondRoot = step.get(9);
    Values weights = Values.of(weight);
    Values gradients = Values.of(gradient);
    Values first = Values.of(firstMoment);
    Values second = Values.of(secondMoment);
    for (int i = 0; i < weight.size(); i++) {
      double w = weights.get(i);
      double g = gradients.get(i) * scale + addedDecay * w;
      double m = first.get(i) + newFirst * (g - first.get(i));
      double v = beta2 * second.get(i) + newSecond * g * g;
      w = kept * w - rate * m / (Math.sqrt(v) / secondRoot + epsilon);
      first.set(i, m);
      second.set(i, v);
      weights.set(i, w);
      if (ema != null) {
        Values average = Values.of(ema);
        average.add(i, newWeight * (w - average.get(i)));
      }
    }
  }
}
