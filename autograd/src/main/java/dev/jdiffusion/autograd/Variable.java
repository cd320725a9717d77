package dev.jdiffusion.autograd;

import dev.jdiffusion.tensor.Backend;
import dev.jdiffusion.tensor.Scope;
import dev.jdiffusion.tensor.Shape;
import dev.jdiffusion.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * A tensor in a differentiable computation. There are three kinds:
 *
 * <ul>
 *   <li>a <b>constant</b> (data, targets) takes no gradient, and none is computed for it;
 *   <li>a <b>parameter</b> has a name and owns a gradient, to which every backward pass adds;
 *   <li>the <b>result</b> of an operation recorded on a {@link Tape}, whose gradient exists only
 *       during the backward pass.
 * </ul>
 */
public final class Variable {
  private Tensor value;
  private final String name;
  private final boolean parameter;

  /** The tape that recorded this result; null for constants and parameters. */
  final @Nullable Tape tape;

  /** A parameter's gradient once asked for; a result's while its tape runs backward. */
  @Nullable Tensor gradient;

  /**
   * Whether no other variable's gradient shares the memory of a result's gradient, so that it may
   * be written.
   */
  boolean ownsGradient;

  private Variable(Tensor value, String name, boolean parameter, @Nullable Tape tape) {
    this.value = value;
    this.name = name;
    this.parameter = parameter;
    this.tape = tape;
  }

  /** A value that takes no gradient. */
  public static Variable constant(Tensor value) {
    return new Variable(value, "", false, null);
  }

  /** A value to learn; its gradient is made, zero and persistent, when it is first asked for. */
  public static Variable parameter(Tensor value, String name) {
    return new Variable(value, name, true, null);
  }

  static Variable result(Tensor value, Tape tape) {
    return new Variable(value, "", false, tape);
  }

  public Tensor value() {
    return value;
  }

  public Shape shape() {
    return value.shape();
  }

  /** The extent of an axis; negative axes count from the last. */
  public int dim(int axis) {
    return value.dim(axis);
  }

  public Backend backend() {
    return value.backend();
  }

  /** A parameter's name; empty for others. */
  public String name() {
    return name;
  }

  public boolean isParameter() {
    return parameter;
  }

  /** Whether the backward pass has to compute a gradient for this variable. */
  public boolean requiresGradient() {
    return parameter || tape != null;
  }

  /**
   * The sum of the gradients of all backward passes since it was last set to zero.
   *
   * @throws IllegalStateException if this is not a parameter
   */
  public Tensor gradient() {
    if (!parameter) {
      throw new IllegalStateException(
          "only parameters keep a gradient; this variable "
              + shape()
              + " is "
              + (tape == null ? "a constant" : "the result of an operation"));
    }
    if (gradient == null) {
      try (Scope _ = Scope.openPersistent()) {
        gradient = Tensor.zeros(value.backend(), value.shape());
      }
    }
    return gradient;
  }

  /** Sets a parameter's gradient to zero. */
  public void zeroGradient() {
    if (gradient != null) {
      value.backend().elementwise().fill(0, gradient());
    }
  }

  /**
   * Moves a parameter to other memory, such as a range of one buffer for all parameters. Contents
   * are not copied and the old memory is not released: both belong to the caller.
   */
  public void bind(Tensor newValue, Tensor newGradient) {
    if (!parameter) {
      throw new IllegalStateException("only parameters can be bound to other memory");
    }
    if (!newValue.shape().equals(shape()) || !newGradient.shape().equals(shape())) {
      throw new IllegalArgumentException(
          "parameter "
              + name
              + " has shape "
              + shape()
              + ", cannot be bound to value "
              + newValue.shape()
              + " and gradient "
              + newGradient.shape());
    }
    value = newValue;
    gradient = newGradient;
  }

  /** The same value as a constant: no gradient flows through it. */
  public Variable detach() {
    return constant(value);
  }

  /**
   * Hands the value to the scope that encloses {@code scope}: {@code return result.keptBy(scope);}.
   */
  public Variable keptBy(Scope scope) {
    scope.keep(value);
    return this;
  }

  /** The value of a variable with one element. */
  public double item() {
    return value.item();
  }

  @Override
  public String toString() {
    return (parameter ? "parameter " + name + " " : tape == null ? "constant " : "result ")
        + value.shape();
  }
}
