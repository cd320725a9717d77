package dev.jdiffusion.nn;

import dev.jdiffusion.autograd.Variable;
import dev.jdiffusion.tensor.Shape;
import dev.jdiffusion.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * Something a module learns. Declaring one takes no memory: a {@link ParameterStore} gives it some,
 * on the device that it was opened for.
 */
public final class Parameter {
  private final Shape shape;
  private final Initializer initializer;
  private @Nullable Variable variable;

  Parameter(Shape shape, Initializer initializer) {
    this.shape = shape;
    this.initializer = initializer;
  }

  public Shape shape() {
    return shape;
  }

  public Initializer initializer() {
    return initializer;
  }

  /**
   * The parameter as an operand.
   *
   * @throws IllegalStateException before a {@link ParameterStore} was made for its module
   */
  public Variable variable() {
    if (variable == null) {
      throw new IllegalStateException(
          "parameter " + shape + " has no memory yet: make a ParameterStore for its module");
    }
    return variable;
  }

  /** Gives memory; a gradient only for training. */
  void bind(String name, Tensor value, @Nullable Tensor gradient) {
    Variable bound = Variable.parameter(value, name);
    if (gradient != null) {
      bound.bind(value, gradient);
    }
    variable = bound;
  }

  void unbind() {
    variable = null;
  }
}
