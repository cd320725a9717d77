package dev.jdiffusion.nn.optim;

/**
 * How much of the old average the weights' exponential moving average keeps: {@code min(decay, (1 +
 * step) / (10 + step))}. Without this warm-up a short run would sample from its initial weights.
 *
 * @param decay the limit, in [0, 1)
 */
public record EmaSchedule(double decay) {
  public EmaSchedule {
    if (!(decay >= 0 && decay < 1)) {
      throw new IllegalArgumentException("ema: decay must lie in [0, 1), got " + decay);
    }
  }

  /**
   * The decay of a step.
   *
   * @param step counts from 0
   */
  public double at(long step) {
    return Math.min(decay, (1.0 + step) / (10.0 + step));
  }
}
