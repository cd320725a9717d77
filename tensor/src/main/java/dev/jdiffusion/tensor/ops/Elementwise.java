package dev.jdiffusion.tensor.ops;

import dev.jdiffusion.tensor.Shape;
import dev.jdiffusion.tensor.Tensor;

/** Pointwise arithmetic. Outputs may be the same tensor as an input of the same shape. */
public interface Elementwise {
  /** Functions of one number; {@code y} is the value, the comment gives the derivative. */
  enum Unary {
    /** {@code -x}; -1. */
    NEG,
    /** {@code e^x}; y. */
    EXP,
    /** Natural logarithm; 1/x. */
    LOG,
    /** {@code sqrt(x)}; 1/(2y). */
    SQRT,
    /** {@code x^2}; 2x. */
    SQUARE,
    /** {@code |x|}; sign(x), 0 at 0. */
    ABS,
    /** {@code max(x, 0)}; 1 where x > 0, else 0. */
    RELU,
    /** {@code x * sigmoid(x)}; s + x s (1 - s). */
    SILU,
    /** {@code x Phi(x)} with the exact error function; Phi(x) + x phi(x). */
    GELU,
    /** {@code 0.5 x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3)))}; Hendrycks and Gimpel 2016. */
    GELU_TANH,
    /** {@code 1 / (1 + e^-x)}; y (1 - y). */
    SIGMOID,
    /** Hyperbolic tangent; 1 - y^2. */
    TANH
  }

  /** Functions of two numbers. */
  enum Binary {
    ADD,
    SUB,
    MUL,
    DIV
  }

  /** {@code out = f(x)}. */
  void unary(Unary function, Tensor x, Tensor out);

  /**
   * {@code dx = dy * f'(x)}. Only that one of x and y is read which the function's derivative
   * names, so that callers need to keep only that one, and may pass any tensor of the shape for the
   * other.
   *
   * @param y the value of the function at x
   * @param dx may be dy
   */
  void unaryGrad(Unary function, Tensor x, Tensor y, Tensor dy, Tensor dx);

  /** {@code out = x^exponent}. */
  void power(Tensor x, double exponent, Tensor out);

  /** {@code dx = dy * exponent * x^(exponent-1)}. */
  void powerGrad(Tensor x, double exponent, Tensor dy, Tensor dx);

  /** {@code out = a op b}, broadcast to out's shape, which is {@link Shape#broadcast} of both. */
  void binary(Binary function, Tensor a, Tensor b, Tensor out);

  /** {@code out = scale * x + shift}. */
  void affine(Tensor x, double scale, double shift, Tensor out);

  /** {@code out = min(max(x, low), high)}; NaN stays NaN. */
  void clamp(Tensor x, double low, double high, Tensor out);

  /** {@code y = y + scale * x}, of the same shape. */
  void addScaled(double scale, Tensor x, Tensor y);

  /** {@code out = value} everywhere. */
  void fill(double value, Tensor out);

  /** {@code out = x}, of the same size; shapes may differ. */
  void copy(Tensor x, Tensor out);
}
