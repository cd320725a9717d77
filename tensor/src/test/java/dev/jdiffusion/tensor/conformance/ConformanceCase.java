package dev.jdiffusion.tensor.conformance;

import dev.jdiffusion.tensor.Backend;
import dev.jdiffusion.tensor.Backends;
import dev.jdiffusion.tensor.Device;
import dev.jdiffusion.tensor.Scope;
import dev.jdiffusion.tensor.conformance.Run.Result;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/**
 * Inputs and calls whose results a backend has to share with the reference.
 *
 * @param name unique
 * @param body makes inputs and results with a {@link Run} and calls the operation
 * @param undefined whether results may hold NaN: elements that stay as they were, or that are no
 *     number
 */
public record ConformanceCase(String name, Consumer<Run> body, boolean undefined) {
  private static final Backend REFERENCE = Backends.open(Device.REFERENCE);

  /** From the name, so that a case stays the same when others are added. */
  long seed() {
    return name.hashCode();
  }

  /** The results on a backend. */
  Map<String, Result> run(Backend backend) {
    return run(backend, backend, false);
  }

  /** Throws an error that names the first wrong element if a backend differs from the reference. */
  public void verify(Backend backend) {
    verify(List.of(backend), new Recorder());
  }

  /** The same for several, with a note of what they were asked for. */
  void verify(List<Backend> backends, Recorder recorder) {
    verify(backends, recorder, 0);
  }

  /**
   * Throws an error that names the first wrong element if a backend differs from the reference.
   *
   * @param operandRounding how far operands of products are rounded, relative to them
   */
  void verify(List<Backend> backends, Recorder recorder, double operandRounding) {
    recorder.begin();
    Map<String, Result> expected = run(REFERENCE);
    boolean needsTerms =
        expected.values().stream().anyMatch(result -> result.tolerance().ofTerms() > 0);
    Map<String, Result> terms = needsTerms ? run(REFERENCE, REFERENCE, true) : expected;
    if (expected.isEmpty()) {
      throw new AssertionError(describe() + " compares nothing");
    }
    for (Backend backend : backends) {
      Map<String, Result> actual;
      try {
        actual = run(backend, recorder.record(backend), false);
      } catch (RuntimeException | AssertionError e) {
        throw new AssertionError(describe() + " on " + describe(backend) + ": " + e, e);
      }
      for (String result : expected.keySet()) {
        compare(
            backend,
            result,
            expected.get(result),
            terms.get(result),
            actual.get(result),
            operandRounding);
      }
    }
    recorder.compared();
  }

  private Map<String, Result> run(Backend backend, Backend operations, boolean magnitudes) {
    try (Scope scope = Scope.open()) {
      Run run = new Run(backend, operations, seed(), magnitudes);
      body.accept(run);
      return run.finish();
    }
  }

  private void compare(
      Backend backend,
      String name,
      Result expected,
      Result terms,
      Result actual,
      double operandRounding) {
    Tolerance tolerance = expected.tolerance().withOperands(operandRounding);
    double maximum = 0;
    for (double value : expected.values()) {
      if (Double.isNaN(value) && !undefined) {
        throw new AssertionError(describe() + ": the reference leaves NaN in " + name);
      }
      if (Double.isFinite(value)) {
        maximum = Math.max(maximum, Math.abs(value));
      }
    }
    int wrong = 0;
    String first = "";
    for (int i = 0; i < expected.values().length; i++) {
      double e = expected.values()[i];
      double a = actual.values()[i];
      double t = Math.abs(terms.values()[i]);
      if (!tolerance.accepts(e, a, maximum, t) && wrong++ == 0) {
        first =
            "element "
                + i
                + " of "
                + expected.shape()
                + " is "
                + a
                + ", expected "
                + e
                + " within "
                + tolerance.allowed(e, maximum, t);
      }
    }
    if (wrong > 0) {
      throw new AssertionError(
          describe()
              + " on "
              + describe(backend)
              + ": "
              + name
              + " has "
              + wrong
              + " wrong elements; "
              + first);
    }
  }

  private String describe() {
    return "case '" + name + "' (seed " + seed() + ")";
  }

  private static String describe(Backend backend) {
    return backend.device() + " (" + backend.description() + ")";
  }
}
