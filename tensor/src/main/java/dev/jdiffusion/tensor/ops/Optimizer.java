package dev.jdiffusion.tensor.ops;

import dev.jdiffusion.tensor.Halfwords;
import dev.jdiffusion.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * One step of Adam (Kingma and Ba 2015) or AdamW (Loshchilov and Hutter 2019) with the weights'
 * moving average, and the clipping before it (Pascanu, Mikolov and Bengio 2013).
 *
 * <p>What differs between steps comes from tensors, so that a step can be {@linkplain
 * dev.jdiffusion.tensor.Recorder recorded}, and no step waits for the host to read a norm.
 */
public interface Optimizer {
  /** Elements of what {@link #clip} finds: the factor, and the norm as {@link Halfwords}. */
  int CLIPPED = 1 + Halfwords.DOUBLE;

  /** Keeps a gradient of norm 0 from dividing by it. */
  double CLIP_EPSILON = 1e-6;

  /**
   * The numbers of one step.
   *
   * @param weightDecay 0 for none
   * @param decoupled whether the decay shrinks the weights directly (AdamW) or is added to the
   *     gradient (Adam)
   * @param step counts from 1; for the bias correction
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
      double emaDecay) {
    /** How many {@link #numbers} there are. */
    public static final int NUMBERS = 10;

    /**
     * What {@link Optimizer#adam} multiplies with, of these names and in this order:
     *
     * <pre>
     * addedDecay   weightDecay                        (0 if decoupled)
     * kept         1 - learningRate * weightDecay     (1 if not decoupled)
     * newFirst     1 - beta1
     * beta2
     * newSecond    1 - beta2
     * rate         learningRate / (1 - beta1^step)
     * secondScale  1 / sqrt(1 - beta2^step)
     * epsilon
     * newWeight    1 - emaDecay
     * secondRoot   sqrt(1 - beta2^step)               (for those who divide instead)
     * </pre>
     */
    public double[] numbers() {
      double secondRoot = StrictMath.sqrt(1 - StrictMath.pow(beta2, step));
      return new double[] {
        decoupled ? 0 : weightDecay,
        decoupled ? 1 - learningRate * weightDecay : 1,
        1 - beta1,
        beta2,
        1 - beta2,
        learningRate / (1 - StrictMath.pow(beta1, step)),
        1 / secondRoot,
        epsilon,
        1 - emaDecay,
        secondRoot
      };
    }
  }

  /**
   * Finds what a gradient has to be multiplied by:
   *
   * <pre>
   * norm   = scale * sqrt(sum of the gradient's squares)
   * factor = scale * min(1, maxNorm / (norm + 1e-6)),   NaN if the norm or a loss is not finite
   * </pre>
   *
   * @param scale 1 / the number of micro-batches that were added up
   * @param maxNorm infinite for no clipping
   * @param losses any number of them
   * @param clipped {@code [}{@value #CLIPPED}{@code ]}: the factor, then the norm in double
   *     precision, as {@link Halfwords}
   */
  default void clip(double scale, double maxNorm, Tensor gradient, Tensor losses, Tensor clipped) {
    double norm = Math.sqrt(gradient.backend().reduction().sumOfSquares(gradient)) * scale;
    boolean finite = Double.isFinite(norm);
    for (double loss : losses.toDoubles()) {
      finite &= Double.isFinite(loss);
    }
    double[] found = new double[CLIPPED];
    found[0] = finite ? scale * Math.min(1, maxNorm / (norm + CLIP_EPSILON)) : Double.NaN;
    Halfwords.put(norm, found, 1);
    clipped.copyFrom(found);
  }

  /**
   * <pre>
   * g = gradient * factor + addedDecay * w
   * m = m + newFirst * (g - m);   v = beta2 * v + newSecond * g^2
   * w = kept * w - rate * m / (sqrt(v) * secondScale + epsilon)
   * ema = ema + newWeight * (w - ema)
   * </pre>
   *
   * @param numbers the {@link AdamStep#numbers} of the step
   * @param factor a scalar, see {@link #clip}; with NaN nothing is changed
   * @param gradient read only
   */
  void adam(
      Tensor numbers,
      Tensor factor,
      Tensor weight,
      Tensor gradient,
      Tensor firstMoment,
      Tensor secondMoment,
      @Nullable Tensor ema);
}
