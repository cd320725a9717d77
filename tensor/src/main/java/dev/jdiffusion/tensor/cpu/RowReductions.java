package dev.jdiffusion.tensor.cpu;

import static dev.jdiffusion.tensor.cpu.Lanes.F;
import static dev.jdiffusion.tensor.cpu.Lanes.L;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShuffle;

/**
 * Sums and maxima of rows that are kept in 16 logical lanes each, 16 rows reduced together: the
 * first exchange of lanes brings halves of two rows into one vector, the last leaves a row in each
 * lane. That is a fourth of the work of one row after the other, and the same additions.
 */
final class RowReductions {
  static final VectorShuffle<Float> SWAP_8 = VectorShuffle.fromOp(F, i -> (i ^ 8) & (L - 1));
  static final VectorShuffle<Float> SWAP_4 = VectorShuffle.fromOp(F, i -> (i ^ 4) & (L - 1));
  static final VectorShuffle<Float> SWAP_2 = VectorShuffle.fromOp(F, i -> i ^ 2);
  static final VectorShuffle<Float> SWAP_1 = VectorShuffle.fromOp(F, i -> i ^ 1);
  static final VectorMask<Float> SECOND_8 = VectorMask.fromLong(F, 0xff00);
  static final VectorMask<Float> SECOND_4 = VectorMask.fromLong(F, 0xf0f0);
  static final VectorMask<Float> SECOND_2 = VectorMask.fromLong(F, 0xcccc);
  static final VectorMask<Float> SECOND_1 = VectorMask.fromLong(F, 0xaaaa);

  private RowReductions() {}

  /** The sum of each row's lanes; the places of a multiple of 16 rows are overwritten. */
  static void sumsAcross(float[] lanes, int at, int rows, float[] sums, int sumsAt) {
    // In two loops, since one would be too long for C2.
    Kernel.launch(() -> sumsFourths(lanes, at, rows));
    Kernel.launch(() -> sumsOfFourths(lanes, at, rows, sums, sumsAt));
  }

  /** Of each L rows, four vectors with four lanes of each row, in the place of the first four. */
  private static void sumsFourths(float[] lanes, int at, int rows) {
    int fourths = Math.ceilDiv(rows, L) * 4;
    for (int i = 0; i < fourths; i++) {
      int from = at + i / 4 * L * Lanes.LOGICAL;
      sumsOfFourth(lanes, from, i & 3).intoArray(lanes, from + (i & 3) * Lanes.LOGICAL);
    }
  }

  private static void sumsOfFourths(float[] lanes, int at, int rows, float[] sums, int sumsAt) {
    for (int r = 0; r < rows; r += L) {
      int from = at + r * Lanes.LOGICAL;
      FloatVector even =
          addPair(
              FloatVector.fromArray(F, lanes, from),
              FloatVector.fromArray(F, lanes, from + 2 * Lanes.LOGICAL),
              SECOND_2,
              SWAP_2);
      FloatVector odd =
          addPair(
              FloatVector.fromArray(F, lanes, from + Lanes.LOGICAL),
              FloatVector.fromArray(F, lanes, from + 3 * Lanes.LOGICAL),
              SECOND_2,
              SWAP_2);
      addPair(even, odd, SECOND_1, SWAP_1).intoArray(sums, sumsAt + r);
    }
  }

  /** Every fourth row of as many as a vector has lanes, four lanes of each left. */
  private static FloatVector sumsOfFourth(float[] x, int at, int r) {
    if (L == 4) {
      return sumOfRow(x, at, r);
    }
    if (L == 8) {
      return addPair(sumOfRow(x, at, r), sumOfRow(x, at, r + 4), SECOND_4, SWAP_4);
    }
    return addPair(
        addPair(sumOfRow(x, at, r), sumOfRow(x, at, r + 8), SECOND_8, SWAP_8),
        addPair(sumOfRow(x, at, r + 4), sumOfRow(x, at, r + 12), SECOND_8, SWAP_8),
        SECOND_4,
        SWAP_4);
  }

  /** A row's 16 lanes, halved until they fit a vector. */
  private static FloatVector sumOfRow(float[] x, int at, int r) {
    int i = at + r * Lanes.LOGICAL;
    FloatVector s = FloatVector.fromArray(F, x, i);
    if (L == 8) {
      return s.add(FloatVector.fromArray(F, x, i + 8));
    }
    if (L == 4) {
      FloatVector odd = FloatVector.fromArray(F, x, i + 4).add(FloatVector.fromArray(F, x, i + 12));
      return s.add(FloatVector.fromArray(F, x, i + 8)).add(odd);
    }
    return s;
  }

  /** Halves the lanes of two vectors; the second's sums come to lie where the mask is set. */
  private static FloatVector addPair(
      FloatVector a, FloatVector b, VectorMask<Float> second, VectorShuffle<Float> swap) {
    return a.blend(b, second).add(b.blend(a, second).rearrange(swap));
  }

  /** The largest of each row's lanes, as {@link #sumsAcross}. */
  static void maximaAcross(float[] lanes, int at, int rows, float[] maxima, int maximaAt) {
    // In two loops, since one would be too long for C2.
    Kernel.launch(() -> maximaFourths(lanes, at, rows));
    Kernel.launch(() -> maximaOfFourths(lanes, at, rows, maxima, maximaAt));
  }

  /** Of each L rows, four vectors with four lanes of each row, in the place of the first four. */
  private static void maximaFourths(float[] lanes, int at, int rows) {
    int fourths = Math.ceilDiv(rows, L) * 4;
    for (int i = 0; i < fourths; i++) {
      int from = at + i / 4 * L * Lanes.LOGICAL;
      maxOfFourth(lanes, from, i & 3).intoArray(lanes, from + (i & 3) * Lanes.LOGICAL);
    }
  }

  private static void maximaOfFourths(
      float[] lanes, int at, int rows, float[] maxima, int maximaAt) {
    for (int r = 0; r < rows; r += L) {
      int from = at + r * Lanes.LOGICAL;
      FloatVector even =
          maxPair(
              FloatVector.fromArray(F, lanes, from),
              FloatVector.fromArray(F, lanes, from + 2 * Lanes.LOGICAL),
              SECOND_2,
              SWAP_2);
      FloatVector odd =
          maxPair(
              FloatVector.fromArray(F, lanes, from + Lanes.LOGICAL),
              FloatVector.fromArray(F, lanes, from + 3 * Lanes.LOGICAL),
              SECOND_2,
              SWAP_2);
      maxPair(even, odd, SECOND_1, SWAP_1).intoArray(maxima, maximaAt + r);
    }
  }

  private static FloatVector maxOfFourth(float[] x, int at, int r) {
    if (L == 4) {
      return maxOfRow(x, at, r);
    }
    if (L == 8) {
      return maxPair(maxOfRow(x, at, r), maxOfRow(x, at, r + 4), SECOND_4, SWAP_4);
    }
    return maxPair(
        maxPair(maxOfRow(x, at, r), maxOfRow(x, at, r + 8), SECOND_8, SWAP_8),
        maxPair(maxOfRow(x, at, r + 4), maxOfRow(x, at, r + 12), SECOND_8, SWAP_8),
        SECOND_4,
        SWAP_4);
  }

  private static FloatVector maxOfRow(float[] x, int at, int r) {
    int i = at + r * Lanes.LOGICAL;
    FloatVector m = FloatVector.fromArray(F, x, i);
    for (int g = L; g < Lanes.LOGICAL; g += L) {
      m = larger(m, FloatVector.fromArray(F, x, i + g));
    }
    return m;
  }

  private static FloatVector maxPair(
      FloatVector a, FloatVector b, VectorMask<Float> second, VectorShuffle<Float> swap) {
    return larger(a.blend(b, second), b.blend(a, second).rearrange(swap));
  }

  /** The larger numbers; NaN, which may get lost here, shows in the sum. */
  static FloatVector larger(FloatVector a, FloatVector b) {
    return b.blend(a, a.compare(VectorOperators.GT, b));
  }
}
