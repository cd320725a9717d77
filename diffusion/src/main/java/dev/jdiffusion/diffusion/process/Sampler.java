package dev.jdiffusion.diffusion.process;

import dev.jdiffusion.tensor.Tensor;

/** The rule that turns a prediction into slightly less noisy pictures. Immutable. */
public sealed interface Sampler permits DdpmSampler, DdimSampler {
  /** The timesteps to visit, noisiest first. */
  int[] timesteps();

  /** Whether {@link #step} reads its noise. */
  boolean needsNoise(int index);

  /**
   * One step.
   *
   * @param index position in {@link #timesteps}
   * @param prediction what the network said of x
   * @param x the noisy pictures, overwritten with the less noisy ones
   * @param noise standard normal numbers, of x's shape
   */
  void step(int index, Tensor prediction, Tensor x, Tensor noise);
}
