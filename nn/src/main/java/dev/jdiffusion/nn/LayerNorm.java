package dev.jdiffusion.nn;

import dev.jdiffusion.autograd.Tape;
import dev.jdiffusion.autograd.Variable;
import dev.jdiffusion.tensor.Shape;

/**
 * Layer normalisation over the last axis (Ba, Kiros and Hinton 2016), with learned scale and
 * offset.
 */
public final class LayerNorm extends Module {
  private static final double EPSILON = 1e-5;

  private final Parameter gamma;
  private final Parameter beta;

  public LayerNorm(int features) {
    Arguments.positive("LayerNorm", "features", features);
    gamma = parameter("gamma", Shape.of(features), Initializer.ones());
    beta = parameter("beta", Shape.of(features), Initializer.zeros());
  }

  /**
   * @param x {@code [..., features]}
   * @return of x's shape
   */
  public Variable forward(Variable x) {
    try (Tape.Label _ = label()) {
      return dev.jdiffusion.autograd.ops.LayerNorm.layerNorm(
          x, gamma.variable(), beta.variable(), EPSILON);
    }
  }
}
