package dev.jdiffusion.nn;

import static dev.jdiffusion.nn.ModuleGradients.BACKEND;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.jdiffusion.tensor.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ParameterStoreTest {
  private final ConvNeXtBlock block = new ConvNeXtBlock(3, 4, 5, 2);

  @Test
  void parametersAreNamedByTheirPathInTheOrderOfDeclaration() {
    assertEquals(
        List.of(
            "time.weight",
            "time.bias",
            "depthwise.weight",
            "depthwise.bias",
            "norm1.gamma",
            "norm1.beta",
            "convolution1.weight",
            "convolution1.bias",
            "norm2.gamma",
            "norm2.beta",
            "convolution2.weight",
            "convolution2.bias",
            "skip.weight",
            "skip.bias"),
        List.copyOf(block.parameters().keySet()));
    long expected =
        5 * 3 + 3 + 49 * 3 + 3 + 3 + 3 + 9 * 3 * 8 + 8 + 8 + 8 + 9 * 8 * 4 + 4 + 3 * 4 + 4;
    assertEquals(expected, block.parameterCount());
  }

  @Test
  void namesAreUniqueAndWithoutDots() {
    assertThrows(IllegalArgumentException.class, () -> new Twice("a", "a"));
    assertThrows(IllegalArgumentException.class, () -> new Twice("a", "b.c"));
    assertThrows(IllegalArgumentException.class, () -> new Twice("a", ""));
  }

  private static final class Twice extends Module {
    Twice(String first, String second) {
      child(first, new Linear(1, 1));
      child(second, new Linear(1, 1));
    }
  }

  @Test
  void aModuleCannotBePartOfTwo() {
    Linear shared = new Linear(1, 1);
    assertThrows(IllegalArgumentException.class, () -> new Sharing(shared));
  }

  private static final class Sharing extends Module {
    Sharing(Linear part) {
      child("a", part);
      child("b", part);
    }
  }

  @Test
  void allParametersLieInOneBufferAtAlignedStarts() {
    try (ParameterStore store = ParameterStore.forTraining(block, BACKEND)) {
      int end = 0;
      for (Map.Entry<String, Tensor> view : store.views(store.values()).entrySet()) {
        Tensor value = view.getValue();
        assertEquals(0, value.offset() % 16, view.getKey());
        assertTrue(value.offset() >= end, view.getKey());
        end = value.offset() + value.size();
        Parameter parameter = block.parameters().get(view.getKey());
        assertEquals(store.values().storage(), parameter.variable().value().storage());
        assertEquals(value.offset(), parameter.variable().value().offset());
        assertEquals(value.offset(), parameter.variable().gradient().offset());
        assertEquals(store.gradients().storage(), parameter.variable().gradient().storage());
      }
      assertTrue(end <= store.values().size());
    }
    Parameter released = block.parameters().firstEntry().getValue();
    assertThrows(IllegalStateException.class, released::variable);
  }

  @Test
  void initialWeightsDependOnTheSeedAlone() {
    try (ParameterStore store = ParameterStore.forTraining(block, BACKEND)) {
      store.initialize(5);
      float[] first = store.values().toFloats();
      double[] exact = store.values().toDoubles();
      for (int i = 0; i < exact.length; i++) {
        assertEquals(exact[i], first[i], "not a float at " + i);
      }
      store.initialize(6);
      assertNotEquals(0, Arrays.compare(first, store.values().toFloats()));
      store.initialize(5);
      assertArrayEquals(first, store.values().toFloats());
    }
  }

  @Test
  void initialWeightsHaveTheStatedDistribution() {
    Linear layer = new Linear(400, 100);
    Embedding table = new Embedding(401, 101);
    try (ParameterStore store = ParameterStore.forTraining(layer, BACKEND);
        ParameterStore normal = ParameterStore.forTraining(table, BACKEND)) {
      store.initialize(1);
      double[] weight = store.views(store.values()).get("weight").toDoubles();
      double bound = 1 / Math.sqrt(400);
      assertEquals(0, mean(weight, 1), bound * 0.02);
      assertEquals(bound * bound / 3, mean(weight, 2), bound * bound * 0.01);
      assertEquals(bound, Arrays.stream(weight).map(Math::abs).max().orElse(0), bound * 1e-3);
      normal.initialize(1);
      double[] rows = normal.views(normal.values()).get("table").toDoubles();
      assertEquals(0, mean(rows, 1), 0.02);
      assertEquals(1, mean(rows, 2), 0.03);
      assertEquals(3, mean(rows, 4), 0.2);
    }
  }

  @Test
  void initializersHaveTheVariancesOfTheirPapers() {
    assertEquals(2.0 / 50, variance(Initializer.kaimingUniform(50)), 1e-3);
    assertEquals(2.0 / 50, variance(Initializer.kaimingNormal(50)), 1e-3);
    assertEquals(2.0 / 80, variance(Initializer.xavierUniform(50, 30)), 1e-3);
    assertEquals(2.0 / 80, variance(Initializer.xavierNormal(50, 30)), 1e-3);
    assertEquals(0, variance(Initializer.zeros()));
    assertEquals(1, variance(Initializer.ones()));
    assertThrows(IllegalArgumentException.class, () -> Initializer.fanIn(0));
  }

  private static double variance(Initializer initializer) {
    double[] numbers = new java.util.Random(1).doubles(100_001).toArray();
    initializer.transform(numbers);
    return mean(numbers, 2);
  }

  private static double mean(double[] values, int power) {
    return Arrays.stream(values).map(v -> Math.pow(v, power)).average().orElse(0);
  }

  @Test
  void otherValuesCanBeUsedForAWhile() {
    Linear layer = new Linear(2, 2);
    try (ParameterStore store = ParameterStore.forTraining(layer, BACKEND)) {
      store.initialize(3);
      double[] before = store.values().toDoubles();
      Tensor average = store.newBuffer();
      Parameter weight = layer.parameters().get("weight");
      try (ParameterStore.Use _ = store.use(average)) {
        assertArrayEquals(new double[4], weight.variable().value().toDoubles());
      }
      assertArrayEquals(before, store.values().toDoubles());
      assertArrayEquals(Arrays.copyOf(before, 4), weight.variable().value().toDoubles());
      assertThrows(
          IllegalArgumentException.class, () -> store.use(Tensor.zeros(BACKEND, weight.shape())));
    }
  }

  @Test
  void aStoreForInferenceHasNoGradients() {
    Linear layer = new Linear(2, 2);
    try (ParameterStore store = ParameterStore.forInference(layer, BACKEND)) {
      assertThrows(IllegalStateException.class, store::gradients);
    }
  }
}
