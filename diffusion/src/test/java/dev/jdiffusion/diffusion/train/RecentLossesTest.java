package dev.jdiffusion.diffusion.train;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;

class RecentLossesTest {
  private final RecentLosses losses = new RecentLosses();

  @Test
  void withoutALossThereIsNoMean() {
    losses.add(Double.NaN);
    losses.add(Double.POSITIVE_INFINITY);
    assertEquals(OptionalDouble.empty(), losses.mean());
    assertEquals(0, losses.count());
  }

  @Test
  void theMeanLeavesSkippedStepsOut() {
    for (double loss : new double[] {1, Double.NaN, 3}) {
      losses.add(loss);
    }
    assertEquals(OptionalDouble.of(2), losses.mean());
    assertEquals(2, losses.count());
  }

  @Test
  void whatIsLongPastDoesNotCount() {
    losses.add(1000);
    for (int i = 0; i < 50; i++) {
      losses.add(0.5);
    }
    assertEquals(OptionalDouble.of(0.5), losses.mean());
    assertEquals(50, losses.count());
  }
}
