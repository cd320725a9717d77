package dev.jdiffusion.autograd;

import dev.jdiffusion.tensor.Scope;
import dev.jdiffusion.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Records operations in the order in which they run, and runs their gradients in the opposite
 * order: reverse-mode differentiation. An operation follows all that it depends on, so when its
 * turn comes in the backward pass every use of its result has already added its share to the
 * result's gradient, and the chain rule needs nothing but a loop.
 *
 * <pre>{@code
 * try (Tape tape = Tape.record()) {
 *   Variable loss = Loss.mse(model.forward(x), target);
 *   tape.backward(loss);        // adds to the gradient of every parameter
 * }
 * }</pre>
 *
 * <p>There is one tape a thread; without one, operations only compute. The tape holds a reference
 * on each tensor that an operation declares as saved, until that operation's gradient has run: a
 * block may open a {@link Scope}, compute, keep its result and close the scope, and all that no
 * gradient needs is freed at once. What the tape alone holds is an operation's to overwrite, see
 * {@link Gradients#over}.
 */
public final class Tape implements AutoCloseable {
  private static final ThreadLocal<@Nullable Tape> CURRENT = new ThreadLocal<>();
  private static final Label NO_LABEL = () -> {};

  private final ArrayList<Node> nodes = new ArrayList<>();
  private final @Nullable Observer observer;
  private final ArrayList<String> path = new ArrayList<>();
  private boolean ran;

  /** What an operation leaves on the tape. */
  private record Node(
      String operation,
      String path,
      List<Variable> inputs,
      Variable output,
      Tensor[] saved,
      Backward backward) {
    Operation observed() {
      return new Operation(operation, path, inputs, output.value(), List.of(saved));
    }

    void release() {
      for (Tensor tensor : saved) {
        tensor.storage().release();
      }
      Gradients.drop(output);
    }
  }

  /** Ends the part of the computation that {@link Tape#label} named. */
  @FunctionalInterface
  public interface Label extends AutoCloseable {
    @Override
    void close();
  }

  private Tape(@Nullable Observer observer) {
    this.observer = observer;
  }

  /** Starts recording on this thread. */
  public static Tape record() {
    return start(new Tape(null));
  }

  /** Starts recording on this thread, and tells the observer of each operation. */
  public static Tape record(Observer observer) {
    return start(new Tape(observer));
  }

  private static Tape start(Tape tape) {
    if (CURRENT.get() != null) {
      throw new IllegalStateException("this thread already records a tape; close it first");
    }
    CURRENT.set(tape);
    return tape;
  }

  /**
   * Names a part of the computation, such as a layer, until the label is closed; nested names form
   * a path. Costs nothing unless somebody observes.
   */
  public static Label label(String name) {
    Tape tape = CURRENT.get();
    if (tape == null || tape.observer == null) {
      return NO_LABEL;
    }
    tape.path.add(name);
    return tape.path::removeLast;
  }

  /**
   * Tells whoever observes that the time since the last operation went into work that is none, such
   * as making the inputs. Costs nothing unless somebody observes.
   */
  public static void outside(String work) {
    Tape tape = CURRENT.get();
    if (tape != null && tape.observer != null) {
      tape.observer.outside(work, Cost.NONE);
    }
  }

  /**
   * Ends an operation: makes a variable of its result, and records its gradient if a tape runs and
   * an input needs one.
   *
   * @param operation the name for people
   * @param inputs all variables it depends on; null for those absent
   * @param saved all tensors that {@code backward} reads besides {@code dOut}; null for those not
   *     needed
   */
  public static Variable node(
      String operation,
      Tensor output,
      @Nullable Variable[] inputs,
      @Nullable Tensor[] saved,
      Backward backward) {
    Tape tape = CURRENT.get();
    return tape == null
        ? Variable.constant(output)
        : tape.append(operation, output, inputs, saved, backward);
  }

  /** The inputs of a {@link #node}. */
  public static @Nullable Variable[] inputs(@Nullable Variable... inputs) {
    return inputs;
  }

  /** The saved tensors of a {@link #node}. */
  public static @Nullable Tensor[] saved(@Nullable Tensor... tensors) {
    return tensors;
  }

  private Variable append(
      String operation,
      Tensor out,
      @Nullable Variable[] inputs,
      @Nullable Tensor[] saved,
      Backward backward) {
    List<Variable> present = new ArrayList<>(inputs.length);
    boolean needed = false;
    for (Variable input : inputs) {
      if (input != null) {
        if (input.tape != null && input.tape != this) {
          throw new IllegalStateException(
              operation
                  + ": an input "
                  + input.shape()
                  + " was recorded on another tape; detach() it to use its value");
        }
        present.add(input);
        needed |= input.requiresGradient();
      }
    }
    String where = String.join(".", path);
    if (observer != null) {
      List<Tensor> read = new ArrayList<>(saved.length);
      for (Tensor tensor : saved) {
        if (tensor != null) {
          read.add(tensor);
        }
      }
      observer.forward(new Operation(operation, where, present, out, read));
    }
    if (!needed) {
      return Variable.constant(out);
    }
    List<Tensor> retained = new ArrayList<>(saved.length);
    for (Tensor tensor : saved) {
      if (tensor != null) {
        tensor.storage().retain();
        retained.add(tensor);
      }
    }
    Variable output = Variable.result(out, this);
    nodes.add(
        new Node(operation, where, present, output, retained.toArray(Tensor[]::new), backward));
    return output;
  }

  /**
   * Adds the gradient of a loss, a variable with one element, to the gradients of all parameters
   * that it depends on.
   */
  public void backward(Variable loss) {
    if (loss.shape().size() != 1) {
      throw new IllegalArgumentException(
          "backward: a loss has one element, this variable has shape "
              + loss.shape()
              + "; give the gradient to start from");
    }
    try (Scope _ = Scope.open()) {
      backward(loss, Tensor.full(loss.backend(), loss.shape(), 1));
    }
  }

  /**
   * Adds the gradient of {@code sum of upstream * output} to the gradients of all parameters that
   * it depends on. Ends the recording; each saved tensor and each gradient of a result is released
   * as soon as it has been used.
   */
  public void backward(Variable output, Tensor upstream) {
    if (ran) {
      throw new IllegalStateException(
          "backward: this tape has run and released what it had saved; record a new one");
    }
    if (output.tape != this) {
      throw new IllegalArgumentException(
          "backward: "
              + output
              + (output.tape != null
                  ? " was recorded on another tape"
                  : " does not depend on any parameter on this tape"));
    }
    if (!upstream.shape().equals(output.shape())) {
      throw new IllegalArgumentException(
          "backward: upstream gradient " + upstream.shape() + " for an output " + output.shape());
    }
    ran = true;
    stopRecording();
    Gradients gradients = new Gradients();
    Gradients.replace(output, upstream, false);
    while (!nodes.isEmpty()) {
      Node node = nodes.getLast();
      Tensor dOut = node.output.gradient;
      if (dOut != null) {
        gradients.run(node.backward, dOut);
        if (observer != null) {
          observer.backward(node.observed());
        }
      }
      nodes.removeLast();
      node.release();
    }
  }

  /** How many operations wait for their gradient to run. */
  public int size() {
    return nodes.size();
  }

  private void stopRecording() {
    if (CURRENT.get() == this) {
      CURRENT.remove();
    }
  }

  /** Ends the recording and releases whatever is still saved. */
  @Override
  public void close() {
    stopRecording();
    while (!nodes.isEmpty()) {
      nodes.removeLast().release();
    }
  }
}
