package dev.jdiffusion.diffusion.process;

import dev.jdiffusion.diffusion.UserError;

/** Choices of timesteps for sampling in fewer steps than the model was trained with. */
public enum Timesteps {
  /**
   * From T-1 down in equal strides, the clean end left out (Lin et al. 2024, "Common diffusion
   * noise schedules ..."). Starts at pure noise, as training did.
   */
  TRAILING {
    @Override
    int at(int i, int steps, int total) {
      return (int) StrictMath.rint(total - (double) i * total / steps) - 1;
    }
  },

  /** Multiples of {@code T / steps}, down to 0: what the DDIM paper's code does. */
  LEADING {
    @Override
    int at(int i, int steps, int total) {
      return (steps - 1 - i) * (total / steps);
    }
  };

  abstract int at(int i, int steps, int total);

  /**
   * A strictly falling list.
   *
   * @param steps how many, at most total
   * @param total T, with which the model was trained
   */
  public int[] list(int steps, int total) {
    if (steps < 1 || steps > total) {
      throw new UserError(
          "cannot sample in "
              + steps
              + " steps: the model was trained with "
              + total
              + " timesteps; choose 1 to "
              + total);
    }
    int[] list = new int[steps];
    for (int i = 0; i < steps; i++) {
      list[i] = at(i, steps, total);
    }
    return list;
  }
}
