package dev.jdiffusion.diffusion.process;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.jdiffusion.autograd.Variable;
import dev.jdiffusion.diffusion.schedule.NoiseSchedule;
import dev.jdiffusion.tensor.Backend;
import dev.jdiffusion.tensor.Backends;
import dev.jdiffusion.tensor.Device;
import dev.jdiffusion.tensor.IntTensor;
import dev.jdiffusion.tensor.Scope;
import dev.jdiffusion.tensor.Shape;
import dev.jdiffusion.tensor.Tensor;
import dev.jdiffusion.tensor.ops.Loss;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class DiffusionProcessTest {
  private static final Shape SHAPE = Shape.of(3, 2, 2, 1);

  private final Backend backend = Backends.open(Device.REFERENCE);
  private final NoiseSchedule schedule = NoiseSchedule.cosine(50);
  private final IntTensor timesteps = IntTensor.of(0, 20, 49);

  @Test
  void everyPictureGetsTheNoiseOfItsOwnTimestep() {
    try (Scope scope = Scope.open()) {
      DiffusionProcess process = new DiffusionProcess(schedule, Prediction.EPSILON, Loss.Kind.MSE);
      double[] noisy = process.addNoise(picture(), noise(), timesteps).toDoubles();
      for (int i = 0; i < 12; i++) {
        int t = timesteps.values()[i / 4];
        double expected =
            Math.sqrt(schedule.alphaCumprod(t)) * picture().toDoubles()[i]
                + Math.sqrt(1 - schedule.alphaCumprod(t)) * noise().toDoubles()[i];
        assertEquals(expected, noisy[i], 1e-12);
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void aPerfectPredictionHasNoLossAndGivesThePictureBack(Prediction prediction) {
    try (Scope scope = Scope.open()) {
      DiffusionProcess process = new DiffusionProcess(schedule, prediction, Loss.Kind.HUBER);
      Tensor target = process.target(picture(), noise(), timesteps);
      assertEquals(
          0,
          process
              .loss((x, t) -> Variable.constant(target), picture(), noise(), timesteps)
              .value()
              .item());
      for (int n = 0; n < 3; n++) {
        Shape one = Shape.of(2, 2, 1);
        Tensor noisy = process.addNoise(picture(), noise(), timesteps).range(4 * n, one);
        Tensor recovered =
            CleanPicture.predict(
                schedule, prediction, timesteps.values()[n], target.range(4 * n, one), noisy);
        assertArrayEquals(
            picture().range(4 * n, one).toDoubles(), recovered.toDoubles(), 1e-6, "picture " + n);
      }
    }
  }

  @Test
  void aPictureDoesNotDependOnTheOthersOfItsBatch() {
    Sampler sampler = new DdpmSampler(schedule, Prediction.V, Timesteps.TRAILING.list(7, 50));
    Denoiser model = (x, t) -> x;
    Shape shape = Shape.of(2, 2, 1);
    float[] five = Sampling.sample(model, backend, sampler, shape, 9, 0, 5, Sampling.Listener.NONE);
    float[] third =
        Sampling.sample(model, backend, sampler, shape, 9, 2, 1, Sampling.Listener.NONE);
    assertArrayEquals(Arrays.copyOfRange(five, 8, 12), third);
  }

  private Tensor picture() {
    return Tensor.of(backend, SHAPE, ramp(0.15, -0.9));
  }

  private Tensor noise() {
    return Tensor.of(backend, SHAPE, ramp(-0.31, 1.7));
  }

  private static double[] ramp(double slope, double start) {
    double[] values = new double[SHAPE.size()];
    Arrays.setAll(values, i -> start + slope * i);
    return values;
  }
}
