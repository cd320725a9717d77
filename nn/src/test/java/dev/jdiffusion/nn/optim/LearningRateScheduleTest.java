package dev.jdiffusion.nn.optim;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class LearningRateScheduleTest {
  private final LearningRateSchedule schedule = new LearningRateSchedule(1e-3, 1e-5, 10, 110);

  @Test
  void warmUpRisesLinearlyToThePeak() {
    assertEquals(1e-4, schedule.at(0), 1e-18);
    assertEquals(5e-4, schedule.at(4), 1e-18);
    assertEquals(1e-3, schedule.at(9), 1e-18);
  }

  @Test
  void cosineFallsFromThePeakToTheFloor() {
    assertEquals(1e-3, schedule.at(10), 1e-18);
    assertEquals((1e-3 + 1e-5) / 2, schedule.at(60), 1e-15);
    assertEquals(1e-5 + (1e-3 - 1e-5) * 0.5 * (1 + Math.sqrt(0.5)), schedule.at(35), 1e-15);
    assertEquals(1e-5, schedule.at(110), 0);
    assertEquals(1e-5, schedule.at(1_000_000), 0);
    for (long step = 11; step < 120; step++) {
      assertTrue(schedule.at(step) <= schedule.at(step - 1), "rises at step " + step);
    }
  }

  @Test
  void constantRateStaysTheSame() {
    LearningRateSchedule constant = LearningRateSchedule.constant(2e-4);
    assertEquals(2e-4, constant.at(0), 0);
    assertEquals(2e-4, constant.at(5), 0);
  }

  @Test
  void aWarmUpLongerThanTheRunNeverReachesThePeak() {
    LearningRateSchedule shortRun = new LearningRateSchedule(1e-3, 0, 100, 50);
    assertEquals(5e-4, shortRun.at(49), 1e-18);
    assertEquals(0, shortRun.at(100), 0);
  }

  @Test
  void rejectsAFloorAboveThePeak() {
    IllegalArgumentException e =
        assertThrows(
            IllegalArgumentException.class, () -> new LearningRateSchedule(1e-4, 1e-3, 0, 10));
    assertTrue(e.getMessage().contains("floor 0.001"), e.getMessage());
    assertThrows(
        IllegalArgumentException.class, () -> new LearningRateSchedule(Double.NaN, 0, 0, 10));
  }

  @Test
  void averageWarmsUpToItsDecay() {
    EmaSchedule ema = new EmaSchedule(0.995);
    assertEquals(0.1, ema.at(0), 0);
    assertEquals(11.0 / 20.0, ema.at(10), 1e-16);
    assertEquals(0.995, ema.at(100_000), 0);
    assertThrows(IllegalArgumentException.class, () -> new EmaSchedule(1));
  }
}
