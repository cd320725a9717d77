package dev.jdiffusion.autograd;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.jdiffusion.autograd.ops.Attention;
import dev.jdiffusion.autograd.ops.Convolution;
import dev.jdiffusion.autograd.ops.Elementwise;
import dev.jdiffusion.autograd.ops.GroupNorm;
import dev.jdiffusion.autograd.ops.LinearAttention;
import dev.jdiffusion.autograd.ops.MatMul;
import dev.jdiffusion.tensor.Backend;
import dev.jdiffusion.tensor.Scope;
import dev.jdiffusion.tensor.Shape;
import dev.jdiffusion.tensor.Tensor;
import dev.jdiffusion.tensor.ops.Convolution.Geometry;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** What operations cost. */
class CostsTest {
  private final Backend device = GradientCheck.device();

  /** The costs of an operation's forward and backward pass. */
  private static final class Both implements Observer {
    private final Set<String> without = new TreeSet<>();
    private Cost forward = Cost.NONE;
    private Cost backward = Cost.NONE;

    @Override
    public void forward(Operation operation) {
      forward = costOf(operation, Costs.forward(operation).orElse(null));
    }

    @Override
    public void backward(Operation operation) {
      backward = costOf(operation, Costs.backward(operation).orElse(null));
    }

    private Cost costOf(Operation operation, @Nullable Cost cost) {
      if (cost == null) {
        without.add(operation.name());
        return Cost.NONE;
      }
      assertTrue(
          cost.flops() >= 0 && Double.isFinite(cost.flops() + cost.bytes()),
          operation.name() + " " + cost);
      return cost;
    }
  }

  @Test
  @DisplayName("Every operation has a cost, forward and backward")
  void everyOperationHasACost() {
    Both costs = new Both();
    for (GradientCase gradientCase : GradientTest.cases()) {
      Random random = new Random(1);
      try (Scope _ = Scope.open();
          Tape tape = Tape.record(costs)) {
        List<Variable> inputs = new ArrayList<>();
        for (GradientCheck.Input input : gradientCase.inputs()) {
          Tensor values = Tensor.of(device, input.shape(), input.values(random));
          inputs.add(Variable.parameter(values, "x"));
        }
        Variable out = gradientCase.operation().apply(inputs);
        if (out.requiresGradient()) {
          tape.backward(out, Tensor.full(device, out.shape(), 1));
        }
      }
    }
    assertEquals(Set.of(), costs.without, "operations without a cost");
  }

  private Variable parameter(int... extents) {
    return Variable.parameter(Tensor.full(device, Shape.of(extents), 0.5), "x");
  }

  private Variable constant(int... extents) {
    return parameter(extents).detach();
  }

  private static Both costs(Supplier<Variable> operation) {
    Both costs = new Both();
    try (Scope _ = Scope.open();
        Tape tape = Tape.record(costs)) {
      Variable out = operation.get();
      tape.backward(out, Tensor.full(out.backend(), out.shape(), 1));
    }
    return costs;
  }

  @Test
  @DisplayName("A convolution multiplies each output with the window of its channels")
  void convolution() {
    Variable weight = parameter(3, 3, 4, 6);
    Both costs =
        costs(() -> Convolution.conv2d(parameter(2, 8, 8, 4), weight, null, new Geometry(1, 1, 1)));
    double flops = 2.0 * (2 * 8 * 8 * 6) * (3 * 3 * 4);
    double elements = 2 * 8 * 8 * 4 + 3 * 3 * 4 * 6 + 2 * 8 * 8 * 6;
    assertEquals(Cost.of(flops, elements), costs.forward);
    assertEquals(Cost.of(2 * flops, 2 * elements), costs.backward);
  }

  @Test
  @DisplayName("The first layer of a network needs no gradient of the picture")
  void firstLayer() {
    Both costs =
        costs(() ->
            Convolution.conv2d(
                constant(2, 8, 8, 4), parameter(3, 3, 4, 6), null, new Geometry(1, 1, 1)));
    assertEquals(costs.forward, costs.backward);
  }

  @Test
  @DisplayName("A depthwise convolution has one channel a window")
  void depthwise() {
    Both costs =
        costs(() ->
            Convolution.conv2d(
                parameter(1, 8, 8, 4), parameter(7, 7, 1, 4), null, new Geometry(1, 3, 4)));
    assertEquals(2.0 * (8 * 8 * 4) * 49, costs.forward.flops());
  }

  @Test
  @DisplayName("A transposed convolution costs what the convolution costs that it transposes")
  void transposedConvolution() {
    Geometry geometry = new Geometry(2, 1, 1);
    Variable weight = parameter(4, 4, 3, 5);
    Both down = costs(() -> Convolution.conv2d(parameter(1, 8, 8, 3), weight, null, geometry));
    Both up =
        costs(() -> Convolution.convTranspose2d(parameter(1, 4, 4, 5), weight, null, geometry, 0));
    assertEquals(down.forward, up.forward);
    assertEquals(down.backward, up.backward);
  }

  @Test
  @DisplayName("A product of matrices costs the same however they are transposed")
  void matrices() {
    Cost expected = Cost.of(2 * 3 * 4 * 5, 3 * 4 + 4 * 5 + 3 * 5);
    for (boolean a : new boolean[] {false, true}) {
      for (boolean b : new boolean[] {false, true}) {
        Variable left = a ? parameter(4, 3) : parameter(3, 4);
        Variable right = b ? parameter(5, 4) : parameter(4, 5);
        assertEquals(expected, costs(() -> MatMul.matMul(left, a, right, b)).forward);
      }
    }
    assertEquals(
        2 * 7 * 3 * 4 * 5,
        costs(() -> MatMul.matMul(parameter(7, 3, 4), parameter(4, 5))).forward.flops());
  }

  @Test
  @DisplayName("Attention costs two products forward, five backward")
  void attention() {
    double product = 2.0 * 2 * 6 * 6 * 8;
    Both self = costs(() -> Attention.selfAttention(parameter(2, 6, 24), 2));
    assertEquals(Cost.of(2 * product, 2 * 6 * 32), self.forward);
    assertEquals(Cost.of(5 * product, 2 * 6 * 64), self.backward);
    double across = 2.0 * 2 * 6 * 9 * 8;
    Both cross =
        costs(() ->
            Attention.scaledDotProductAttention(
                parameter(2, 6, 8), parameter(2, 9, 8), parameter(2, 9, 8), 2, 1));
    assertEquals(2 * across, cross.forward.flops());
  }

  @Test
  @DisplayName("Linear attention has products of the size of a head")
  void linearAttention() {
    double product = 2.0 * 2 * 6 * 2 * (4 * 4);
    Both costs = costs(() -> LinearAttention.linearAttention(parameter(2, 6, 24), 2, 0.5));
    assertEquals(Cost.of(2 * product, 2 * 6 * 32), costs.forward);
    assertEquals(Cost.of(5 * product, 2 * 6 * 56), costs.backward);
  }

  @Test
  @DisplayName("Normalisation reads and writes each element once")
  void normalisation() {
    Both costs =
        costs(() -> GroupNorm.groupNorm(parameter(2, 5, 4), parameter(4), parameter(4), 2, 1e-5));
    assertEquals(Cost.of(6 * 40, 2 * 40), costs.forward);
    assertEquals(Cost.of(12 * 40, 3 * 40), costs.backward);
  }

  @Test
  @DisplayName("A sum passes its gradient on, and sums only what was broadcast")
  void sums() {
    Both same = costs(() -> Elementwise.add(parameter(4, 5), parameter(4, 5)));
    assertEquals(Cost.of(20, 60), same.forward);
    assertEquals(Cost.NONE, same.backward);
    Both broadcast = costs(() -> Elementwise.add(parameter(4, 5), parameter(5)));
    assertEquals(Cost.of(20, 45), broadcast.forward);
    assertEquals(Cost.of(20, 25), broadcast.backward);
  }
}
