package dev.jdiffusion.diffusion.process;

import dev.jdiffusion.diffusion.schedule.NoiseSchedule;
import dev.jdiffusion.tensor.Tensor;
import dev.jdiffusion.tensor.ops.Elementwise;

/**
 * The ancestral sampler of DDPM (Ho et al. 2020, algorithm 2): draws from the posterior {@code
 * q(x_prev | x_t, x0)} with x0 the predicted picture, clipped to [-1, 1].
 *
 * <pre>
 * alpha = alphaCumprod_t / alphaCumprod_prev,  beta = 1 - alpha
 * x_prev = sqrt(alphaCumprod_prev) beta / (1 - alphaCumprod_t) * x0
 *        + sqrt(alpha) (1 - alphaCumprod_prev) / (1 - alphaCumprod_t) * x
 *        + sqrt((1 - alphaCumprod_prev) / (1 - alphaCumprod_t) * beta) * noise
 * </pre>
 *
 * where prev is the next timestep of the list, or the clean picture after the last one, which gets
 * no noise.
 */
public final class DdpmSampler implements Sampler {
  /** Below this the posterior variance is taken as this: its logarithm must exist (Ho et al.). */
  private static final double MIN_VARIANCE = 1e-20;

  private final NoiseSchedule schedule;
  private final Prediction prediction;
  private final int[] timesteps;

  public DdpmSampler(NoiseSchedule schedule, Prediction prediction, int[] timesteps) {
    this.schedule = schedule;
    this.prediction = prediction;
    this.timesteps = timesteps.clone();
  }

  @Override
  public int[] timesteps() {
    return timesteps.clone();
  }

  @Override
  public boolean needsNoise(int index) {
    return timesteps[index] > 0 && index < timesteps.length - 1;
  }

  /** The variance of the noise added in a step, before it is bounded from below. */
  double variance(int index) {
    double current = schedule.alphaCumprod(timesteps[index]);
    double previous = CleanPicture.previousAlphaCumprod(schedule, timesteps, index);
    return (1 - previous) / (1 - current) * (1 - current / previous);
  }

  @Override
  public void step(int index, Tensor output, Tensor x, Tensor noise) {
    double current = schedule.alphaCumprod(timesteps[index]);
    double previous = CleanPicture.previousAlphaCumprod(schedule, timesteps, index);
    double alpha = current / previous;
    Tensor picture = CleanPicture.predict(schedule, prediction, timesteps[index], output, x);
    Elementwise elementwise = x.backend().elementwise();
    elementwise.affine(x, Math.sqrt(alpha) * (1 - previous) / (1 - current), 0, x);
    elementwise.addScaled(Math.sqrt(previous) * (1 - alpha) / (1 - current), picture, x);
    if (needsNoise(index)) {
      elementwise.addScaled(Math.sqrt(Math.max(variance(index), MIN_VARIANCE)), noise, x);
    }
  }
}
