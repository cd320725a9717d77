package dev.jdiffusion.diffusion.train;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.OptionalDouble;

/** The losses of the last steps that had one, for a number that does not jump from step to step. */
final class RecentLosses {
  private static final int MOST = 50;

  private final Deque<Double> losses = new ArrayDeque<>();

  /** Adds a step's loss; one that is infinite or NaN says nothing of how good the network is. */
  void add(double loss) {
    if (Double.isFinite(loss)) {
      if (losses.size() == MOST) {
        losses.removeFirst();
      }
      losses.addLast(loss);
    }
  }

  int count() {
    return losses.size();
  }

  /** Empty where no step has had a loss yet. */
  OptionalDouble mean() {
    return losses.stream().mapToDouble(Double::doubleValue).average();
  }
}
