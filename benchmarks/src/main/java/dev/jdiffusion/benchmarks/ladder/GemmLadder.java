package dev.jdiffusion.benchmarks.ladder;

import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * {@code c = a b} for row-major a {@code [m, k]}, b {@code [k, n]} and c {@code [m, n]}, from the
 * plain loops to a packed outer product.
 *
 * <p>All give the same bits: whatever the order of the loops, an element of c is one chain of fused
 * multiply-adds in the order of k.
 */
final class GemmLadder {
  private static final VectorSpecies<Float> F = FloatVector.SPECIES_PREFERRED;
  private static final int L = F.length();

  /** Rows of c that a register tile holds. */
  static final int TILE_ROWS = 4;

  /** Columns of c that a register tile holds. */
  static final int TILE_COLUMNS = 4 * L;

  /** Rows of b that are used for all of a before the next ones, so that they stay in a cache. */
  private static final int BLOCK = 256;

  private GemmLadder() {}

  /** The definition. Its inner loop walks down a column of b, a cache line for every element. */
  static void naive(float[] a, float[] b, float[] c, int m, int k, int n) {
    for (int i = 0; i < m; i++) {
      for (int j = 0; j < n; j++) {
        float sum = 0;
        for (int p = 0; p < k; p++) {
          sum = Math.fma(a[i * k + p], b[p * n + j], sum);
        }
        c[i * n + j] = sum;
      }
    }
  }

  /**
   * The two inner loops exchanged: the innermost one walks along rows. C2 leaves it scalar, since b
   * and c might be one array, where an element that is written here is read some rounds later.
   */
  static void reordered(float[] a, float[] b, float[] c, int m, int k, int n) {
    Arrays.fill(c, 0);
    for (int i = 0; i < m; i++) {
      for (int p = 0; p < k; p++) {
        float x = a[i * k + p];
        for (int j = 0; j < n; j++) {
          c[i * n + j] = Math.fma(x, b[p * n + j], c[i * n + j]);
        }
      }
    }
  }

  /**
   * Each row an array of its own: both are read and written at the same index, so that it does not
   * matter whether they are one, and C2 vectorises the loop.
   */
  static void rows(float[] a, float[] b, float[] c, int m, int k, int n) {
    float[][] rows = split(b, k, n);
    float[] sums = new float[n];
    for (int i = 0; i < m; i++) {
      Arrays.fill(sums, 0);
      for (int p = 0; p < k; p++) {
        addScaled(a[i * k + p], rows[p], sums);
      }
      System.arraycopy(sums, 0, c, i * n, n);
    }
  }

  /** Few rows of b at a time, for all rows of a: they stay in the first-level cache. */
  static void blocked(float[] a, float[] b, float[] c, int m, int k, int n) {
    float[][] rows = split(b, k, n);
    float[][] sums = new float[m][n];
    int block = 8;
    for (int from = 0; from < k; from += block) {
      int to = Math.min(k, from + block);
      for (int i = 0; i < m; i++) {
        for (int p = from; p < to; p++) {
          addScaled(a[i * k + p], rows[p], sums[i]);
        }
      }
    }
    for (int i = 0; i < m; i++) {
      System.arraycopy(sums[i], 0, c, i * n, n);
    }
  }

  private static float[][] split(float[] matrix, int rows, int columns) {
    float[][] split = new float[rows][];
    for (int i = 0; i < rows; i++) {
      split[i] = Arrays.copyOfRange(matrix, i * columns, (i + 1) * columns);
    }
    return split;
  }

  private static void addScaled(float scale, float[] row, float[] sums) {
    for (int j = 0; j < sums.length; j++) {
      sums[j] = Math.fma(scale, row[j], sums[j]);
    }
  }

  /**
   * A vector of c stays in a register for a whole block of k: one load for each multiply-add
   * instead of two and a store. But each multiply-add waits for the one before.
   */
  static void oneVector(float[] a, float[] b, float[] c, int m, int k, int n) {
    requireMultiple("columns", n, L);
    Arrays.fill(c, 0);
    for (int from = 0; from < k; from += BLOCK) {
      int length = Math.min(BLOCK, k - from);
      for (int j = 0; j < n; j += L) {
        for (int i = 0; i < m; i++) {
          vector(a, i * k + from, b, from * n + j, n, c, i * n + j, length);
        }
      }
    }
  }

  private static void vector(
      float[] a, int aFrom, float[] b, int bFrom, int bPitch, float[] c, int cFrom, int length) {
    FloatVector sum = FloatVector.fromArray(F, c, cFrom);
    for (int p = 0; p < length; p++) {
      FloatVector row = FloatVector.fromArray(F, b, bFrom + p * bPitch);
      sum = FloatVector.broadcast(F, a[aFrom + p]).fma(row, sum);
    }
    sum.intoArray(c, cFrom);
  }

  /** Sixteen vectors of c in registers, fed by eight loads: see {@link #tile}. */
  static void registerTile(float[] a, float[] b, float[] c, int m, int k, int n) {
    requireTiles(m, n);
    Arrays.fill(c, 0);
    for (int from = 0; from < k; from += BLOCK) {
      int length = Math.min(BLOCK, k - from);
      for (int j = 0; j < n; j += TILE_COLUMNS) {
        for (int i = 0; i < m; i += TILE_ROWS) {
          tile(a, i * k + from, k, b, from * n + j, n, c, i * n + j, n, length);
        }
      }
    }
  }

  /**
   * Before it is used, a block of b is copied so that what a tile reads lies without gaps, in the
   * order of reading: the panel stays in the first-level cache.
   *
   * @param panel of at least {@link #panelLength} elements, overwritten
   */
  static void packed(float[] a, float[] b, float[] c, int m, int k, int n, float[] panel) {
    requireTiles(m, n);
    Arrays.fill(c, 0);
    for (int from = 0; from < k; from += BLOCK) {
      int length = Math.min(BLOCK, k - from);
      for (int j = 0; j < n; j += TILE_COLUMNS) {
        for (int p = 0; p < length; p++) {
          System.arraycopy(b, (from + p) * n + j, panel, p * TILE_COLUMNS, TILE_COLUMNS);
        }
        for (int i = 0; i < m; i += TILE_ROWS) {
          tile(a, i * k + from, k, panel, 0, TILE_COLUMNS, c, i * n + j, n, length);
        }
      }
    }
  }

  static int panelLength() {
    return BLOCK * TILE_COLUMNS;
  }

  /**
   * {@code c += a b} for {@link #TILE_ROWS} rows and {@link #TILE_COLUMNS} columns, an outer
   * product of a column of a and a row of b for every p.
   *
   * <p>Its vectors are named locals because C2 keeps nothing else in registers.
   *
   * @param aPitch from row to row of a; rows may overlap, as the windows of a convolution do
   */
  static void tile(
      float[] a,
      int aFrom,
      int aPitch,
      float[] b,
      int bFrom,
      int bPitch,
      float[] c,
      int cFrom,
      int cPitch,
      int length) {
    int a1 = aFrom + aPitch;
    int a2 = aFrom + 2 * aPitch;
    int a3 = aFrom + 3 * aPitch;
    int c1 = cFrom + cPitch;
    int c2 = cFrom + 2 * cPitch;
    int c3 = cFrom + 3 * cPitch;
    FloatVector s00 = FloatVector.fromArray(F, c, cFrom);
    FloatVector s01 = FloatVector.fromArray(F, c, cFrom + L);
    FloatVector s02 = FloatVector.fromArray(F, c, cFrom + 2 * L);
    FloatVector s03 = FloatVector.fromArray(F, c, cFrom + 3 * L);
    FloatVector s10 = FloatVector.fromArray(F, c, c1);
    FloatVector s11 = FloatVector.fromArray(F, c, c1 + L);
    FloatVector s12 = FloatVector.fromArray(F, c, c1 + 2 * L);
    FloatVector s13 = FloatVector.fromArray(F, c, c1 + 3 * L);
    FloatVector s20 = FloatVector.fromArray(F, c, c2);
    FloatVector s21 = FloatVector.fromArray(F, c, c2 + L);
    FloatVector s22 = FloatVector.fromArray(F, c, c2 + 2 * L);
    FloatVector s23 = FloatVector.fromArray(F, c, c2 + 3 * L);
    FloatVector s30 = FloatVector.fromArray(F, c, c3);
    FloatVector s31 = FloatVector.fromArray(F, c, c3 + L);
    FloatVector s32 = FloatVector.fromArray(F, c, c3 + 2 * L);
    FloatVector s33 = FloatVector.fromArray(F, c, c3 + 3 * L);
    for (int p = 0, row = bFrom; p < length; p++, row += bPitch) {
      FloatVector b0 = FloatVector.fromArray(F, b, row);
      FloatVector b1 = FloatVector.fromArray(F, b, row + L);
      FloatVector b2 = FloatVector.fromArray(F, b, row + 2 * L);
      FloatVector b3 = FloatVector.fromArray(F, b, row + 3 * L);
      FloatVector x0 = FloatVector.broadcast(F, a[aFrom + p]);
      s00 = x0.fma(b0, s00);
      s01 = x0.fma(b1, s01);
      s02 = x0.fma(b2, s02);
      s03 = x0.fma(b3, s03);
      FloatVector x1 = FloatVector.broadcast(F, a[a1 + p]);
      s10 = x1.fma(b0, s10);
      s11 = x1.fma(b1, s11);
      s12 = x1.fma(b2, s12);
      s13 = x1.fma(b3, s13);
      FloatVector x2 = FloatVector.broadcast(F, a[a2 + p]);
      s20 = x2.fma(b0, s20);
      s21 = x2.fma(b1, s21);
      s22 = x2.fma(b2, s22);
      s23 = x2.fma(b3, s23);
      FloatVector x3 = FloatVector.broadcast(F, a[a3 + p]);
      s30 = x3.fma(b0, s30);
      s31 = x3.fma(b1, s31);
      s32 = x3.fma(b2, s32);
      s33 = x3.fma(b3, s33);
    }
    s00.intoArray(c, cFrom);
    s01.intoArray(c, cFrom + L);
    s02.intoArray(c, cFrom + 2 * L);
    s03.intoArray(c, cFrom + 3 * L);
    s10.intoArray(c, c1);
    s11.intoArray(c, c1 + L);
    s12.intoArray(c, c1 + 2 * L);
    s13.intoArray(c, c1 + 3 * L);
    s20.intoArray(c, c2);
    s21.intoArray(c, c2 + L);
    s22.intoArray(c, c2 + 2 * L);
    s23.intoArray(c, c2 + 3 * L);
    s30.intoArray(c, c3);
    s31.intoArray(c, c3 + L);
    s32.intoArray(c, c3 + 2 * L);
    s33.intoArray(c, c3 + 3 * L);
  }

  static void requireTiles(int rows, int columns) {
    requireMultiple("rows", rows, TILE_ROWS);
    requireMultiple("columns", columns, TILE_COLUMNS);
  }

  private static void requireMultiple(String what, int count, int of) {
    if (count % of != 0) {
      throw new IllegalArgumentException(
          "this rung needs a multiple of " + of + " " + what + ", got " + count);
    }
  }
}
