package dev.jdiffusion.nn;

import dev.jdiffusion.autograd.Tape;
import dev.jdiffusion.autograd.Variable;
import dev.jdiffusion.autograd.ops.MatMul;
import dev.jdiffusion.tensor.Shape;
import org.jspecify.annotations.Nullable;

/** {@code y = x weight + bias} over the last axis, with {@code weight [in, out]}. */
public final class Linear extends Module {
  private final Parameter weight;
  private final @Nullable Parameter bias;

  /** A layer with bias. */
  public Linear(int in, int out) {
    this(in, out, true);
  }

  public Linear(int in, int out, boolean hasBias) {
    Arguments.positive("Linear", "input features", in);
    Arguments.positive("Linear", "output features", out);
    Initializer initializer = Initializer.fanIn(in);
    weight = parameter("weight", Shape.of(in, out), initializer);
    bias = hasBias ? parameter("bias", Shape.of(out), initializer) : null;
  }

  /**
   * @param x {@code [..., in]}
   * @return {@code [..., out]}
   */
  public Variable forward(Variable x) {
    return forward(x, null);
  }

  /** The same with {@code residual [..., out]} added. */
  public Variable forward(Variable x, @Nullable Variable residual) {
    try (Tape.Label _ = label()) {
      return MatMul.linear(x, weight.variable(), bias == null ? null : bias.variable(), residual);
    }
  }
}
