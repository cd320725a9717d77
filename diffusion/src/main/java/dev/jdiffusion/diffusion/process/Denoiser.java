package dev.jdiffusion.diffusion.process;

import dev.jdiffusion.autograd.Variable;
import dev.jdiffusion.tensor.IntTensor;

/** A network that looks at noisy pictures and predicts what {@link Prediction} says. */
@FunctionalInterface
public interface Denoiser {
  /**
   * @param x noisy pictures {@code [N, H, W, C]}
   * @param timesteps {@code [N]}, in 0..T-1: how noisy each one is
   * @return the prediction, of x's shape
   */
  Variable predict(Variable x, IntTensor timesteps);
}
