package dev.jdiffusion.nn;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.jdiffusion.autograd.Tape;
import dev.jdiffusion.autograd.Variable;
import dev.jdiffusion.tensor.Backend;
import dev.jdiffusion.tensor.Backends;
import dev.jdiffusion.tensor.Device;
import dev.jdiffusion.tensor.Scope;
import dev.jdiffusion.tensor.Shape;
import dev.jdiffusion.tensor.Tensor;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Function;

/** Compares gradients of whole modules with finite differences, in double precision. */
final class ModuleGradients {
  static final Backend BACKEND = Backends.open(Device.REFERENCE, 1);

  private static final double STEP = 1e-5;

  private ModuleGradients() {}

  static Tensor random(long seed, int... extents) {
    Shape shape = Shape.of(extents);
    return Tensor.of(BACKEND, shape, randomValues(new Random(seed), shape.size()));
  }

  static double[] randomValues(Random random, int count) {
    return random.doubles(count, -1, 1).toArray();
  }

  /** A store whose values are all random, so that no scale is 1 and no offset 0. */
  static ParameterStore randomStore(Module module, long seed) {
    ParameterStore store = ParameterStore.forTraining(module, BACKEND);
    Random random = new Random(seed);
    store
        .views(store.values())
        .values()
        .forEach(view -> view.copyFrom(randomValues(random, view.size())));
    return store;
  }

  /**
   * Checks the derivative of {@code sum(upstream * output)} along a random direction of every
   * parameter and every input by itself.
   */
  static void check(
      Module module, List<Tensor> inputs, Function<List<Variable>, Variable> forward) {
    long seed = 17;
    Random random = new Random(seed);
    try (ParameterStore store = randomStore(module, seed);
        Scope _ = Scope.open()) {
      List<Variable> variables = new ArrayList<>();
      Map<String, Tensor> values = new LinkedHashMap<>(store.views(store.values()));
      for (int i = 0; i < inputs.size(); i++) {
        variables.add(Variable.parameter(inputs.get(i), "input" + i));
        values.put("input" + i, inputs.get(i));
      }
      Tensor upstream;
      try (Tape tape = Tape.record()) {
        Variable out = forward.apply(variables);
        upstream = Tensor.of(BACKEND, out.shape(), randomValues(random, out.shape().size()));
        tape.backward(out, upstream);
      }
      Map<String, Tensor> gradients = new LinkedHashMap<>(store.views(store.gradients()));
      for (Variable variable : variables) {
        gradients.put(variable.name(), variable.gradient());
      }
      double[] weights = upstream.toDoubles();
      for (Map.Entry<String, Tensor> entry : values.entrySet()) {
        Tensor value = entry.getValue();
        double[] start = value.toDoubles();
        double[] direction = randomValues(random, value.size());
        double expected =
            (along(value, start, direction, STEP, weights, variables, forward)
                    - along(value, start, direction, -STEP, weights, variables, forward))
                / (2 * STEP);
        value.copyFrom(start);
        double actual = dot(gradients.get(entry.getKey()).toDoubles(), direction);
        assertEquals(
            expected,
            actual,
            1e-6 * Math.max(1, Math.abs(expected)),
            "gradient of " + entry.getKey() + ", seed " + seed);
      }
    }
  }

  private static double along(
      Tensor value,
      double[] start,
      double[] direction,
      double step,
      double[] weights,
      List<Variable> variables,
      Function<List<Variable>, Variable> forward) {
    double[] moved = start.clone();
    for (int i = 0; i < moved.length; i++) {
      moved[i] += step * direction[i];
    }
    value.copyFrom(moved);
    try (Scope _ = Scope.open()) {
      return dot(forward.apply(variables).value().toDoubles(), weights);
    }
  }

  static double dot(double[] a, double[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += a[i] * b[i];
    }
    return sum;
  }
}
