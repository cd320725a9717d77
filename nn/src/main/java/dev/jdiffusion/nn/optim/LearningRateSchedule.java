package dev.jdiffusion.nn.optim;

/**
 * Linear warm-up, then half a cosine down to a floor (Loshchilov and Hutter 2017), then the floor.
 *
 * <pre>
 * step &lt;  warmupSteps:   peak * (step + 1) / warmupSteps
 * step &gt;= warmupSteps:   floor + (peak - floor) * (1 + cos(pi * p)) / 2
 *                        p = (step - warmupSteps) / (totalSteps - warmupSteps), at most 1
 * </pre>
 *
 * @param peak the highest rate
 * @param floor the lowest rate; equal to {@code peak} for a constant rate
 * @param warmupSteps may be 0
 * @param totalSteps at which the floor is reached
 */
public record LearningRateSchedule(double peak, double floor, long warmupSteps, long totalSteps) {
  public LearningRateSchedule {
    if (!(peak > 0) || !(floor >= 0) || floor > peak || Double.isInfinite(peak)) {
      throw new IllegalArgumentException(
          "learning rate: needs 0 <= floor <= peak and peak > 0, got floor "
              + floor
              + " and peak "
              + peak);
    }
    if (warmupSteps < 0 || totalSteps < 1) {
      throw new IllegalArgumentException(
          "learning rate: warm-up of "
              + warmupSteps
              + " steps and a total of "
              + totalSteps
              + " are out of range");
    }
  }

  /** The same rate at every step. */
  public static LearningRateSchedule constant(double rate) {
    return new LearningRateSchedule(rate, rate, 0, 1);
  }

  /**
   * The rate of a step.
   *
   * @param step counts from 0
   */
  public double at(long step) {
    if (step < warmupSteps) {
      return peak * (step + 1) / warmupSteps;
    }
    if (step >= totalSteps) {
      return floor;
    }
    double progress = (double) (step - warmupSteps) / (totalSteps - warmupSteps);
    return floor + (peak - floor) * 0.5 * (1 + StrictMath.cos(Math.PI * progress));
  }
}
