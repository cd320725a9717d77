package dev.jdiffusion.nn.optim;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.jdiffusion.nn.Linear;
import dev.jdiffusion.nn.ParameterStore;
import dev.jdiffusion.nn.optim.AdamOptimizer.Settings;
import dev.jdiffusion.tensor.Backend;
import dev.jdiffusion.tensor.Backends;
import dev.jdiffusion.tensor.Device;
import dev.jdiffusion.tensor.Tensor;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AdamOptimizerTest {
  private static final Backend BACKEND = Backends.open(Device.REFERENCE, 1);

  private final Linear layer = new Linear(3, 2);

  @ParameterizedTest
  @CsvSource({
    "0, false, Infinity, 1",
    "0, false, 0.5, 1",
    "0.1, false, Infinity, 4",
    "0.1, true, Infinity, 1",
    "0.1, true, 0.5, 4"
  })
  void stepsFollowThePaper(double decay, boolean decoupled, double maxNorm, int microBatches) {
    Settings settings =
        new Settings(0.9, 0.999, 1e-8, decay, decoupled, maxNorm, new EmaSchedule(0.3));
    long seed = 11;
    Random random = new Random(seed);
    try (ParameterStore store = ParameterStore.forTraining(layer, BACKEND)) {
      store.initialize(seed);
      AdamOptimizer optimizer = new AdamOptimizer(store, settings);
      double[] w = store.values().toDoubles();
      double[] ema = w.clone();
      double[] m = new double[w.length];
      double[] v = new double[w.length];
      for (int t = 1; t <= 5; t++) {
        for (Tensor gradient : store.views(store.gradients()).values()) {
          gradient.copyFrom(random.doubles(gradient.size(), -1, 1).toArray());
        }
        double[] g = store.gradients().toDoubles();
        double norm = 0;
        for (double each : g) {
          norm += each * each / microBatches / microBatches;
        }
        norm = Math.sqrt(norm);
        double clip = norm > maxNorm ? maxNorm / norm : 1;
        double average = Math.min(0.3, t / (9.0 + t));
        for (int i = 0; i < w.length; i++) {
          double gi = g[i] / microBatches * clip + (decoupled ? 0 : decay * w[i]);
          w[i] -= decoupled ? 0.01 * decay * w[i] : 0;
          m[i] = 0.9 * m[i] + 0.1 * gi;
          v[i] = 0.999 * v[i] + 0.001 * gi * gi;
          double mHat = m[i] / (1 - Math.pow(0.9, t));
          double vHat = v[i] / (1 - Math.pow(0.999, t));
          w[i] -= 0.01 * mHat / (Math.sqrt(vHat) + 1e-8);
          ema[i] = average * ema[i] + (1 - average) * w[i];
        }
        AdamOptimizer.Step step = optimizer.step(0.01, microBatches);
        assertTrue(step.applied());
        assertEquals(norm, step.gradientNorm(), 1e-12);
        assertArrayEquals(new double[w.length], store.gradients().toDoubles());
      }
      assertArrayEquals(w, store.values().toDoubles(), 1e-6);
      assertArrayEquals(ema, optimizer.average().toDoubles(), 1e-6);
      assertEquals(5, optimizer.steps());
    }
  }

  @ParameterizedTest
  @CsvSource({"NaN", "Infinity", "-Infinity"})
  void aGradientThatIsNotFiniteChangesNothing(double bad) {
    try (ParameterStore store = ParameterStore.forTraining(layer, BACKEND)) {
      store.initialize(2);
      AdamOptimizer optimizer = new AdamOptimizer(store, Settings.adam());
      double[] before = store.values().toDoubles();
      store.views(store.gradients()).get("bias").copyFrom(new double[] {1, bad});
      AdamOptimizer.Step step = optimizer.step(0.1, 1);
      assertFalse(step.applied());
      assertFalse(Double.isFinite(step.gradientNorm()));
      assertEquals(0, optimizer.steps());
      assertArrayEquals(before, store.values().toDoubles());
      assertArrayEquals(new double[before.length], store.gradients().toDoubles());
      for (Map.Entry<String, Tensor> state : optimizer.state().entrySet()) {
        for (double value : state.getValue().toDoubles()) {
          assertTrue(Double.isFinite(value), state.getKey());
        }
      }
    }
  }

  @Test
  void aRestoredStateContinuesBitForBit() {
    Settings settings = Settings.adamW(0.01).clippedTo(1).averagedBy(new EmaSchedule(0.9));
    try (ParameterStore store = ParameterStore.forTraining(layer, BACKEND)) {
      store.initialize(2);
      AdamOptimizer optimizer = new AdamOptimizer(store, settings);
      run(store, optimizer, 1, 3);
      Linear copy = new Linear(3, 2);
      try (ParameterStore other = ParameterStore.forTraining(copy, BACKEND)) {
        AdamOptimizer resumed = new AdamOptimizer(other, settings);
        optimizer
            .state()
            .forEach((name, value) -> resumed.state().get(name).copyFrom(value.toDoubles()));
        resumed.restoreSteps(optimizer.steps());
        run(store, optimizer, 4, 6);
        run(other, resumed, 4, 6);
        optimizer
            .state()
            .forEach((name, value) ->
                assertArrayEquals(value.toDoubles(), resumed.state().get(name).toDoubles(), name));
      }
    }
  }

  private static void run(ParameterStore store, AdamOptimizer optimizer, int from, int to) {
    for (int t = from; t <= to; t++) {
      Random random = new Random(t);
      for (Tensor gradient : store.views(store.gradients()).values()) {
        gradient.copyFrom(random.doubles(gradient.size(), -1, 1).toArray());
      }
      optimizer.step(0.01, 1);
    }
  }

  @Test
  void theStateIsNamedForFiles() {
    try (ParameterStore store = ParameterStore.forTraining(layer, BACKEND)) {
      AdamOptimizer optimizer = new AdamOptimizer(store, Settings.adam());
      assertEquals(
          List.of(
              "model.weight",
              "model.bias",
              "ema.weight",
              "ema.bias",
              "adam.m.weight",
              "adam.m.bias",
              "adam.v.weight",
              "adam.v.bias"),
          List.copyOf(optimizer.state().keySet()));
      assertThrows(IllegalArgumentException.class, () -> optimizer.step(0.1, 0));
      assertThrows(IllegalArgumentException.class, () -> optimizer.restoreSteps(-1));
    }
    assertThrows(IllegalArgumentException.class, () -> Settings.adam().clippedTo(0));
    assertThrows(IllegalArgumentException.class, () -> Settings.adamW(-1));
  }
}
