package dev.jdiffusion.diffusion.process;

import dev.jdiffusion.diffusion.schedule.NoiseSchedule;

/**
 * What the network is trained to predict. With {@code s = sqrt(alphaCumprod_t)} and {@code n =
 * sqrt(1 - alphaCumprod_t)} a noisy picture is {@code x = s * x0 + n * epsilon}, so any of the
 * three determines the others.
 */
public enum Prediction {
  /** The noise (Ho et al. 2020). */
  EPSILON {
    @Override
    Mix target(double s, double n) {
      return new Mix(0, 1);
    }

    @Override
    Mix pictureFrom(double s, double n) {
      return new Mix(1 / s, -n / s);
    }

    @Override
    Mix noiseFrom(double s, double n) {
      return new Mix(0, 1);
    }
  },

  /** The clean picture. */
  X0 {
    @Override
    Mix target(double s, double n) {
      return new Mix(1, 0);
    }

    @Override
    Mix pictureFrom(double s, double n) {
      return new Mix(0, 1);
    }

    @Override
    Mix noiseFrom(double s, double n) {
      return new Mix(1 / n, -s / n);
    }
  },

  /** The velocity {@code s * epsilon - n * x0} (Salimans and Ho 2022). */
  V {
    @Override
    Mix target(double s, double n) {
      return new Mix(-n, s);
    }

    @Override
    Mix pictureFrom(double s, double n) {
      return new Mix(s, -n);
    }

    @Override
    Mix noiseFrom(double s, double n) {
      return new Mix(n, s);
    }
  };

  /** Weights of a sum of two tensors. */
  record Mix(double first, double second) {}

  /** The target as a mix of the clean picture and the noise. */
  abstract Mix target(double s, double n);

  /** The clean picture as a mix of the noisy picture and the prediction. */
  abstract Mix pictureFrom(double s, double n);

  /** The noise as a mix of the noisy picture and the prediction. */
  abstract Mix noiseFrom(double s, double n);

  /** {@link #target} at a timestep. */
  Mix target(NoiseSchedule schedule, int t) {
    return target(schedule.sqrtAlphaCumprod(t), schedule.sqrtOneMinusAlphaCumprod(t));
  }
}
