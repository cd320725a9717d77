package dev.jdiffusion.tensor.reference;

import dev.jdiffusion.tensor.Tensor;
import dev.jdiffusion.tensor.ops.Optimizer;
import org.jspecify.annotations.Nullable;

final class ReferenceOptimizer implements Optimizer {
  @Override
  public void adam(
      AdamStep step,
      Tensor weight,
      Tensor gradient,
      Tensor firstMoment,
      Tensor secondMoment,
      @Nullable Tensor ema) {
    double beta1 = step.beta1();
    double beta2 = step.beta2();
    double rate = step.learningRate() / (1 - Math.pow(beta1, step.step()));
    double rootCorrection = Math.sqrt(1 - Math.pow(beta2, step.step()));
    Values weights = Values.of(weight);
    Values gradients = Values.of(gradient);
    Values first = Values.of(firstMoment);
    Values second = Values.of(secondMoment);
    for (int i = 0; i < weight.size(); i++) {
      double w = weights.get(i);
      double g = gradients.get(i) * step.gradientScale();
      if (step.decoupled()) {
        w *= 1 - step.learningRate() * step.weightDecay();
      } else {
        g += step.weightDecay() * w;
      }
      double m = first.get(i) + (1 - beta1) * (g - first.get(i));
      double v = beta2 * second.get(i) + (1 - beta2) * g * g;
      w -= rate * m / (Math.sqrt(v) / rootCorrection + step.epsilon());
      first.set(i, m);
      second.set(i, v);
      weights.set(i, w);
      if (ema != null) {
        Values average = Values.of(ema);
        average.add(i, (1 - step.emaDecay()) * (w - average.get(i)));
      }
    }
  }
}
