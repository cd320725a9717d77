package dev.jdiffusion.tensor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class MachineLimitsTest {
  private final MachineLimits limits = new MachineLimits(500e9, 50e9);

  @Test
  void theSlowerOfArithmeticAndMemoryDecidesTheLeastTime() {
    assertEquals(2, limits.seconds(1000e9, 10e9), 1e-12);
    assertEquals(3, limits.seconds(1000e9, 150e9), 1e-12);
  }

  @Test
  void workWithManyOperationsAByteIsBoundByArithmetic() {
    assertTrue(limits.isBoundByFlops(11, 1));
    assertFalse(limits.isBoundByFlops(9, 1));
    assertFalse(limits.isBoundByFlops(0, 0));
  }

  @Test
  void theFastestRunCountsInWorkPerSecond() {
    long[] now = {0};
    long[] durations = {4000, 4000, 1000, 2000, 2000, 2000, 2000};
    int[] runs = {0};
    double rate =
        MachineLimits.rate(
            6000,
            1_000_000,
            () -> {
              now[0] += durations[runs[0]++];
              return 50;
            },
            () -> now[0]);
    assertEquals(6, runs[0], "runs until none has been faster for so long");
    assertEquals(50e6, rate, 1e-3);
  }

  @Test
  void aMeasurementEndsWhereEveryRunIsFaster() {
    long[] now = {0};
    int[] runs = {0};
    double rate =
        MachineLimits.rate(
            6000,
            10_000,
            () -> {
              now[0] += 1000;
              return ++runs[0];
            },
            () -> now[0]);
    assertEquals(10, runs[0]);
    assertEquals(10e6, rate, 1e-3);
  }

  @ParameterizedTest
  @ValueSource(strings = {"reference", "cpu"})
  void aDeviceIsMeasuredAndItsMemoryReturned(String device) {
    Backend backend = Backends.open(Device.parse(device), 2);
    MachineLimits measured = MachineLimits.measure(backend);
    // How fast the machine is, and what else it does meanwhile, decides nothing here.
    assertTrue(
        measured.flopsPerSecond() > 0 && Double.isFinite(measured.flopsPerSecond()),
        measured.toString());
    assertTrue(
        measured.bytesPerSecond() > 0 && Double.isFinite(measured.bytesPerSecond()),
        measured.toString());
    assertEquals(0, backend.memory().inUse());
  }
}
