package dev.jdiffusion.tensor.cpu;

import static dev.jdiffusion.tensor.cpu.Lanes.F;
import static dev.jdiffusion.tensor.cpu.Lanes.L;

import dev.jdiffusion.tensor.Activation;
import dev.jdiffusion.tensor.ops.Elementwise.Unary;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

/**
 * Gradients of {@link UnaryLoops}: {@code dx[i] = dy[i] * f'(at[i])}, where {@code at} is x or,
 * where that is cheaper, the value y of the function; dx may be dy.
 */
final class UnaryGradLoops {
  private UnaryGradLoops() {}

  /** Whether a function's gradient is computed from its value instead of its argument. */
  static boolean usesValue(Unary function) {
    return switch (function) {
      case EXP, SQRT, SIGMOID, TANH -> true;
      case NEG, LOG, SQUARE, ABS, RELU, SILU, GELU, GELU_TANH -> false;
    };
  }

  static void apply(
      Unary function, float[] at, int aAt, float[] dy, int dyAt, float[] dx, int dxAt, int n) {
    switch (function) {
      case NEG -> Kernel.launch(() -> neg(dy, dyAt, dx, dxAt, n));
      case EXP -> Kernel.launch(() -> exp(at, aAt, dy, dyAt, dx, dxAt, n));
      case LOG -> Kernel.launch(() -> log(at, aAt, dy, dyAt, dx, dxAt, n));
      case SQRT -> Kernel.launch(() -> sqrt(at, aAt, dy, dyAt, dx, dxAt, n));
      case SQUARE -> Kernel.launch(() -> square(at, aAt, dy, dyAt, dx, dxAt, n));
      case ABS -> Kernel.launch(() -> abs(at, aAt, dy, dyAt, dx, dxAt, n));
      case RELU -> Kernel.launch(() -> relu(at, aAt, dy, dyAt, dx, dxAt, n));
      case SILU -> Kernel.launch(() -> silu(at, aAt, dy, dyAt, dx, dxAt, n));
      case GELU -> Kernel.launch(() -> gelu(at, aAt, dy, dyAt, dx, dxAt, n));
      case GELU_TANH -> Kernel.launch(() -> geluTanh(at, aAt, dy, dyAt, dx, dxAt, n));
      case SIGMOID -> Kernel.launch(() -> sigmoid(at, aAt, dy, dyAt, dx, dxAt, n));
      case TANH -> Kernel.launch(() -> tanh(at, aAt, dy, dyAt, dx, dxAt, n));
    }
  }

  /** The gradient of an activation from its argument; NONE copies. */
  static void apply(
      Activation activation,
      float[] x,
      int xAt,
      float[] dy,
      int dyAt,
      float[] dx,
      int dxAt,
      int n) {
    switch (activation) {
      case NONE -> System.arraycopy(dy, dyAt, dx, dxAt, n);
      case RELU -> Kernel.launch(() -> relu(x, xAt, dy, dyAt, dx, dxAt, n));
      case SILU -> Kernel.launch(() -> silu(x, xAt, dy, dyAt, dx, dxAt, n));
      case GELU -> Kernel.launch(() -> gelu(x, xAt, dy, dyAt, dx, dxAt, n));
    }
  }

  private static void neg(float[] dy, int dyAt, float[] dx, int dxAt, int n) {
    UnaryLoops.apply(Unary.NEG, dy, dyAt, dx, dxAt, n);
  }

  private static void exp(float[] y, int yAt, float[] dy, int dyAt, float[] dx, int dxAt, int n) {
    int whole = n & -L;
    for (int i = 0; i < whole; i += L) {
      FloatVector at = FloatVector.fromArray(F, y, yAt + i);
      expOf(at, FloatVector.fromArray(F, dy, dyAt + i)).intoArray(dx, dxAt + i);
    }
    if (whole < n) {
      VectorMask<Float> rest = F.indexInRange(whole, n);
      FloatVector at = FloatVector.fromArray(F, y, yAt + whole, rest);
      expOf(at, FloatVector.fromArray(F, dy, dyAt + whole, rest)).intoArray(dx, dxAt + whole, rest);
    }
  }

  private static FloatVector expOf(FloatVector y, FloatVector dy) {
    return dy.mul(y);
  }

  private static void log(float[] x, int xAt, float[] dy, int dyAt, float[] dx, int dxAt, int n) {
    int whole = n & -L;
    for (int i = 0; i < whole; i += L) {
      FloatVector at = FloatVector.fromArray(F, x, xAt + i);
      logOf(at, FloatVector.fromArray(F, dy, dyAt + i)).intoArray(dx, dxAt + i);
    }
    if (whole < n) {
      VectorMask<Float> rest = F.indexInRange(whole, n);
      FloatVector at = FloatVector.fromArray(F, x, xAt + whole, rest);
      logOf(at, FloatVector.fromArray(F, dy, dyAt + whole, rest)).intoArray(dx, dxAt + whole, rest);
    }
  }

  private static FloatVector logOf(FloatVector x, FloatVector dy) {
    return dy.div(x);
  }

  private static void sqrt(float[] y, int yAt, float[] dy, int dyAt, float[] dx, int dxAt, int n) {
    int whole = n & -L;
    for (int i = 0; i < whole; i += L) {
      FloatVector at = FloatVector.fromArray(F, y, yAt + i);
      sqrtOf(at, FloatVector.fromArray(F, dy, dyAt + i)).intoArray(dx, dxAt + i);
    }
    if (whole < n) {
      VectorMask<Float> rest = F.indexInRange(whole, n);
      FloatVector at = FloatVector.fromArray(F, y, yAt + whole, rest);
      sqrtOf(at, FloatVector.fromArray(F, dy, dyAt + whole, rest))
          .intoArray(dx, dxAt + whole, rest);
    }
  }

  private static FloatVector sqrtOf(FloatVector y, FloatVector dy) {
    return dy.div(y.add(y));
  }

  private static void square(
      float[] x, int xAt, float[] dy, int dyAt, float[] dx, int dxAt, int n) {
    int whole = n & -L;
    for (int i = 0; i < whole; i += L) {
      FloatVector at = FloatVector.fromArray(F, x, xAt + i);
      squareOf(at, FloatVector.fromArray(F, dy, dyAt + i)).intoArray(dx, dxAt + i);
    }
    if (whole < n) {
      VectorMask<Float> rest = F.indexInRange(whole, n);
      FloatVector at = FloatVector.fromArray(F, x, xAt + whole, rest);
      squareOf(at, FloatVector.fromArray(F, dy, dyAt + whole, rest))
          .intoArray(dx, dxAt + whole, rest);
    }
  }

  private static FloatVector squareOf(FloatVector x, FloatVector dy) {
    return dy.mul(x.add(x));
  }

  private static void abs(float[] x, int xAt, float[] dy, int dyAt, float[] dx, int dxAt, int n) {
    int whole = n & -L;
    for (int i = 0; i < whole; i += L) {
      FloatVector at = FloatVector.fromArray(F, x, xAt + i);
      absOf(at, FloatVector.fromArray(F, dy, dyAt + i)).intoArray(dx, dxAt + i);
    }
    if (whole < n) {
      VectorMask<Float> rest = F.indexInRange(whole, n);
      FloatVector at = FloatVector.fromArray(F, x, xAt + whole, rest);
      absOf(at, FloatVector.fromArray(F, dy, dyAt + whole, rest)).intoArray(dx, dxAt + whole, rest);
    }
  }

  private static FloatVector absOf(FloatVector x, FloatVector dy) {
    return dy.mul(sign(x));
  }

  private static void relu(float[] x, int xAt, float[] dy, int dyAt, float[] dx, int dxAt, int n) {
    int whole = n & -L;
    for (int i = 0; i < whole; i += L) {
      FloatVector at = FloatVector.fromArray(F, x, xAt + i);
      reluOf(at, FloatVector.fromArray(F, dy, dyAt + i)).intoArray(dx, dxAt + i);
    }
    if (whole < n) {
      VectorMask<Float> rest = F.indexInRange(whole, n);
      FloatVector at = FloatVector.fromArray(F, x, xAt + whole, rest);
      reluOf(at, FloatVector.fromArray(F, dy, dyAt + whole, rest))
          .intoArray(dx, dxAt + whole, rest);
    }
  }

  private static FloatVector reluOf(FloatVector x, FloatVector dy) {
    return FloatVector.zero(F).blend(dy, x.compare(VectorOperators.GT, 0f));
  }

  private static void silu(float[] x, int xAt, float[] dy, int dyAt, float[] dx, int dxAt, int n) {
    int whole = n & -L;
    for (int i = 0; i < whole; i += L) {
      FloatVector at = FloatVector.fromArray(F, x, xAt + i);
      siluOf(at, FloatVector.fromArray(F, dy, dyAt + i)).intoArray(dx, dxAt + i);
    }
    if (whole < n) {
      VectorMask<Float> rest = F.indexInRange(whole, n);
      FloatVector at = FloatVector.fromArray(F, x, xAt + whole, rest);
      siluOf(at, FloatVector.fromArray(F, dy, dyAt + whole, rest))
          .intoArray(dx, dxAt + whole, rest);
    }
  }

  private static FloatVector siluOf(FloatVector x, FloatVector dy) {
    return dy.mul(VectorMath.siluGrad(x));
  }

  private static void gelu(float[] x, int xAt, float[] dy, int dyAt, float[] dx, int dxAt, int n) {
    int whole = n & -L;
    for (int i = 0; i < whole; i += L) {
      FloatVector at = FloatVector.fromArray(F, x, xAt + i);
      geluOf(at, FloatVector.fromArray(F, dy, dyAt + i)).intoArray(dx, dxAt + i);
    }
    if (whole < n) {
      VectorMask<Float> rest = F.indexInRange(whole, n);
      FloatVector at = FloatVector.fromArray(F, x, xAt + whole, rest);
      geluOf(at, FloatVector.fromArray(F, dy, dyAt + whole, rest))
          .intoArray(dx, dxAt + whole, rest);
    }
  }

  private static FloatVector geluOf(FloatVector x, FloatVector dy) {
    return dy.mul(VectorMath.geluGrad(x));
  }

  private static void geluTanh(
      float[] x, int xAt, float[] dy, int dyAt, float[] dx, int dxAt, int n) {
    int whole = n & -L;
    for (int i = 0; i < whole; i += L) {
      FloatVector at = FloatVector.fromArray(F, x, xAt + i);
      geluTanhOf(at, FloatVector.fromArray(F, dy, dyAt + i)).intoArray(dx, dxAt + i);
    }
    if (whole < n) {
      VectorMask<Float> rest = F.indexInRange(whole, n);
      FloatVector at = FloatVector.fromArray(F, x, xAt + whole, rest);
      geluTanhOf(at, FloatVector.fromArray(F, dy, dyAt + whole, rest))
          .intoArray(dx, dxAt + whole, rest);
    }
  }

  private static FloatVector geluTanhOf(FloatVector x, FloatVector dy) {
    return dy.mul(VectorMath.geluTanhGrad(x));
  }

  private static void sigmoid(
      float[] y, int yAt, float[] dy, int dyAt, float[] dx, int dxAt, int n) {
    int whole = n & -L;
    for (int i = 0; i < whole; i += L) {
      FloatVector at = FloatVector.fromArray(F, y, yAt + i);
      sigmoidOf(at, FloatVector.fromArray(F, dy, dyAt + i)).intoArray(dx, dxAt + i);
    }
    if (whole < n) {
      VectorMask<Float> rest = F.indexInRange(whole, n);
      FloatVector at = FloatVector.fromArray(F, y, yAt + whole, rest);
      sigmoidOf(at, FloatVector.fromArray(F, dy, dyAt + whole, rest))
          .intoArray(dx, dxAt + whole, rest);
    }
  }

  private static FloatVector sigmoidOf(FloatVector y, FloatVector dy) {
    return dy.mul(y.mul(FloatVector.broadcast(F, 1f).sub(y)));
  }

  private static void tanh(float[] y, int yAt, float[] dy, int dyAt, float[] dx, int dxAt, int n) {
    int whole = n & -L;
    for (int i = 0; i < whole; i += L) {
      FloatVector at = FloatVector.fromArray(F, y, yAt + i);
      tanhOf(at, FloatVector.fromArray(F, dy, dyAt + i)).intoArray(dx, dxAt + i);
    }
    if (whole < n) {
      VectorMask<Float> rest = F.indexInRange(whole, n);
      FloatVector at = FloatVector.fromArray(F, y, yAt + whole, rest);
      tanhOf(at, FloatVector.fromArray(F, dy, dyAt + whole, rest))
          .intoArray(dx, dxAt + whole, rest);
    }
  }

  private static FloatVector tanhOf(FloatVector y, FloatVector dy) {
    return dy.mul(FloatVector.broadcast(F, 1f).sub(y.mul(y)));
  }

  static FloatVector sign(FloatVector x) {
    // What is neither positive nor negative stays itself: zero or NaN.
    return x.blend(1f, x.compare(VectorOperators.GT, 0f))
        .blend(-1f, x.compare(VectorOperators.LT, 0f));
  }
}
