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

  @ParameterizedTest
  @ValueSource(strings = {"reference", "cpu"})
  void aDeviceIsMeasuredAndItsMemoryReturned(String device) {
    Backend backend = Backends.open(Device.parse(device), 2);
    MachineLimits measured = MachineLimits.measure(backend);
    // Bounds that no machine is outside of, to catch a wrong unit.
    assertTrue(
        measured.flopsPerSecond() > 1e6 && measured.flopsPerSecond() < 1e16, measured.toString());
    assertTrue(
        measured.bytesPerSecond() > 1e6 && measured.bytesPerSecond() < 1e15, measured.toString());
    assertEquals(0, backend.memory().inUse());
  }
}
