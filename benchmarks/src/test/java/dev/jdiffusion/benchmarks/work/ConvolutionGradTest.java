package dev.jdiffusion.benchmarks.work;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import dev.jdiffusion.benchmarks.work.Workload.ConvolutionGrad.Gradient;
import dev.jdiffusion.tensor.ops.Convolution.Geometry;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

class ConvolutionGradTest {
  private static final Workload.Convolution WORK =
      new Workload.Convolution(
          2, 8, 16, 32, 3, new Geometry(1, 1, 1), false, Workload.Pass.BACKWARD);

  private static float[] compute(String device, Workload work) {
    Operation operation = Contenders.open(device, 1).prepare(work);
    // The second run must not add to the first one.
    operation.run();
    operation.run();
    return operation.result();
  }

  private static float[] gradient(String device, Gradient gradient) {
    return compute(device, new Workload.ConvolutionGrad(WORK, gradient));
  }

  @Test
  void eachGradientIsThatOfTheWholeBackwardPass() {
    float[] all = compute("cpu", WORK);
    int inputs = WORK.inputSize();
    assertArrayEquals(Arrays.copyOf(all, inputs), gradient("cpu", Gradient.INPUT), 1e-4f);
    assertArrayEquals(
        Arrays.copyOfRange(all, inputs, inputs + WORK.weightSize()),
        gradient("cpu", Gradient.WEIGHT),
        1e-4f);
  }
}
