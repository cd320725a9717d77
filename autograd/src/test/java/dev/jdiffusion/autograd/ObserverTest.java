package dev.jdiffusion.autograd;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.jdiffusion.autograd.ops.Elementwise;
import dev.jdiffusion.autograd.ops.Reduction;
import dev.jdiffusion.tensor.Backend;
import dev.jdiffusion.tensor.Shape;
import dev.jdiffusion.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** Labels, and the search for non-finite values. */
class ObserverTest {
  private final Backend device = GradientCheck.device();

  private Variable parameter(String name, double... values) {
    return Variable.parameter(Tensor.of(device, Shape.of(values.length), values), name);
  }

  @Test
  @DisplayName("An observer sees every operation in order, with the path of labels around it")
  void observerSeesOperationsWithPaths() {
    List<String> seen = new ArrayList<>();
    Observer observer =
        new Observer() {
          @Override
          public void forward(Operation operation) {
            seen.add("+" + operation.path() + ":" + operation.name());
          }

          @Override
          public void backward(Operation operation) {
            seen.add("-" + operation.path() + ":" + operation.name());
          }
        };
    Variable x = parameter("x", 1, 2);
    try (Tape tape = Tape.record(observer)) {
      Variable y;
      try (Tape.Label _ = Tape.label("down")) {
        try (Tape.Label _ = Tape.label("0")) {
          y = Elementwise.exp(x);
        }
        y = Elementwise.square(y);
      }
      tape.backward(Reduction.sum(y));
    }
    assertEquals(
        List.of("+down.0:exp", "+down:square", "+:sum", "-:sum", "-down:square", "-down.0:exp"),
        seen);
  }

  @Test
  @DisplayName("Labels cost nothing when nobody observes")
  void labelsAreSharedWhenOff() {
    Tape.Label off = Tape.label("a");
    try (Tape _ = Tape.record()) {
      assertSame(off, Tape.label("b"));
    }
  }

  @Test
  @DisplayName("The first non-finite value is found with its operation and layer")
  void firstNonFiniteValueIsFound() {
    NonFiniteFinder finder = new NonFiniteFinder();
    Variable x = parameter("x", 1, 1000);
    try (Tape tape = Tape.record(finder)) {
      Variable y;
      try (Tape.Label _ = Tape.label("mid")) {
        y = Elementwise.exp(Elementwise.affine(x, 1, 0));
      }
      tape.backward(Reduction.sum(Elementwise.square(y)));
    }
    assertEquals("non-finite value in the result of exp [2] in mid", finder.found().orElseThrow());
  }

  @Test
  @DisplayName("A parameter or a constant that is not finite is named as the cause")
  void nonFiniteInputIsNamed() {
    NonFiniteFinder finder = new NonFiniteFinder();
    try (Tape _ = Tape.record(finder)) {
      Elementwise.square(parameter("down.0.weight", 1, Double.NaN));
    }
    assertEquals(
        "non-finite value in the result of square [2], from its input, the parameter down.0.weight [2]",
        finder.found().orElseThrow());
    NonFiniteFinder data = new NonFiniteFinder();
    try (Tape _ = Tape.record(data)) {
      Elementwise.neg(parameter("x", Double.POSITIVE_INFINITY).detach());
    }
    assertTrue(data.found().orElseThrow().contains("the constant [1]"), data.found().orElseThrow());
  }

  @Test
  @DisplayName("A non-finite gradient is found where it arises")
  void nonFiniteGradientIsFound() {
    NonFiniteFinder finder = new NonFiniteFinder();
    Variable x = parameter("x", 0, 1);
    try (Tape tape = Tape.record(finder)) {
      Variable y;
      try (Tape.Label _ = Tape.label("head")) {
        y = Elementwise.sqrt(Elementwise.affine(x, 1, 0));
      }
      tape.backward(Reduction.sum(y));
    }
    assertEquals(
        "non-finite gradient computed by sqrt in head for its input, the result [2]",
        finder.found().orElseThrow());
  }

  @Test
  @DisplayName("Nothing is found where all is finite")
  void finiteStepFindsNothing() {
    NonFiniteFinder finder = new NonFiniteFinder();
    try (Tape tape = Tape.record(finder)) {
      tape.backward(Reduction.sum(Elementwise.square(parameter("x", 1, 2))));
    }
    assertTrue(finder.found().isEmpty());
  }
}
