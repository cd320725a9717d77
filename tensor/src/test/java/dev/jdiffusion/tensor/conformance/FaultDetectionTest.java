package dev.jdiffusion.tensor.conformance;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.jdiffusion.tensor.Backend;
import dev.jdiffusion.tensor.Backends;
import dev.jdiffusion.tensor.Device;
import dev.jdiffusion.tensor.Shape;
import dev.jdiffusion.tensor.Storage;
import dev.jdiffusion.tensor.Tensor;
import dev.jdiffusion.tensor.ops.Elementwise;
import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;
import org.junit.jupiter.api.Test;

/** The suite itself: it accepts a right backend and catches each kind of fault. */
final class FaultDetectionTest {
  private static final int SIZE = 20;

  private final Backend reference = Backends.open(Device.REFERENCE);

  private final ConformanceCase affine =
      new ConformanceCase(
          "affine",
          run -> {
            Tensor x = run.input(SIZE);
            run.on()
                .elementwise()
                .affine(x, 2, 0, run.output("out", Tolerance.relative(1e-6), SIZE));
          },
          false);

  /**
   * The reference, whose {@code affine} is followed by something that it should not do to input and
   * output.
   */
  private Backend faulty(BiConsumer<Tensor, Tensor> fault) {
    Elementwise right = reference.elementwise();
    Elementwise wrong =
        (Elementwise)
            Proxy.newProxyInstance(
                Elementwise.class.getClassLoader(),
                new Class<?>[] {Elementwise.class},
                (proxy, method, arguments) -> {
                  Object result = method.invoke(right, arguments);
                  if (method.getName().equals("affine")) {
                    fault.accept((Tensor) arguments[0], (Tensor) arguments[3]);
                  }
                  return result;
                });
    return (Backend)
        Proxy.newProxyInstance(
            Backend.class.getClassLoader(),
            new Class<?>[] {Backend.class},
            (proxy, method, arguments) -> {
              try {
                return method.getName().equals("elementwise")
                    ? wrong
                    : method.invoke(reference, arguments);
              } catch (InvocationTargetException e) {
                throw e.getCause();
              }
            });
  }

  private String errorOf(BiConsumer<Tensor, Tensor> fault) {
    List<Backend> backends = List.of(faulty(fault));
    return assertThrows(AssertionError.class, () -> affine.verify(backends, new Recorder()))
        .getMessage();
  }

  private void set(Tensor tensor, int index, double value) {
    reference.elementwise().fill(value, tensor.range(index, Shape.of(1)));
  }

  @Test
  void aRightBackendPasses() {
    assertDoesNotThrow(() -> affine.verify(List.of(faulty((x, out) -> {})), new Recorder()));
  }

  @Test
  void aWrongElementIsNamedWithCaseSeedAndTolerance() {
    String message = errorOf((x, out) -> set(out, 17, 1000));
    assertTrue(
        message.startsWith("case 'affine' (seed " + affine.seed() + ") on reference"), message);
    assertTrue(
        message.contains("out has 1 wrong elements; element 17 of [20] is 1000.0, expected "),
        message);
  }

  @Test
  void anElementThatWasNotWrittenIsFound() {
    String message = errorOf((x, out) -> set(out, SIZE - 1, Double.NaN));
    assertTrue(message.contains("element 19 of [20] is NaN"), message);
  }

  @Test
  void aChangedInputIsFound() {
    String message = errorOf((x, out) -> set(x, 3, 1000));
    assertTrue(message.contains("input 0 [20]: element 3 changed from "), message);
  }

  @Test
  void aSmallErrorBeyondTheToleranceIsFound() {
    errorOf((x, out) -> reference.elementwise().affine(out, 1 + 3e-6, 0, out));
  }

  @Test
  void writingOutsideOfAResultIsFound() {
    String message =
        errorOf((x, out) -> {
          int outside = out.offset() > 0 ? out.offset() - 1 : out.size();
          set(storageOf(out), outside, 0);
        });
    assertTrue(message.contains("outside of it, changed from "), message);
  }

  /** The whole storage of a view, which a kernel sees. */
  private static Tensor storageOf(Tensor view) {
    try {
      Constructor<Tensor> constructor =
          Tensor.class.getDeclaredConstructor(Storage.class, int.class, Shape.class);
      constructor.setAccessible(true);
      return constructor.newInstance(view.storage(), 0, Shape.of(view.storage().length()));
    } catch (ReflectiveOperationException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void anOperationWithoutACaseIsMissing() {
    Recorder recorder = new Recorder();
    assertTrue(
        recorder.missing().contains("Convolution.weightGrad"), recorder.missing().toString());
    assertTrue(recorder.missing().contains("Elementwise.affine"), recorder.missing().toString());
    affine.verify(List.of(reference), recorder);
    assertFalse(recorder.missing().contains("Elementwise.affine"), recorder.missing().toString());
  }

  @Test
  void aCallInAFailedCaseDoesNotCount() {
    Recorder recorder = new Recorder();
    List<Backend> wrong = List.of(faulty((x, out) -> set(out, 0, 1000)));
    assertThrows(AssertionError.class, () -> affine.verify(wrong, recorder));
    new ConformanceCase(
            "fill",
            run -> run.on().elementwise().fill(1, run.output("out", Tolerance.EXACT, 2)),
            false)
        .verify(List.of(reference), recorder);
    assertFalse(recorder.missing().contains("Elementwise.fill"), recorder.missing().toString());
    assertTrue(recorder.missing().contains("Elementwise.affine"), recorder.missing().toString());
  }

  @Test
  void differentBitsAreNamedByTheirCase() {
    assertEquals("", CaseDigests.difference(Map.of("a", "1"), Map.of("a", "1")));
    assertEquals(
        "1 of 1 cases differ: a", CaseDigests.difference(Map.of("a", "1"), Map.of("a", "2")));
  }
}
