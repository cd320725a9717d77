package dev.jdiffusion.tensor.cpu;

import static dev.jdiffusion.tensor.cpu.Lanes.F;
import static dev.jdiffusion.tensor.cpu.Lanes.L;

import dev.jdiffusion.tensor.Activation;
import dev.jdiffusion.tensor.ops.Elementwise.Unary;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

/**
 * Functions of one number over a range of an array: {@code y[i] = f(x[i])}; y may be x.
 *
 * <p>One loop a function: a loop shared by several, with the function as an argument, would lose
 * inlining and box its vectors. The last, partial vector is masked, so every element goes through
 * the same operations.
 */
final class UnaryLoops {
  private UnaryLoops() {}

  static void apply(Unary function, float[] x, int xAt, float[] y, int yAt, int n) {
    switch (function) {
      case NEG -> Kernel.launch(() -> neg(x, xAt, y, yAt, n));
      case EXP -> Kernel.launch(() -> exp(x, xAt, y, yAt, n));
      case LOG -> Kernel.launch(() -> log(x, xAt, y, yAt, n));
      case SQRT -> Kernel.launch(() -> sqrt(x, xAt, y, yAt, n));
      case SQUARE -> Kernel.launch(() -> square(x, xAt, y, yAt, n));
      case ABS -> Kernel.launch(() -> abs(x, xAt, y, yAt, n));
      case RELU -> Kernel.launch(() -> relu(x, xAt, y, yAt, n));
      case SILU -> Kernel.launch(() -> silu(x, xAt, y, yAt, n));
      case GELU -> Kernel.launch(() -> gelu(x, xAt, y, yAt, n));
      case GELU_TANH -> Kernel.launch(() -> geluTanh(x, xAt, y, yAt, n));
      case SIGMOID -> Kernel.launch(() -> sigmoid(x, xAt, y, yAt, n));
      case TANH -> Kernel.launch(() -> tanh(x, xAt, y, yAt, n));
    }
  }

  /** An activation; NONE copies. */
  static void apply(Activation activation, float[] x, int xAt, float[] y, int yAt, int n) {
    switch (activation) {
      case NONE -> System.arraycopy(x, xAt, y, yAt, n);
      case RELU -> Kernel.launch(() -> relu(x, xAt, y, yAt, n));
      case SILU -> Kernel.launch(() -> silu(x, xAt, y, yAt, n));
      case GELU -> Kernel.launch(() -> gelu(x, xAt, y, yAt, n));
    }
  }

  private static void neg(float[] x, int xAt, float[] y, int yAt, int n) {
    int whole = n & -L;
    for (int i = 0; i < whole; i += L) {
      FloatVector.fromArray(F, x, xAt + i).neg().intoArray(y, yAt + i);
    }
    if (whole < n) {
      VectorMask<Float> rest = F.indexInRange(whole, n);
      FloatVector.fromArray(F, x, xAt + whole, rest).neg().intoArray(y, yAt + whole, rest);
    }
  }

  private static void exp(float[] x, int xAt, float[] y, int yAt, int n) {
    int whole = n & -L;
    for (int i = 0; i < whole; i += L) {
      VectorMath.exp(FloatVector.fromArray(F, x, xAt + i)).intoArray(y, yAt + i);
    }
    if (whole < n) {
      VectorMask<Float> rest = F.indexInRange(whole, n);
      VectorMath.exp(FloatVector.fromArray(F, x, xAt + whole, rest))
          .intoArray(y, yAt + whole, rest);
    }
  }

  private static void log(float[] x, int xAt, float[] y, int yAt, int n) {
    int whole = n & -L;
    for (int i = 0; i < whole; i += L) {
      VectorMath.log(FloatVector.fromArray(F, x, xAt + i)).intoArray(y, yAt + i);
    }
    if (whole < n) {
      VectorMask<Float> rest = F.indexInRange(whole, n);
      VectorMath.log(FloatVector.fromArray(F, x, xAt + whole, rest))
          .intoArray(y, yAt + whole, rest);
    }
  }

  private static void sqrt(float[] x, int xAt, float[] y, int yAt, int n) {
    int whole = n & -L;
    for (int i = 0; i < whole; i += L) {
      FloatVector.fromArray(F, x, xAt + i).sqrt().intoArray(y, yAt + i);
    }
    if (whole < n) {
      VectorMask<Float> rest = F.indexInRange(whole, n);
      FloatVector.fromArray(F, x, xAt + whole, rest).sqrt().intoArray(y, yAt + whole, rest);
    }
  }

  private static void square(float[] x, int xAt, float[] y, int yAt, int n) {
    int whole = n & -L;
    for (int i = 0; i < whole; i += L) {
      squareOf(FloatVector.fromArray(F, x, xAt + i)).intoArray(y, yAt + i);
    }
    if (whole < n) {
      VectorMask<Float> rest = F.indexInRange(whole, n);
      squareOf(FloatVector.fromArray(F, x, xAt + whole, rest)).intoArray(y, yAt + whole, rest);
    }
  }

  private static FloatVector squareOf(FloatVector x) {
    return x.mul(x);
  }

  private static void abs(float[] x, int xAt, float[] y, int yAt, int n) {
    int whole = n & -L;
    for (int i = 0; i < whole; i += L) {
      FloatVector.fromArray(F, x, xAt + i).abs().intoArray(y, yAt + i);
    }
    if (whole < n) {
      VectorMask<Float> rest = F.indexInRange(whole, n);
      FloatVector.fromArray(F, x, xAt + whole, rest).abs().intoArray(y, yAt + whole, rest);
    }
  }

  private static void relu(float[] x, int xAt, float[] y, int yAt, int n) {
    int whole = n & -L;
    for (int i = 0; i < whole; i += L) {
      reluOf(FloatVector.fromArray(F, x, xAt + i)).intoArray(y, yAt + i);
    }
    if (whole < n) {
      VectorMask<Float> rest = F.indexInRange(whole, n);
      reluOf(FloatVector.fromArray(F, x, xAt + whole, rest)).intoArray(y, yAt + whole, rest);
    }
  }

  private static FloatVector reluOf(FloatVector x) {
    return x.blend(0f, x.compare(VectorOperators.LE, 0f));
  }

  private static void silu(float[] x, int xAt, float[] y, int yAt, int n) {
    int whole = n & -L;
    for (int i = 0; i < whole; i += L) {
      VectorMath.silu(FloatVector.fromArray(F, x, xAt + i)).intoArray(y, yAt + i);
    }
    if (whole < n) {
      VectorMask<Float> rest = F.indexInRange(whole, n);
      VectorMath.silu(FloatVector.fromArray(F, x, xAt + whole, rest))
          .intoArray(y, yAt + whole, rest);
    }
  }

  private static void gelu(float[] x, int xAt, float[] y, int yAt, int n) {
    int whole = n & -L;
    for (int i = 0; i < whole; i += L) {
      VectorMath.gelu(FloatVector.fromArray(F, x, xAt + i)).intoArray(y, yAt + i);
    }
    if (whole < n) {
      VectorMask<Float> rest = F.indexInRange(whole, n);
      VectorMath.gelu(FloatVector.fromArray(F, x, xAt + whole, rest))
          .intoArray(y, yAt + whole, rest);
    }
  }

  private static void geluTanh(float[] x, int xAt, float[] y, int yAt, int n) {
    int whole = n & -L;
    for (int i = 0; i < whole; i += L) {
      VectorMath.geluTanh(FloatVector.fromArray(F, x, xAt + i)).intoArray(y, yAt + i);
    }
    if (whole < n) {
      VectorMask<Float> rest = F.indexInRange(whole, n);
      VectorMath.geluTanh(FloatVector.fromArray(F, x, xAt + whole, rest))
          .intoArray(y, yAt + whole, rest);
    }
  }

  private static void sigmoid(float[] x, int xAt, float[] y, int yAt, int n) {
    int whole = n & -L;
    for (int i = 0; i < whole; i += L) {
      VectorMath.sigmoid(FloatVector.fromArray(F, x, xAt + i)).intoArray(y, yAt + i);
    }
    if (whole < n) {
      VectorMask<Float> rest = F.indexInRange(whole, n);
      VectorMath.sigmoid(FloatVector.fromArray(F, x, xAt + whole, rest))
          .intoArray(y, yAt + whole, rest);
    }
  }

  private static void tanh(float[] x, int xAt, float[] y, int yAt, int n) {
    int whole = n & -L;
    for (int i = 0; i < whole; i += L) {
      VectorMath.tanh(FloatVector.fromArray(F, x, xAt + i)).intoArray(y, yAt + i);
    }
    if (whole < n) {
      VectorMask<Float> rest = F.indexInRange(whole, n);
      VectorMath.tanh(FloatVector.fromArray(F, x, xAt + whole, rest))
          .intoArray(y, yAt + whole, rest);
    }
  }
}
