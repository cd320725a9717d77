package dev.jdiffusion.diffusion.process;

import dev.jdiffusion.tensor.RandomKey;
import dev.jdiffusion.tensor.Tensor;
import dev.jdiffusion.tensor.ops.RandomFill.DeviceKey;

/**
 * What a diffusion model draws random numbers for; initial weights and dropout belong to its
 * layers, which have numbers of their own. Each purpose has its own streams, by a number that must
 * never change: it decides the bits of all pictures and trainings.
 */
public enum RandomPurpose {
  /** The noise added in training; rows are places in the batch. */
  TRAINING_NOISE(1),
  /** The timesteps of training; rows are places in the batch. */
  TRAINING_TIMESTEP(2),
  /** What sampling starts from; rows are pictures. */
  SAMPLE_START(3),
  /** The noise of a step of sampling; rows are pictures, the step is the timestep. */
  SAMPLE_STEP(4);

  private final int number;

  RandomPurpose(int number) {
    this.number = number;
  }

  /** The key of this purpose's streams for a step. */
  public RandomKey key(long seed, int step) {
    return new RandomKey(seed, number, step);
  }

  /**
   * The same with the step on the device.
   *
   * @param step see {@link DeviceKey#step}
   */
  public DeviceKey key(long seed, Tensor step) {
    return new DeviceKey(seed, number, step);
  }
}
