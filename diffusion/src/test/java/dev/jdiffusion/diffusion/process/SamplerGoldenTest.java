package dev.jdiffusion.diffusion.process;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.jdiffusion.diffusion.schedule.NoiseSchedule;
import dev.jdiffusion.tensor.Backend;
import dev.jdiffusion.tensor.Backends;
import dev.jdiffusion.tensor.Device;
import dev.jdiffusion.tensor.Scope;
import dev.jdiffusion.tensor.Shape;
import dev.jdiffusion.tensor.Tensor;
import java.io.IOException;
import java.io.InputStream;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** Whole sampling loops against the sums that huggingface/diffusers asserts. */
class SamplerGoldenTest {
  private static final Shape SHAPE = Shape.of(4, 3, 8, 8);

  private final Backend backend = Backends.open(Device.REFERENCE);
  private final NoiseSchedule schedule = NoiseSchedule.linear(1000);

  @Test
  void theGeneratorOfTheFixturesIsPyTorchs() throws IOException {
    JsonNode golden = golden("torch-generator");
    double[] seed0 = new TorchGenerator(0).normal(16);
    for (int i = 0; i < 16; i++) {
      assertEquals(golden.get("seed0_randn16").get(i).asDouble(), seed0[i], 1e-6);
    }
    double[] seed1 = new TorchGenerator(1).normal(16);
    for (int i = 0; i < 4; i++) {
      assertEquals(golden.get("seed1_randn16_first4").get(i).asDouble(), seed1[i], 1e-6);
    }
  }

  @TestFactory
  Stream<DynamicTest> samplingLoopsEndAtThePublishedSums() throws IOException {
    return StreamSupport.stream(golden("sampling-loops").get("cases").spliterator(), false)
        .map(golden -> DynamicTest.dynamicTest(golden.get("id").asText(), () -> check(golden)));
  }

  private void check(JsonNode golden) {
    Prediction prediction =
        golden.get("prediction").asText().equals("epsilon") ? Prediction.EPSILON : Prediction.V;
    int[] timesteps = Timesteps.LEADING.list(golden.get("steps").asInt(), 1000);
    Sampler sampler =
        golden.get("id").asText().startsWith("ddpm")
            ? new DdpmSampler(schedule, prediction, timesteps)
            : new DdimSampler(schedule, prediction, timesteps, false);
    double sum = 0;
    try (Scope scope = Scope.open()) {
      Tensor x = Tensor.of(backend, SHAPE, ramp());
      Tensor noise = Tensor.zeros(backend, SHAPE);
      TorchGenerator generator = new TorchGenerator(0);
      for (int i = 0; i < timesteps.length; i++) {
        try (Scope step = Scope.open()) {
          Tensor output = Tensor.empty(backend, SHAPE);
          backend.elementwise().affine(x, timesteps[i] / (timesteps[i] + 1.0), 0, output);
          if (sampler.needsNoise(i)) {
            noise.copyFrom(generator.normal(SHAPE.size()));
          }
          sampler.step(i, output, x, noise);
        }
      }
      for (double value : x.toDoubles()) {
        sum += Math.abs(value);
      }
    }
    assertEquals(golden.get("sum").asDouble(), sum, golden.get("tolerance").get("sum").asDouble());
    assertEquals(
        golden.get("mean").asDouble(),
        sum / SHAPE.size(),
        golden.get("tolerance").get("mean").asDouble());
  }

  @Test
  void ddpmVarianceIsThePosteriors() {
    DdpmSampler sampler =
        new DdpmSampler(schedule, Prediction.EPSILON, Timesteps.LEADING.list(1000, 1000));
    assertEquals(0.0, sampler.variance(999), 1e-5);
    assertEquals(0.00979, sampler.variance(999 - 487), 1e-5);
    assertEquals(0.02, sampler.variance(0), 1e-5);
  }

  @Test
  void listsOfTimestepsFallFromTheirStart() {
    for (int total : new int[] {2, 10, 200, 1000}) {
      for (int steps = 1; steps <= total; steps += 1 + total / 37) {
        for (Timesteps spacing : Timesteps.values()) {
          int[] list = spacing.list(steps, total);
          for (int i = 1; i < steps; i++) {
            assertTrue(list[i] < list[i - 1], spacing + " " + steps + " of " + total);
          }
          assertTrue(list[steps - 1] >= 0);
          assertEquals(
              spacing == Timesteps.TRAILING ? total - 1 : (steps - 1) * (total / steps), list[0]);
        }
      }
    }
  }

  /** arange(768)/768 of shape (3,8,8,4), its last axis moved to the front. */
  private static double[] ramp() {
    double[] values = new double[SHAPE.size()];
    for (int n = 0; n < 4; n++) {
      for (int i = 0; i < 192; i++) {
        values[n * 192 + i] = (i * 4 + n) / 768.0;
      }
    }
    return values;
  }

  private static JsonNode golden(String name) throws IOException {
    try (InputStream in =
        SamplerGoldenTest.class.getResourceAsStream("/golden/" + name + ".json")) {
      return new ObjectMapper().readTree(in);
    }
  }
}
