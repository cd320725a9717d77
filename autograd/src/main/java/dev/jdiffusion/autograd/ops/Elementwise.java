package dev.jdiffusion.autograd.ops;

import static dev.jdiffusion.autograd.Tape.inputs;
import static dev.jdiffusion.autograd.Tape.saved;

import dev.jdiffusion.autograd.Gradients;
import dev.jdiffusion.autograd.Tape;
import dev.jdiffusion.autograd.Variable;
import dev.jdiffusion.tensor.Shape;
import dev.jdiffusion.tensor.Tensor;
import dev.jdiffusion.tensor.ops.Elementwise.Binary;
import dev.jdiffusion.tensor.ops.Elementwise.Unary;

/**
 * Pointwise arithmetic; functions of two variables broadcast under {@link Shape#broadcast NumPy's
 * rule}.
 */
public final class Elementwise {
  private Elementwise() {}

  /** {@code a + b}. */
  public static Variable add(Variable a, Variable b) {
    return Tape.node(
        "add",
        binary(Binary.ADD, a, b),
        inputs(a, b),
        saved(),
        (dOut, gradients) -> {
          addReduced(gradients, a, dOut);
          addReduced(gradients, b, dOut);
        });
  }

  /** {@code a - b}. */
  public static Variable sub(Variable a, Variable b) {
    return Tape.node(
        "sub",
        binary(Binary.SUB, a, b),
        inputs(a, b),
        saved(),
        (dOut, gradients) -> {
          addReduced(gradients, a, dOut);
          if (gradients.needs(b)) {
            addReduced(gradients, b, Operands.scaled(dOut, -1));
          }
        });
  }

  /** {@code a * b}. */
  public static Variable mul(Variable a, Variable b) {
    Tensor x = a.value();
    Tensor y = b.value();
    return Tape.node(
        "mul",
        binary(Binary.MUL, a, b),
        inputs(a, b),
        saved(b.requiresGradient() ? x : null, a.requiresGradient() ? y : null),
        (dOut, gradients) -> {
          if (gradients.needs(a)) {
            addReduced(gradients, a, binary(Binary.MUL, dOut, y));
          }
          if (gradients.needs(b)) {
            addReduced(gradients, b, binary(Binary.MUL, dOut, x));
          }
        });
  }

  /** {@code a / b}; the gradients are {@code 1/b} and {@code -out/b} times the result's. */
  public static Variable div(Variable a, Variable b) {
    Tensor y = b.value();
    Tensor out = binary(Binary.DIV, a, b);
    return Tape.node(
        "div",
        out,
        inputs(a, b),
        saved(y, b.requiresGradient() ? out : null),
        (dOut, gradients) -> {
          Tensor quotient = binary(Binary.DIV, dOut, y);
          if (gradients.needs(b)) {
            Tensor product = binary(Binary.MUL, quotient, out);
            addReduced(gradients, b, Operands.scaled(product, -1));
          }
          if (gradients.needs(a)) {
            addReduced(gradients, a, quotient);
          }
        });
  }

  /** {@code -x}. */
  public static Variable neg(Variable x) {
    return unary("neg", Unary.NEG, x);
  }

  /** {@code e^x}. */
  public static Variable exp(Variable x) {
    return unary("exp", Unary.EXP, x);
  }

  /** The natural logarithm. */
  public static Variable log(Variable x) {
    return unary("log", Unary.LOG, x);
  }

  /** The square root; its gradient is infinite at 0. */
  public static Variable sqrt(Variable x) {
    return unary("sqrt", Unary.SQRT, x);
  }

  /** {@code x^2}. */
  public static Variable square(Variable x) {
    return unary("square", Unary.SQUARE, x);
  }

  /** {@code |x|}, with gradient 0 at 0. */
  public static Variable abs(Variable x) {
    return unary("abs", Unary.ABS, x);
  }

  /** {@code max(x, 0)}, with gradient 0 at 0. */
  public static Variable relu(Variable x) {
    return unary("relu", Unary.RELU, x);
  }

  /** {@code x * sigmoid(x)}; Elfwing et al. 2017. */
  public static Variable silu(Variable x) {
    return unary("silu", Unary.SILU, x);
  }

  /** {@code x * Phi(x)} with the exact error function; Hendrycks and Gimpel 2016. */
  public static Variable gelu(Variable x) {
    return unary("gelu", Unary.GELU, x);
  }

  /** The approximation of {@link #gelu} by a hyperbolic tangent, from the same paper. */
  public static Variable geluTanh(Variable x) {
    return unary("geluTanh", Unary.GELU_TANH, x);
  }

  /** {@code 1 / (1 + e^-x)}. */
  public static Variable sigmoid(Variable x) {
    return unary("sigmoid", Unary.SIGMOID, x);
  }

  /** The hyperbolic tangent. */
  public static Variable tanh(Variable x) {
    return unary("tanh", Unary.TANH, x);
  }

  /** {@code x^exponent}. */
  public static Variable power(Variable x, double exponent) {
    Tensor base = x.value();
    Tensor out = Operands.like(base);
    base.backend().elementwise().power(base, exponent, out);
    return Tape.node(
        "power",
        out,
        inputs(x),
        saved(base),
        (dOut, gradients) -> {
          Tensor dX = Operands.like(base);
          base.backend().elementwise().powerGrad(base, exponent, dOut, dX);
          gradients.add(x, dX);
        });
  }

  /** {@code scale * x + shift}. */
  public static Variable affine(Variable x, double scale, double shift) {
    Tensor out = Operands.like(x.value());
    x.backend().elementwise().affine(x.value(), scale, shift, out);
    return Tape.node(
        "affine",
        out,
        inputs(x),
        saved(),
        (dOut, gradients) -> gradients.add(x, Operands.scaled(dOut, scale)));
  }

  private static Variable unary(String name, Unary function, Variable x) {
    Tensor out = Operands.like(x.value());
    x.backend().elementwise().unary(function, x.value(), out);
    // A derivative reads the argument or the value, never both, so only one has to be kept.
    Tensor read =
        switch (function) {
          case EXP, SQRT, SIGMOID, TANH -> out;
          case LOG, SQUARE, ABS, RELU, SILU, GELU, GELU_TANH -> x.value();
          case NEG -> null;
        };
    return Tape.node(
        name,
        out,
        inputs(x),
        saved(read),
        (dOut, gradients) -> {
          Tensor known = read == null ? dOut : read;
          Tensor dX = Operands.like(dOut);
          dOut.backend().elementwise().unaryGrad(function, known, known, dOut, dX);
          gradients.add(x, dX);
        });
  }

  private static Tensor binary(Binary function, Variable a, Variable b) {
    return binary(function, a.value(), b.value());
  }

  private static Tensor binary(Binary function, Tensor a, Tensor b) {
    Tensor out = Tensor.empty(a.backend(), Shape.broadcast(a.shape(), b.shape()));
    a.backend().elementwise().binary(function, a, b, out);
    return out;
  }

  /**
   * Adds a gradient of the broadcast shape to that of an input: what was repeated forward is summed
   * backward.
   */
  private static void addReduced(Gradients gradients, Variable input, Tensor gradient) {
    if (gradient.shape().equals(input.shape())) {
      gradients.add(input, gradient);
    } else if (gradients.needs(input)) {
      gradient.backend().reduction().sumTo(gradient, gradients.buffer(input), true);
    }
  }
}
