package dev.jdiffusion.tensor.cpu;

import static dev.jdiffusion.tensor.cpu.Lanes.F;
import static dev.jdiffusion.tensor.cpu.Lanes.L;
import static dev.jdiffusion.tensor.cpu.Lanes.LOGICAL;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;

/**
 * How large inner products can become: by Cauchy and Schwarz not larger than the product of two
 * norms. The bounds' bits do not depend on the vectors' width. NaN may get lost; of a score that is
 * NaN the power is, too, whatever the bound.
 */
final class ScoreBounds {
  private ScoreBounds() {}

  /**
   * Not less than the largest sum of squares of a row. Lanes have a maximum each, and these are
   * added, which is loose but exchanges nothing between lanes.
   *
   * @param width a multiple of {@link Lanes#LOGICAL}
   * @param scratch {@link Lanes#LOGICAL} elements from scratchAt on
   */
  static float ofRows(float[] x, int at, int width, int rows, float[] scratch, int scratchAt) {
    Kernel.launch(() -> {
      for (int lane = 0; lane < LOGICAL; lane += L) {
        FloatVector max = FloatVector.zero(F);
        for (int r = 0; r < rows; r++) {
          FloatVector sum = FloatVector.zero(F);
          for (int c = lane; c < width; c += LOGICAL) {
            FloatVector v = FloatVector.fromArray(F, x, at + r * width + c);
            sum = v.fma(v, sum);
          }
          max = larger(max, sum);
        }
        max.intoArray(scratch, scratchAt + lane);
      }
    });
    float bound = 0;
    for (int i = 0; i < LOGICAL; i++) {
      bound += scratch[scratchAt + i];
    }
    return bound;
  }

  /**
   * The largest sum of squares of a column.
   *
   * @param columns a multiple of {@link Lanes#LOGICAL}
   * @param scratch {@link Lanes#LOGICAL} elements from scratchAt on
   */
  static float ofColumns(
      float[] x, int at, int row, int rows, int columns, float[] scratch, int scratchAt) {
    Kernel.launch(() -> {
      FloatVector max = FloatVector.zero(F);
      for (int c = 0; c < columns; c += L) {
        FloatVector sum = FloatVector.zero(F);
        for (int r = 0; r < rows; r++) {
          FloatVector v = FloatVector.fromArray(F, x, at + r * row + c);
          sum = v.fma(v, sum);
        }
        max = larger(max, sum);
      }
      max.intoArray(scratch, scratchAt);
    });
    float bound = 0;
    for (int i = 0; i < L; i++) {
      bound = Math.max(bound, scratch[scratchAt + i]);
    }
    return bound;
  }

  /** Of numbers that are not negative, whose bits compare as they do, at the price of integers. */
  private static FloatVector larger(FloatVector a, FloatVector b) {
    IntVector bits = a.reinterpretAsInts().max(b.reinterpretAsInts());
    return bits.reinterpretAsFloats();
  }
}
