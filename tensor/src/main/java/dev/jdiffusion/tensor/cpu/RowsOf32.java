package dev.jdiffusion.tensor.cpu;

import static dev.jdiffusion.tensor.cpu.Lanes.F;
import static dev.jdiffusion.tensor.cpu.Lanes.L;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/**
 * The loops of {@link RowSoftmax} for rows of 32, the usual head size, that follow each other
 * without a gap, in vectors of 16. A row is two vectors in one turn of the loop, and since all
 * distances are constants C2 checks bounds outside it.
 */
final class RowsOf32 {
  private RowsOf32() {}

  static boolean fit(int columns, int row, int otherRow) {
    return L == 16 && columns == 32 && row == 32 && otherRow == 32;
  }

  static void maxima(float[] x, int at, int rows, float[] lanes, int lanesAt) {
    for (int r = 0; r < rows; r++) {
      FloatVector a = FloatVector.fromArray(F, x, at + r * 32);
      FloatVector b = FloatVector.fromArray(F, x, at + r * 32 + 16);
      a.blend(b, b.compare(VectorOperators.GT, a)).intoArray(lanes, lanesAt + r * 16);
    }
  }

  static void exponentials(
      float[] x,
      int xAt,
      int rows,
      float[] out,
      int outAt,
      float[] lanes,
      int lanesAt,
      float[] maxima,
      int maximaAt) {
    // Apart: two exponentials in a turn came out of C2 as calls on boxed vectors.
    for (int r = 0; r < rows; r++) {
      FloatVector e =
          VectorMath.expNegative(
              FloatVector.fromArray(F, x, xAt + r * 32)
                  .sub(FloatVector.broadcast(F, maxima[maximaAt + r])));
      e.intoArray(out, outAt + r * 32);
      e.intoArray(lanes, lanesAt + r * 16);
    }
    for (int r = 0; r < rows; r++) {
      FloatVector e =
          VectorMath.expNegative(
              FloatVector.fromArray(F, x, xAt + r * 32 + 16)
                  .sub(FloatVector.broadcast(F, maxima[maximaAt + r])));
      e.intoArray(out, outAt + r * 32 + 16);
      FloatVector.fromArray(F, lanes, lanesAt + r * 16).add(e).intoArray(lanes, lanesAt + r * 16);
    }
  }

  static void scale(float[] x, int at, int rows, float[] factors, int factorsAt) {
    for (int r = 0; r < rows; r++) {
      FloatVector factor = FloatVector.broadcast(F, factors[factorsAt + r]);
      FloatVector a = FloatVector.fromArray(F, x, at + r * 32).mul(factor);
      FloatVector b = FloatVector.fromArray(F, x, at + r * 32 + 16).mul(factor);
      a.intoArray(x, at + r * 32);
      b.intoArray(x, at + r * 32 + 16);
    }
  }

  static void dots(float[] y, int yAt, float[] dy, int dyAt, int rows, float[] lanes, int lanesAt) {
    FloatVector zero = FloatVector.zero(F);
    for (int r = 0; r < rows; r++) {
      FloatVector a =
          FloatVector.fromArray(F, y, yAt + r * 32)
              .fma(FloatVector.fromArray(F, dy, dyAt + r * 32), zero);
      FloatVector.fromArray(F, y, yAt + r * 32 + 16)
          .fma(FloatVector.fromArray(F, dy, dyAt + r * 32 + 16), a)
          .intoArray(lanes, lanesAt + r * 16);
    }
  }

  static void gradients(
      float[] y,
      int yAt,
      float[] dy,
      int dyAt,
      int rows,
      float[] dx,
      int dxAt,
      float[] dots,
      int dotsAt) {
    for (int r = 0; r < rows; r++) {
      FloatVector dot = FloatVector.broadcast(F, dots[dotsAt + r]);
      FloatVector a =
          FloatVector.fromArray(F, dy, dyAt + r * 32)
              .sub(dot)
              .mul(FloatVector.fromArray(F, y, yAt + r * 32));
      FloatVector b =
          FloatVector.fromArray(F, dy, dyAt + r * 32 + 16)
              .sub(dot)
              .mul(FloatVector.fromArray(F, y, yAt + r * 32 + 16));
      a.intoArray(dx, dxAt + r * 32);
      b.intoArray(dx, dxAt + r * 32 + 16);
    }
  }
}
