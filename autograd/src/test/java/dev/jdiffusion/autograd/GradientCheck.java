package dev.jdiffusion.autograd;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.fail;

import dev.jdiffusion.autograd.ops.Elementwise;
import dev.jdiffusion.autograd.ops.Reduction;
import dev.jdiffusion.tensor.Backend;
import dev.jdiffusion.tensor.Backends;
import dev.jdiffusion.tensor.Device;
import dev.jdiffusion.tensor.Scope;
import dev.jdiffusion.tensor.Shape;
import dev.jdiffusion.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * Compares gradients with finite differences: {@code f = sum of u * output} for a random upstream
 * gradient u, and
 *
 * <pre>f'(x) = (f(x - 2h) - 8 f(x - h) + 8 f(x + h) - f(x + 2h)) / 12h + O(h^4)</pre>
 *
 * <p>In double precision, which only the reference device has, both agree to about 1e-9; {@value
 * #TOLERANCE} is demanded. Inputs must stay {@code 2h} away from points where the derivative jumps.
 */
public final class GradientCheck {
  private static final double STEP = 1e-3;
  private static final double TOLERANCE = 1e-6;

  /** Below this size a gradient is compared absolutely: the differences are no better. */
  private static final double FLOOR = 1e-3;

  private GradientCheck() {}

  /** The device whose precision makes the comparison possible. */
  public static Backend device() {
    return Backends.open(Device.REFERENCE, 1);
  }

  /**
   * Checks the gradients of parameters through a whole computation, such as a layer's forward pass.
   *
   * @param parameters on the reference device
   * @param function computes the same value at every call, from the parameters' current values
   */
  public static void parameters(List<Variable> parameters, Supplier<Variable> function, long seed) {
    Random random = new Random(seed);
    try (Scope _ = Scope.open()) {
      double[] upstream;
      try (Scope _ = Scope.open()) {
        upstream = normal(random, function.get().shape().size());
      }
      parameters.forEach(Variable::zeroGradient);
      run(function, upstream);
      for (Variable parameter : parameters) {
        double[] expected = differences(parameter.value(), () -> value(function, upstream));
        double[] actual = parameter.gradient().toDoubles();
        compare("parameter " + parameter.name(), seed, expected, actual, new double[actual.length]);
      }
    }
  }

  /**
   * Checks an operation in every role that its inputs can have: parameters with a gradient to add
   * to, each input the only one that needs a gradient, and results of other operations, as first
   * and as second use. What the operation reads in its backward pass but did not declare as saved
   * is freed before, and all memory must come back.
   */
  public static void operation(
      Backend device, List<Input> inputs, Function<List<Variable>, Variable> operation, long seed) {
    Random random = new Random(seed);
    List<double[]> values = inputs.stream().map(input -> input.values(random)).toList();
    double[] upstream;
    List<double[]> expected = new ArrayList<>();
    try (Scope _ = Scope.open()) {
      List<Variable> constants = new ArrayList<>();
      for (int i = 0; i < inputs.size(); i++) {
        constants.add(Variable.constant(Tensor.of(device, inputs.get(i).shape(), values.get(i))));
      }
      upstream = normal(random, operation.apply(constants).shape().size());
      for (Variable input : constants) {
        expected.add(
            differences(input.value(), () -> value(() -> operation.apply(constants), upstream)));
      }
    }
    Roles roles = new Roles(device, inputs, values, expected, operation, upstream, seed);
    roles.check("parameters", -1, vars -> vars, false);
    for (int i = 0; i < inputs.size(); i++) {
      roles.check("only input " + i, i, vars -> vars, false);
    }
    roles.check("results", -1, GradientCheck::results, false);
    roles.check("results used twice", -1, GradientCheck::results, true);
  }

  /** An input of an operation: a shape, and what its values are like. */
  public record Input(Kind kind, Shape shape) {
    /**
     * Chosen so that no value lies close to a point where the operation under test has no
     * derivative.
     */
    public enum Kind {
      /** Standard normal. */
      NORMAL,
      /** In 0.4 .. 2. */
      POSITIVE,
      /** Of either sign, {@code 0.1 <= |x| <= 2}. */
      AWAY_FROM_ZERO,
      /** Different multiples of 0.1, in random order. */
      DISTINCT,
      /** In 0.03 .. 0.07: between the multiples of 0.1. */
      BETWEEN_DISTINCT
    }

    public static Input normal(int... extents) {
      return new Input(Kind.NORMAL, Shape.of(extents));
    }

    public static Input of(Kind kind, int... extents) {
      return new Input(kind, Shape.of(extents));
    }

    double[] values(Random random) {
      double[] values = new double[shape.size()];
      List<Integer> order = new ArrayList<>();
      for (int i = 0; i < values.length; i++) {
        order.add(random.nextInt(i + 1), i);
      }
      for (int i = 0; i < values.length; i++) {
        values[i] =
            switch (kind) {
              case NORMAL -> random.nextGaussian();
              case POSITIVE -> 0.4 + 1.6 * random.nextDouble();
              case AWAY_FROM_ZERO ->
                  (random.nextBoolean() ? 1 : -1) * (0.1 + 1.9 * random.nextDouble());
              case DISTINCT -> 0.1 * (order.get(i) - values.length / 2);
              case BETWEEN_DISTINCT -> 0.03 + 0.04 * random.nextDouble();
            };
      }
      return values;
    }
  }

  private record Roles(
      Backend device,
      List<Input> inputs,
      List<double[]> values,
      List<double[]> expected,
      Function<List<Variable>, Variable> operation,
      double[] upstream,
      long seed) {

    /**
     * @param only the one input that needs a gradient, or -1 for all
     * @param usedAgain whether each input is used once more after the operation
     */
    void check(
        String role, int only, Function<List<Variable>, List<Variable>> wrap, boolean usedAgain) {
      Random random = new Random(seed + 1);
      long before = device.memory().inUse();
      try (Scope _ = Scope.open()) {
        List<Variable> variables = new ArrayList<>();
        List<double[]> start = new ArrayList<>();
        List<Tensor> factors = new ArrayList<>();
        for (int i = 0; i < inputs.size(); i++) {
          Shape shape = inputs.get(i).shape();
          Tensor value = Tensor.of(device, shape, values.get(i));
          start.add(normal(random, shape.size()));
          factors.add(Tensor.of(device, shape, normal(random, shape.size())));
          if (only < 0 || only == i) {
            Variable parameter = Variable.parameter(value, "input" + i);
            parameter.bind(value, Tensor.of(device, shape, start.get(i)));
            variables.add(parameter);
          } else {
            variables.add(Variable.constant(value));
          }
        }
        Supplier<Variable> function =
            () -> {
              List<Variable> used = wrap.apply(variables);
              Variable out = operation.apply(used);
              if (!usedAgain) {
                return out;
              }
              Tensor u = Tensor.of(device, out.shape(), upstream);
              Variable total = Reduction.sum(Elementwise.mul(out, Variable.constant(u)));
              for (int i = 0; i < used.size(); i++) {
                Variable factor = Variable.constant(factors.get(i));
                total = Elementwise.add(total, Reduction.sum(Elementwise.mul(used.get(i), factor)));
              }
              return total;
            };
        run(function, usedAgain ? new double[] {1} : upstream);
        for (int i = 0; i < inputs.size(); i++) {
          if (only < 0 || only == i) {
            double[] base = start.get(i).clone();
            if (usedAgain) {
              double[] factor = factors.get(i).toDoubles();
              Arrays.setAll(base, k -> base[k] + factor[k]);
            }
            compare(
                "input " + i + " in role '" + role + "'",
                seed,
                expected.get(i),
                variables.get(i).gradient().toDoubles(),
                base);
          }
        }
      }
      assertEquals(before, device.memory().inUse(), "bytes in use after the role '" + role + "'");
    }
  }

  private static List<Variable> results(List<Variable> parameters) {
    return parameters.stream().map(parameter -> Elementwise.affine(parameter, 1, 0)).toList();
  }

  /**
   * Forward in a scope of its own, so that only what was declared as saved outlives it; then
   * backward.
   */
  private static void run(Supplier<Variable> function, double[] upstream) {
    try (Tape tape = Tape.record()) {
      Variable out;
      try (Scope forward = Scope.open()) {
        out = function.get().keptBy(forward);
      }
      try (Scope _ = Scope.open()) {
        tape.backward(out, Tensor.of(out.backend(), out.shape(), upstream));
      }
    }
  }

  private static double value(Supplier<Variable> function, double[] upstream) {
    try (Scope _ = Scope.open()) {
      double[] out = function.get().value().toDoubles();
      double sum = 0;
      for (int i = 0; i < out.length; i++) {
        sum += out[i] * upstream[i];
      }
      return sum;
    }
  }

  private static double[] differences(Tensor tensor, Supplier<Double> function) {
    double[] values = tensor.toDoubles();
    double[] result = new double[values.length];
    for (int i = 0; i < values.length; i++) {
      double x = values[i];
      double sum = 0;
      for (int k : new int[] {-2, -1, 1, 2}) {
        values[i] = x + k * STEP;
        tensor.copyFrom(values);
        int weight = Math.abs(k) == 2 ? -Integer.signum(k) : 8 * Integer.signum(k);
        sum += weight * function.get();
      }
      values[i] = x;
      tensor.copyFrom(values);
      result[i] = sum / (12 * STEP);
    }
    return result;
  }

  private static void compare(
      String what, long seed, double[] expected, double[] actual, double[] base) {
    for (int i = 0; i < expected.length; i++) {
      double gradient = actual[i] - base[i];
      double size = Math.max(FLOOR, Math.max(Math.abs(gradient), Math.abs(expected[i])));
      if (!(Math.abs(gradient - expected[i]) <= TOLERANCE * size)) {
        fail(
            "gradient of "
                + what
                + " at element "
                + i
                + " is "
                + gradient
                + ", finite differences give "
                + expected[i]
                + " (seed "
                + seed
                + ")");
      }
    }
  }

  private static double[] normal(Random random, int length) {
    double[] values = new double[length];
    Arrays.setAll(values, _ -> random.nextGaussian());
    return values;
  }
}
