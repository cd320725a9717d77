package dev.jdiffusion.diffusion.process;

import dev.jdiffusion.tensor.RandomKey;
import dev.jdiffusion.tensor.Tensor;
import dev.jdiffusion.tensor.ops.RandomFill.DeviceKey;

/**
 * What random numbers are drawn for. Each purpose has streams of its own; the order is part of the
 * file format.
 */
public enum RandomPurpose {
  /** Initial weights; rows are parameters. */
  WEIGHTS,
  /** The noise added in training; rows are places in the batch. */
  TRAINING_NOISE,
  /** The timesteps of training; rows are places in the batch. */
  TRAINING_TIMESTEP,
  /** What sampling starts from; rows are pictures. */
  SAMPLE_START,
  /** The noise of a step of sampling; rows are pictures, the step is the timestep. */
  SAMPLE_STEP,
  /** Dropout masks. */
  DROPOUT;

  /** The key of this purpose's streams for a step. */
  public RandomKey key(long seed, int step) {
    return new RandomKey(seed, ordinal(), step);
  }

  /**
   * The same with the step on the device.
   *
   * @param step see {@link DeviceKey#step}
   */
  public DeviceKey key(long seed, Tensor step) {
    return new DeviceKey(seed, ordinal(), step);
  }
}
