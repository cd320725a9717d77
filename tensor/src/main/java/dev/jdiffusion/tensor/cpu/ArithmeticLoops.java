package dev.jdiffusion.tensor.cpu;

import static dev.jdiffusion.tensor.cpu.Lanes.F;
import static dev.jdiffusion.tensor.cpu.Lanes.L;

import dev.jdiffusion.tensor.ops.Elementwise.Binary;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

/** Arithmetic over ranges of arrays; an output may be an input at the same position. */
final class ArithmeticLoops {
  private ArithmeticLoops() {}

  /** {@code out[i] = a[i] op b[i]}. */
  static void apply(
      Binary function, float[] a, int aAt, float[] b, int bAt, float[] out, int outAt, int n) {
    switch (function) {
      case ADD -> add(a, aAt, b, bAt, out, outAt, n);
      case SUB -> subtract(a, aAt, b, bAt, out, outAt, n);
      case MUL -> multiply(a, aAt, b, bAt, out, outAt, n);
      case DIV -> divide(a, aAt, b, bAt, out, outAt, n);
    }
  }

  /** {@code out[i] = a[i] op b}. */
  static void applyScalar(
      Binary function, float[] a, int aAt, float b, float[] out, int outAt, int n) {
    switch (function) {
      case ADD -> addScalar(a, aAt, b, out, outAt, n);
      case SUB -> addScalar(a, aAt, -b, out, outAt, n);
      case MUL -> multiplyScalar(a, aAt, b, out, outAt, n);
      case DIV -> divideScalar(a, aAt, b, out, outAt, n);
    }
  }

  /** {@code out[i] = a op b[i]}. */
  static void scalarApply(
      Binary function, float a, float[] b, int bAt, float[] out, int outAt, int n) {
    switch (function) {
      case ADD -> addScalar(b, bAt, a, out, outAt, n);
      case SUB -> scalarSubtract(b, bAt, a, out, outAt, n);
      case MUL -> multiplyScalar(b, bAt, a, out, outAt, n);
      case DIV -> scalarDivide(b, bAt, a, out, outAt, n);
    }
  }

  static void add(float[] a, int aAt, float[] b, int bAt, float[] out, int outAt, int n) {
    int whole = n & -L;
    for (int i = 0; i < whole; i += L) {
      FloatVector.fromArray(F, a, aAt + i)
          .add(FloatVector.fromArray(F, b, bAt + i))
          .intoArray(out, outAt + i);
    }
    if (whole < n) {
      VectorMask<Float> rest = F.indexInRange(whole, n);
      FloatVector.fromArray(F, a, aAt + whole, rest)
          .add(FloatVector.fromArray(F, b, bAt + whole, rest))
          .intoArray(out, outAt + whole, rest);
    }
  }

  static void subtract(float[] a, int aAt, float[] b, int bAt, float[] out, int outAt, int n) {
    int whole = n & -L;
    for (int i = 0; i < whole; i += L) {
      FloatVector.fromArray(F, a, aAt + i)
          .sub(FloatVector.fromArray(F, b, bAt + i))
          .intoArray(out, outAt + i);
    }
    if (whole < n) {
      VectorMask<Float> rest = F.indexInRange(whole, n);
      FloatVector.fromArray(F, a, aAt + whole, rest)
          .sub(FloatVector.fromArray(F, b, bAt + whole, rest))
          .intoArray(out, outAt + whole, rest);
    }
  }

  static void multiply(float[] a, int aAt, float[] b, int bAt, float[] out, int outAt, int n) {
    int whole = n & -L;
    for (int i = 0; i < whole; i += L) {
      FloatVector.fromArray(F, a, aAt + i)
          .mul(FloatVector.fromArray(F, b, bAt + i))
          .intoArray(out, outAt + i);
    }
    if (whole < n) {
      VectorMask<Float> rest = F.indexInRange(whole, n);
      FloatVector.fromArray(F, a, aAt + whole, rest)
          .mul(FloatVector.fromArray(F, b, bAt + whole, rest))
          .intoArray(out, outAt + whole, rest);
    }
  }

  static void divide(float[] a, int aAt, float[] b, int bAt, float[] out, int outAt, int n) {
    int whole = n & -L;
    for (int i = 0; i < whole; i += L) {
      FloatVector.fromArray(F, a, aAt + i)
          .div(FloatVector.fromArray(F, b, bAt + i))
          .intoArray(out, outAt + i);
    }
    if (whole < n) {
      VectorMask<Float> rest = F.indexInRange(whole, n);
      FloatVector.fromArray(F, a, aAt + whole, rest)
          .div(FloatVector.fromArray(F, b, bAt + whole, rest))
          .intoArray(out, outAt + whole, rest);
    }
  }

  private static void addScalar(float[] a, int aAt, float b, float[] out, int outAt, int n) {
    int whole = n & -L;
    for (int i = 0; i < whole; i += L) {
      FloatVector.fromArray(F, a, aAt + i).add(b).intoArray(out, outAt + i);
    }
    if (whole < n) {
      VectorMask<Float> rest = F.indexInRange(whole, n);
      FloatVector.fromArray(F, a, aAt + whole, rest).add(b).intoArray(out, outAt + whole, rest);
    }
  }

  static void multiplyScalar(float[] a, int aAt, float b, float[] out, int outAt, int n) {
    int whole = n & -L;
    for (int i = 0; i < whole; i += L) {
      FloatVector.fromArray(F, a, aAt + i).mul(b).intoArray(out, outAt + i);
    }
    if (whole < n) {
      VectorMask<Float> rest = F.indexInRange(whole, n);
      FloatVector.fromArray(F, a, aAt + whole, rest).mul(b).intoArray(out, outAt + whole, rest);
    }
  }

  static void divideScalar(float[] a, int aAt, float b, float[] out, int outAt, int n) {
    int whole = n & -L;
    for (int i = 0; i < whole; i += L) {
      FloatVector.fromArray(F, a, aAt + i).div(b).intoArray(out, outAt + i);
    }
    if (whole < n) {
      VectorMask<Float> rest = F.indexInRange(whole, n);
      FloatVector.fromArray(F, a, aAt + whole, rest).div(b).intoArray(out, outAt + whole, rest);
    }
  }

  private static void scalarSubtract(float[] a, int aAt, float b, float[] out, int outAt, int n) {
    int whole = n & -L;
    for (int i = 0; i < whole; i += L) {
      FloatVector.broadcast(F, b)
          .sub(FloatVector.fromArray(F, a, aAt + i))
          .intoArray(out, outAt + i);
    }
    if (whole < n) {
      VectorMask<Float> rest = F.indexInRange(whole, n);
      FloatVector.broadcast(F, b)
          .sub(FloatVector.fromArray(F, a, aAt + whole, rest))
          .intoArray(out, outAt + whole, rest);
    }
  }

  private static void scalarDivide(float[] a, int aAt, float b, float[] out, int outAt, int n) {
    int whole = n & -L;
    for (int i = 0; i < whole; i += L) {
      FloatVector.broadcast(F, b)
          .div(FloatVector.fromArray(F, a, aAt + i))
          .intoArray(out, outAt + i);
    }
    if (whole < n) {
      VectorMask<Float> rest = F.indexInRange(whole, n);
      FloatVector.broadcast(F, b)
          .div(FloatVector.fromArray(F, a, aAt + whole, rest))
          .intoArray(out, outAt + whole, rest);
    }
  }

  /** {@code out[i] = scale * x[i] + shift}, rounded once. */
  static void affine(float[] x, int xAt, float scale, float shift, float[] out, int outAt, int n) {
    int whole = n & -L;
    for (int i = 0; i < whole; i += L) {
      FloatVector.fromArray(F, x, xAt + i).fma(scale, shift).intoArray(out, outAt + i);
    }
    if (whole < n) {
      VectorMask<Float> rest = F.indexInRange(whole, n);
      FloatVector.fromArray(F, x, xAt + whole, rest)
          .fma(scale, shift)
          .intoArray(out, outAt + whole, rest);
    }
  }

  /** {@code y[i] += scale * x[i]}, rounded once. */
  static void addScaled(float scale, float[] x, int xAt, float[] y, int yAt, int n) {
    FloatVector factor = FloatVector.broadcast(F, scale);
    int whole = n & -L;
    for (int i = 0; i < whole; i += L) {
      FloatVector.fromArray(F, x, xAt + i)
          .fma(factor, FloatVector.fromArray(F, y, yAt + i))
          .intoArray(y, yAt + i);
    }
    if (whole < n) {
      VectorMask<Float> rest = F.indexInRange(whole, n);
      FloatVector.fromArray(F, x, xAt + whole, rest)
          .fma(factor, FloatVector.fromArray(F, y, yAt + whole, rest))
          .intoArray(y, yAt + whole, rest);
    }
  }

  /** {@code out[i] = min(max(x[i], low), high)}; NaN stays. */
  static void clamp(float[] x, int xAt, float low, float high, float[] out, int outAt, int n) {
    int whole = n & -L;
    for (int i = 0; i < whole; i += L) {
      clamp(FloatVector.fromArray(F, x, xAt + i), low, high).intoArray(out, outAt + i);
    }
    if (whole < n) {
      VectorMask<Float> rest = F.indexInRange(whole, n);
      clamp(FloatVector.fromArray(F, x, xAt + whole, rest), low, high)
          .intoArray(out, outAt + whole, rest);
    }
  }

  private static FloatVector clamp(FloatVector x, float low, float high) {
    FloatVector raised = x.blend(low, x.compare(VectorOperators.LT, low));
    return raised.blend(high, raised.compare(VectorOperators.GT, high));
  }
}
