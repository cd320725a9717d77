package dev.jdiffusion.nn;

import static dev.jdiffusion.nn.ModuleGradients.BACKEND;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.jdiffusion.tensor.IntTensor;
import dev.jdiffusion.tensor.Scope;
import dev.jdiffusion.tensor.Shape;
import dev.jdiffusion.tensor.Tensor;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

class SinusoidalTimeEmbeddingTest {
  @Test
  void agreesWithTheValuesThatAnotherProjectStates() throws IOException {
    JsonNode golden;
    try (InputStream json = getClass().getResourceAsStream("/golden/sinusoid.json")) {
      golden = new ObjectMapper().readTree(json);
    }
    int[] timesteps = new int[128];
    Arrays.setAll(timesteps, t -> t);
    try (Scope _ = Scope.open()) {
      Tensor waves =
          new SinusoidalTimeEmbedding(64, 1).forward(BACKEND, IntTensor.of(timesteps)).value();
      assertEquals(Shape.of(128, 64), waves.shape());
      double[] values = waves.toDoubles();
      for (int i = 0; i < 9; i++) {
        double actual = values[(23 + i / 3) * 64 + 47 + i % 3];
        assertEquals(golden.get("stated").get(i).asDouble(), actual, 1e-4, "value " + i);
        assertEquals(golden.get("reproduced").get(i).asDouble(), actual, 1e-6, "value " + i);
      }
    }
  }

  @Test
  void theShiftDecidesWhereTheLongestPeriodLies() {
    try (Scope _ = Scope.open()) {
      double[] shifted = embed(4, 1, 7);
      assertArrayEquals(
          new double[] {Math.sin(7), Math.sin(7e-4), Math.cos(7), Math.cos(7e-4)}, shifted, 1e-15);
      double[] plain = embed(4, 0, 7);
      assertArrayEquals(
          new double[] {Math.sin(7), Math.sin(7e-2), Math.cos(7), Math.cos(7e-2)}, plain, 1e-15);
    }
  }

  private static double[] embed(int dim, int shift, int timestep) {
    return new SinusoidalTimeEmbedding(dim, shift)
        .forward(BACKEND, IntTensor.of(timestep))
        .value()
        .toDoubles();
  }

  @Test
  void oddAndTooSmallDimensionsAreRejected() {
    assertThrows(IllegalArgumentException.class, () -> new SinusoidalTimeEmbedding(7, 1));
    assertThrows(IllegalArgumentException.class, () -> new SinusoidalTimeEmbedding(2, 1));
    assertThrows(IllegalArgumentException.class, () -> new SinusoidalTimeEmbedding(0, 0));
  }
}
