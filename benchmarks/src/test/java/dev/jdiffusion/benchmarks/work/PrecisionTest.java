package dev.jdiffusion.benchmarks.work;

import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class PrecisionTest {
  /** Large enough for a tile of tensor cores. */
  private static final Workload.MatMul WORK = new Workload.MatMul(1024, 64, 1024, false, false);

  private static float[] compute(String device) {
    Operation operation = Contenders.open(device, 2).prepare(WORK);
    operation.run();
    return operation.result();
  }

  /** The largest, as a part of the largest value. */
  private static double difference(float[] expected, float[] actual) {
    double largest = 0;
    double difference = 0;
    for (int i = 0; i < expected.length; i++) {
      largest = Math.max(largest, Math.abs(expected[i]));
      difference = Math.max(difference, Math.abs((double) actual[i] - expected[i]));
    }
    return difference / largest;
  }

  @Test
  void thePrecisionInADevicesNameRoundsItsProducts() {
    float[] exact = compute("cuda:emulator");
    double tf32 = difference(exact, compute("cuda:emulator-tf32"));
    double bf16 = difference(exact, compute("cuda:emulator-bf16"));
    assertTrue(tf32 > 1e-5 && tf32 < 2e-3, () -> "tf32: " + tf32);
    assertTrue(bf16 > 4 * tf32 && bf16 < 1.6e-2, () -> "bf16: " + bf16);
  }
}
