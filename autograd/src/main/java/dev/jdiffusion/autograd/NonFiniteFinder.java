package dev.jdiffusion.autograd;

import dev.jdiffusion.tensor.Tensor;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Finds the first operation with an infinite or undefined number in its result or in the gradients
 * that it computed. Reads every tensor, so it is for repeating a step that has gone wrong, not for
 * every step.
 *
 * <pre>{@code
 * NonFiniteFinder finder = new NonFiniteFinder();
 * try (Tape tape = Tape.record(finder)) { ... }
 * finder.found().ifPresent(log::warn);
 * }</pre>
 */
public final class NonFiniteFinder implements Observer {
  private @Nullable String found;

  /**
   * One line that names the operation, its layer and, if it was not to blame, the input that it
   * got; empty if all is well.
   */
  public Optional<String> found() {
    return Optional.ofNullable(found);
  }

  @Override
  public void forward(Operation operation) {
    Tensor output = operation.output();
    if (found != null || isFinite(output)) {
      return;
    }
    String cause = "";
    for (Variable input : operation.inputs()) {
      if (cause.isEmpty() && !isFinite(input.value())) {
        cause = ", from its input, the " + input;
      }
    }
    found =
        "non-finite value in the result of "
            + operation.name()
            + " "
            + output.shape()
            + at(operation.path())
            + cause;
  }

  @Override
  public void backward(Operation operation) {
    for (Variable input : operation.inputs()) {
      Tensor gradient = input.gradient;
      if (found == null && gradient != null && !isFinite(gradient)) {
        found =
            "non-finite gradient computed by "
                + operation.name()
                + at(operation.path())
                + " for its input, the "
                + input;
      }
    }
  }

  private static String at(String path) {
    return path.isEmpty() ? "" : " in " + path;
  }

  private static boolean isFinite(Tensor tensor) {
    return Double.isFinite(tensor.backend().reduction().sumOfSquares(tensor));
  }
}
