package dev.jdiffusion.autograd;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.jdiffusion.autograd.ops.Elementwise;
import dev.jdiffusion.autograd.ops.Layout;
import dev.jdiffusion.autograd.ops.MatMul;
import dev.jdiffusion.autograd.ops.Reduction;
import dev.jdiffusion.tensor.Backend;
import dev.jdiffusion.tensor.Scope;
import dev.jdiffusion.tensor.Shape;
import dev.jdiffusion.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

/** Recording, the order and accumulation of gradients, and who holds memory for how long. */
class TapeTest {
  private static final int BYTES = Double.BYTES;
  private final Backend device = GradientCheck.device();

  private Tensor tensor(double... values) {
    return Tensor.of(device, Shape.of(values.length), values);
  }

  private Variable parameter(double... values) {
    return Variable.parameter(tensor(values), "p");
  }

  private Variable constant(double... values) {
    return Variable.constant(tensor(values));
  }

  private long inUse() {
    return device.memory().inUse();
  }

  @Test
  @DisplayName("Without a tape an operation computes and records nothing")
  void withoutATapeNothingIsRecorded() {
    Variable x = parameter(2);
    Variable y = Elementwise.square(x);
    assertEquals(4, y.item());
    assertFalse(y.requiresGradient());
  }

  @Test
  @DisplayName("Operations on constants are not recorded")
  void constantsAreNotRecorded() {
    try (Tape tape = Tape.record()) {
      Variable y = Elementwise.exp(Elementwise.add(constant(1, 2), constant(3)));
      assertEquals(0, tape.size());
      assertFalse(y.requiresGradient());
    }
  }

  @Test
  @DisplayName("A variable multiplied by itself gets both contributions")
  void sameVariableTwice() {
    Variable x = parameter(3, -2);
    try (Tape tape = Tape.record()) {
      tape.backward(Reduction.sum(Elementwise.mul(x, x)));
    }
    assertArrayEquals(new double[] {6, -4}, x.gradient().toDoubles());
  }

  @Test
  @DisplayName("A result that is used on two ways gets the sum of both gradients")
  void diamond() {
    Variable x = parameter(1.5);
    try (Tape tape = Tape.record()) {
      Variable a = Elementwise.affine(x, 3, 0);
      Variable left = Elementwise.square(a);
      Variable right = Elementwise.affine(a, 5, 1);
      tape.backward(Elementwise.add(left, right));
    }
    assertEquals(3 * (2 * 4.5 + 5), x.gradient().item(), 1e-12);
  }

  @Test
  @DisplayName("Gradients that share memory do not change each other when one of them grows")
  void sharedGradientsStayApart() {
    // Both inputs of the last sum take over its gradient; a then gets a second share, b must not.
    for (boolean viewed : new boolean[] {false, true}) {
      Variable x = parameter(1, 2);
      Variable z = parameter(5, 7);
      try (Tape tape = Tape.record()) {
        Variable b = Elementwise.affine(z, 1, 0);
        Variable a = Elementwise.affine(x, 1, 0);
        Variable extra = Elementwise.affine(a, 10, 0);
        Variable again = viewed ? Layout.reshape(a, 2) : a;
        Variable sum = Elementwise.add(Elementwise.add(again, b), extra);
        tape.backward(sum, tensor(1, 100));
      }
      assertArrayEquals(new double[] {11, 1100}, x.gradient().toDoubles());
      assertArrayEquals(new double[] {1, 100}, z.gradient().toDoubles());
    }
  }

  @Test
  @DisplayName("Two shares of the same memory add up in fresh memory")
  void twoSharesOfTheSameMemory() {
    Variable x = parameter(1, 2);
    Variable z = parameter(3, 4);
    Tensor upstream = tensor(1, 10);
    try (Tape tape = Tape.record()) {
      Variable a = Elementwise.affine(x, 1, 0);
      Variable b = Elementwise.affine(z, 1, 0);
      Variable sum = Elementwise.add(Elementwise.add(a, b), Elementwise.add(a, b));
      tape.backward(Elementwise.add(sum, a), upstream);
    }
    assertArrayEquals(new double[] {3, 30}, x.gradient().toDoubles());
    assertArrayEquals(new double[] {2, 20}, z.gradient().toDoubles());
    assertArrayEquals(
        new double[] {1, 10}, upstream.toDoubles(), "the upstream gradient is read only");
  }

  @Test
  @DisplayName("A kernel that adds to a gradient does not write into shared memory")
  void buffersAreNotShared() {
    Variable x = parameter(1, 2);
    Variable z = parameter(5, 7);
    try (Tape tape = Tape.record()) {
      Variable a = Elementwise.affine(x, 1, 0);
      Variable b = Elementwise.affine(z, 1, 0);
      // The bias's gradient is summed into a buffer, after a shares its gradient with b.
      Variable rows = Elementwise.add(Variable.constant(Tensor.zeros(device, Shape.of(3, 2))), a);
      tape.backward(Elementwise.add(Reduction.sum(rows), Reduction.sum(Elementwise.add(a, b))));
    }
    assertArrayEquals(new double[] {4, 4}, x.gradient().toDoubles());
    assertArrayEquals(new double[] {1, 1}, z.gradient().toDoubles());
  }

  @Test
  @DisplayName("Gradients accumulate over backward passes until they are set to zero")
  void gradientsAccumulate() {
    Variable w = Variable.parameter(Tensor.of(device, Shape.of(2, 1), 1f, 2f), "w");
    Variable x = Variable.constant(Tensor.of(device, Shape.of(1, 2), 3f, 4f));
    for (int pass = 1; pass <= 2; pass++) {
      try (Tape tape = Tape.record()) {
        tape.backward(MatMul.matMul(x, w));
      }
      assertArrayEquals(new double[] {3 * pass, 4 * pass}, w.gradient().toDoubles());
    }
    w.zeroGradient();
    assertArrayEquals(new double[] {0, 0}, w.gradient().toDoubles());
  }

  @Test
  @DisplayName("A parameter bound to a range of a buffer adds to that range")
  void boundParametersAddToTheirRange() {
    Tensor values = tensor(1, 2, 3, 4);
    Tensor gradients = tensor(10, 20, 30, 40);
    Variable p = parameter(0, 0);
    p.bind(values.range(1, Shape.of(2)), gradients.range(1, Shape.of(2)));
    try (Tape tape = Tape.record()) {
      tape.backward(Reduction.sum(Elementwise.square(p)));
    }
    assertArrayEquals(new double[] {10, 24, 36, 40}, gradients.toDoubles());
    assertThrows(IllegalArgumentException.class, () -> p.bind(tensor(1, 2, 3), tensor(1, 2, 3)));
  }

  @Test
  @DisplayName("What no gradient needs is freed with its scope; what is saved lives on the tape")
  void savedTensorsOutliveTheirScope() {
    Variable x = parameter(1, 2, 3);
    x.gradient();
    long before = inUse();
    try (Scope _ = Scope.open();
        Tape tape = Tape.record()) {
      Variable y;
      try (Scope block = Scope.open()) {
        Variable unsaved = Elementwise.affine(x, 2, 0);
        Variable saved = Elementwise.affine(unsaved, 1, 1);
        y = Elementwise.square(saved).keptBy(block);
        assertTrue(inUse() - before >= 9 * BYTES);
      }
      assertEquals(6 * BYTES, inUse() - before, "one saved tensor and the result");
      tape.backward(y, tensor(1, 1, 1));
      assertEquals(6 * BYTES, inUse() - before, "the result and the upstream gradient");
    }
    assertEquals(before, inUse());
    assertArrayEquals(new double[] {12, 20, 28}, x.gradient().toDoubles());
  }

  @Test
  @DisplayName("Saved tensors and gradients are released while the backward pass runs")
  void memoryShrinksDuringBackward() {
    int length = 1000;
    int depth = 20;
    Variable x = Variable.parameter(Tensor.full(device, Shape.of(length), 1e-3), "x");
    x.gradient();
    long before = inUse();
    List<Long> inUseAfterEach = new ArrayList<>();
    Observer observer =
        new Observer() {
          @Override
          public void forward(Operation operation) {}

          @Override
          public void backward(Operation operation) {
            inUseAfterEach.add(inUse() - before);
          }
        };
    try (Scope _ = Scope.open();
        Tape tape = Tape.record(observer)) {
      Variable loss;
      try (Scope forward = Scope.open()) {
        Variable y = x;
        for (int i = 0; i < depth; i++) {
          y = Elementwise.square(y);
        }
        loss = Reduction.sum(y).keptBy(forward);
      }
      assertEquals((long) BYTES * (length * (depth - 1) + 1), inUse() - before);
      tape.backward(loss);
      assertTrue(inUse() - before <= 2 * BYTES, "left after backward: " + (inUse() - before));
    }
    assertEquals(before, inUse());
    assertEquals(depth + 1, inUseAfterEach.size());
    for (int i = 2; i < depth; i++) {
      assertEquals(
          (long) length * BYTES,
          inUseAfterEach.get(i - 1) - inUseAfterEach.get(i),
          "one saved tensor less after node " + i);
    }
  }

  @Test
  @DisplayName("A gradient goes over a saved tensor only if nobody else holds that")
  void gradientsOverSavedTensors() {
    for (boolean held : new boolean[] {false, true}) {
      Variable x = parameter(1, 2, 3);
      try (Tape tape = Tape.record();
          Scope scope = Scope.open()) {
        Variable doubled;
        Variable y;
        try (Scope block = Scope.open()) {
          doubled = Elementwise.affine(x, 2, 0);
          if (held) {
            doubled.keptBy(block);
          }
          y = overwriting(doubled).keptBy(block);
        }
        tape.backward(y, tensor(1, 10, 100));
        assertArrayEquals(new double[] {-2, -20, -200}, x.gradient().toDoubles());
        if (held) {
          assertArrayEquals(new double[] {2, 4, 6}, doubled.value().toDoubles());
        } else {
          assertThrows(IllegalStateException.class, () -> doubled.value().toDoubles());
        }
      }
    }
  }

  /** {@code -x}, whose gradient is put over x where that is allowed. */
  private static Variable overwriting(Variable x) {
    Tensor out = Tensor.empty(x.backend(), x.shape());
    x.backend().elementwise().affine(x.value(), -1, 0, out);
    return Tape.node(
        "overwriting",
        out,
        Tape.inputs(x),
        Tape.saved(x.value()),
        (dOut, gradients) -> {
          Tensor dX = gradients.over(x.value());
          x.backend().elementwise().affine(dOut, -1, 0, dX);
          gradients.add(x, dX);
        });
  }

  @Test
  @DisplayName("Closing a tape without a backward pass releases everything")
  void closingReleasesEverything() {
    Variable x = parameter(1, 2, 3);
    long before = inUse();
    try (Tape tape = Tape.record()) {
      try (Scope _ = Scope.open()) {
        Elementwise.square(Elementwise.exp(x));
      }
      assertEquals(2, tape.size());
      assertEquals(3 * BYTES, inUse() - before, "exp's value, saved by both");
    }
    assertEquals(before, inUse());
  }

  @Test
  @DisplayName("A backward pass that fails leaves no memory behind")
  void failureReleasesEverything() {
    Variable x = parameter(1, 2, 3);
    x.gradient();
    long before = inUse();
    assertThrows(
        ArithmeticException.class,
        () -> {
          try (Scope _ = Scope.open();
              Tape tape = Tape.record()) {
            Variable y = Elementwise.square(x);
            Tensor out = Tensor.zeros(device, y.shape());
            Variable failing =
                Tape.node(
                    "failing",
                    out,
                    Tape.inputs(y),
                    Tape.saved(y.value()),
                    (_, _) -> {
                      throw new ArithmeticException("on purpose");
                    });
            tape.backward(Reduction.sum(Elementwise.exp(failing)));
          }
        });
    assertEquals(before, inUse());
    try (Tape tape = Tape.record()) {
      assertEquals(0, tape.size(), "the thread can record again");
    }
  }

  @Test
  @DisplayName("Steps in scopes leave the memory as it was")
  void stepsDoNotGrow() {
    Variable w = parameter(0.5, -0.5);
    w.gradient();
    long before = inUse();
    for (int step = 0; step < 5; step++) {
      try (Scope _ = Scope.open();
          Tape tape = Tape.record()) {
        Variable h = Elementwise.tanh(Elementwise.mul(constant(1, 2), w));
        tape.backward(Reduction.mean(Elementwise.add(Elementwise.square(h), h)));
      }
      assertEquals(before, inUse(), "after step " + step);
    }
  }

  @Test
  @DisplayName("A branch that the loss does not use costs nothing in the backward pass")
  void unusedBranchesAreSkipped() {
    Variable x = parameter(2);
    Variable unused = parameter(3);
    try (Tape tape = Tape.record()) {
      Elementwise.square(unused);
      tape.backward(Elementwise.square(x));
    }
    assertEquals(4, x.gradient().item());
    assertEquals(0, unused.gradient().item());
  }

  @Test
  @DisplayName("A gradient that reads what it did not declare as saved is caught as use after free")
  void useAfterFreeIsCaught() {
    Variable x = parameter(2);
    try (Tape tape = Tape.record()) {
      Variable y =
          Tape.node(
              "undeclared",
              Tensor.scalar(device, 4).reshape(1),
              Tape.inputs(x),
              Tape.saved(),
              undeclared());
      IllegalStateException error =
          assertThrows(IllegalStateException.class, () -> tape.backward(y));
      assertTrue(error.getMessage().contains("use after free"), error.getMessage());
    }
  }

  private Backward undeclared() {
    try (Scope _ = Scope.open()) {
      Tensor temporary = tensor(1);
      return (_, gradients) -> {
        Tensor copy = Tensor.empty(device, temporary.shape());
        device.elementwise().copy(temporary, copy);
        gradients.add(null, copy);
      };
    }
  }

  @Test
  @DisplayName("Misuse is rejected with a message")
  void misuseIsRejected() {
    Variable x = parameter(2, 3);
    try (Tape tape = Tape.record()) {
      Variable y = Elementwise.square(x);
      assertMessage("one element", () -> tape.backward(y));
      assertMessage("does not depend on any parameter", () -> tape.backward(constant(1)));
      assertMessage("upstream gradient [3]", () -> tape.backward(y, tensor(1, 2, 3)));
      assertMessage("already records", Tape::record);
      assertMessage("only parameters keep a gradient", y::gradient);
      assertMessage("only parameters keep a gradient", () -> constant(1).gradient());
      tape.backward(y, tensor(1, 1));
      assertMessage("has run and released", () -> tape.backward(y, tensor(1, 1)));
      try (Tape _ = Tape.record()) {
        assertMessage("was recorded on another tape", () -> Elementwise.exp(y));
        assertEquals(Math.exp(4), Elementwise.exp(y.detach()).value().toDoubles()[0]);
      }
    }
  }

  private static void assertMessage(String part, Executable action) {
    RuntimeException error = assertThrows(RuntimeException.class, action);
    assertTrue(String.valueOf(error.getMessage()).contains(part), error.getMessage());
  }
}
