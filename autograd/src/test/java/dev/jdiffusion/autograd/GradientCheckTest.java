package dev.jdiffusion.autograd;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.jdiffusion.autograd.GradientCheck.Input;
import dev.jdiffusion.autograd.ops.Elementwise;
import dev.jdiffusion.autograd.ops.MatMul;
import dev.jdiffusion.tensor.Backend;
import dev.jdiffusion.tensor.Shape;
import dev.jdiffusion.tensor.Tensor;
import dev.jdiffusion.tensor.ops.Elementwise.Binary;
import java.util.List;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** The fixture finds what it is there to find. */
class GradientCheckTest {
  private final Backend device = GradientCheck.device();

  /** {@code 2 x}, with a gradient to be got wrong. */
  private Variable twice(Variable x, boolean declare, UnaryOperator<Tensor> gradient) {
    Tensor factor = Tensor.full(device, x.shape(), 2);
    Tensor out = Tensor.empty(device, x.shape());
    device.elementwise().affine(x.value(), 2, 0, out);
    return Tape.node(
        "twice",
        out,
        Tape.inputs(x),
        Tape.saved(declare ? factor : null),
        (dOut, gradients) -> {
          Tensor dX = Tensor.empty(device, dOut.shape());
          device.elementwise().binary(Binary.MUL, dOut, factor, dX);
          gradients.add(x, gradient.apply(dX));
        });
  }

  private void check(UnaryOperator<Variable> operation) {
    GradientCheck.operation(
        device, List.of(Input.normal(2, 3)), in -> operation.apply(in.get(0)), 7);
  }

  @Test
  @DisplayName("A right gradient passes")
  void rightGradientPasses() {
    check(x -> twice(x, true, dX -> dX));
  }

  @Test
  @DisplayName("A gradient that is wrong by 2e-6 is found, and the seed is told")
  void wrongGradientIsFound() {
    AssertionError error =
        assertThrows(
            AssertionError.class,
            () ->
                check(x ->
                    twice(
                        x,
                        true,
                        dX -> {
                          device.elementwise().affine(dX, 1 + 2e-6, 0, dX);
                          return dX;
                        })));
    assertTrue(error.getMessage().contains("finite differences give"), error.getMessage());
    assertTrue(error.getMessage().contains("seed 7"), error.getMessage());
  }

  @Test
  @DisplayName("A tensor that is read but not saved is found")
  void undeclaredTensorIsFound() {
    IllegalStateException error =
        assertThrows(IllegalStateException.class, () -> check(x -> twice(x, false, dX -> dX)));
    assertTrue(error.getMessage().contains("use after free"), error.getMessage());
  }

  @Test
  @DisplayName("A tensor that is never released is found")
  void leakIsFound() {
    AssertionError error =
        assertThrows(
            AssertionError.class,
            () ->
                check(x ->
                    twice(
                        x,
                        true,
                        dX -> {
                          dX.storage().retain();
                          return dX;
                        })));
    assertTrue(error.getMessage().contains("bytes in use"), error.getMessage());
  }

  @Test
  @DisplayName("The parameters of a whole computation are checked")
  void parametersAreChecked() {
    Variable x = Variable.constant(Tensor.of(device, Shape.of(2, 2), 1f, -2f, 0.5f, 3f));
    Variable w = Variable.parameter(Tensor.of(device, Shape.of(2, 2), 0.3f, 0.1f, -0.2f, 1f), "w");
    Variable b = Variable.parameter(Tensor.of(device, Shape.of(2), 0.7f, -0.4f), "b");
    GradientCheck.parameters(List.of(w, b), () -> Elementwise.silu(MatMul.linear(x, w, b)), 3);
    AssertionError error =
        assertThrows(
            AssertionError.class,
            () ->
                GradientCheck.parameters(List.of(w, b), () -> MatMul.linear(x, w, b.detach()), 3));
    assertTrue(error.getMessage().contains("parameter b"), error.getMessage());
  }
}
