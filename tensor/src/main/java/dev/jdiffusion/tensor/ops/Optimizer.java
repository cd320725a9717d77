package dev.jdiffusion.tensor.ops;

import dev.jdiffusion.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * One step of Adam (Kingma and Ba 2015) or AdamW (Loshchilov and Hutter 2019) with the weights'
 * moving average.
 */
public interface Optimizer {
  /**
   * The numbers of one step.
   *
   * @param weightDecay 0 for none
   * @param decoupled whether the decay shrinks the weights directly (AdamW) or is added to the
   *     gradient (Adam)
   * @param step counts from 1; for the bias correction
   * @param gradientScale multiplies the gradient first: clipping, and the mean over accumulated
   *     micro-batches
   * @param emaDecay weight of the old average
   */
  record AdamStep(
      double learningRate,
      double beta1,
      double beta2,
      double epsilon,
      double weightDecay,
      boolean decoupled,
      long step,
      double gradientScale,
      double emaDecay) {}

  /**
   * <pre>
   * g = gradient * gradientScale        (+ weightDecay * w if not decoupled)
   * w = w * (1 - learningRate * weightDecay)                  if decoupled
   * m = m + (1 - beta1) * (g - m);   v = beta2 * v + (1 - beta2) * g^2
   * w = w - learningRate / (1 - beta1^step) * m / (sqrt(v) / sqrt(1 - beta2^step) + epsilon)
   * ema = ema + (1 - emaDecay) * (w - ema)
   * </pre>
   *
   * @param gradient read only
   */
  void adam(
      AdamStep step,
      Tensor weight,
      Tensor gradient,
      Tensor firstMoment,
      Tensor secondMoment,
      @Nullable Tensor ema);
}
