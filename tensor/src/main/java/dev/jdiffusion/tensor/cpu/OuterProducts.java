package dev.jdiffusion.tensor.cpu;

import static dev.jdiffusion.tensor.cpu.Lanes.L;

import java.util.Locale;

/**
 * The core of matrix products and convolutions: picks, for a panel of columns, the kernel whose
 * tile fits the registers.
 *
 * <p>Tiles of 20 to 24 accumulators run at the speed of the multiply-add units; they need nearly 32
 * registers, which AVX-512 and NEON have. Others get tiles of 9 to 12: of more C2 keeps some on the
 * stack, and their chains then wait for memory (39 GFLOP/s instead of 90 on one core of a Zen 3);
 * in the gradients' loop already of 12 in two vectors. The result is the same: every element is one
 * chain of fused multiply-adds.
 */
final class OuterProducts {
  /**
   * How many indices a table of pixels must hold beyond the last pixel: tiles may reach over it.
   */
  static final int OVERHANG = 16;

  private static final boolean WIDE =
      L == 16 || System.getProperty("os.arch").toLowerCase(Locale.ROOT).startsWith("aarch64");

  /** Vectors of the widest tile. */
  static final int WIDEST = WIDE ? 4 : 3;

  private OuterProducts() {}

  /** Rows of a gradient's tile with this many vectors. */
  static int rows(int vectors) {
    if (WIDE) {
      return switch (vectors) {
        case 1 -> 14;
        case 2 -> 10;
        case 3 -> 8;
        default -> 6;
      };
    }
    return switch (vectors) {
      case 1 -> 12;
      case 2 -> 5;
      default -> 3;
    };
  }

  /** Columns of a weight matrix, split into panels of 1 to {@link #WIDEST} vectors. */
  static final class Panels {
    final int columns;
    final int count;

    /** Vectors of each panel. */
    final int[] vectors;

    /** First column of each panel. */
    final int[] first;

    /** Columns of each panel that are left for its last vector. */
    final int[] last;

    Panels(int columns) {
      this.columns = columns;
      int total = Math.ceilDiv(columns, L);
      // Even shares: one vector alone, left over from full panels, would run at half speed. With 16
      // registers two vectors are the fastest, and a third only takes what would be left.
      count = WIDE ? Math.ceilDiv(total, WIDEST) : total == 1 ? 1 : total / 2;
      vectors = new int[count];
      first = new int[count];
      last = new int[count];
      int from = 0;
      for (int p = 0; p < count; p++) {
        vectors[p] = (total - from + count - p - 1) / (count - p);
        first[p] = from * L;
        from += vectors[p];
        last[p] = Math.min(L, columns - (from - 1) * L);
      }
    }

    /**
     * Where a panel's last vector begins in a product: one of several ends where the panel does.
     */
    int tail(int panel) {
      return vectors[panel] == 1 ? 0 : (vectors[panel] - 2) * L + last[panel];
    }

    /** Length of a packed matrix with this many rows. */
    int packedLength(int rows) {
      return Math.multiplyExact(rows, paddedColumns());
    }

    int paddedColumns() {
      return Math.ceilDiv(columns, L) * L;
    }

    /** Where a panel's row begins in a packed matrix of {@code rows} rows. */
    int packedIndex(int panel, int row, int rows) {
      return rows * first[panel] + row * vectors[panel] * L;
    }
  }

  /**
   * For every pixel and every column of a panel, {@code out = start + sum over k < length of x *
   * w}.
   *
   * @param xBase per pixel, index of k = 0 in x, relative to xFrom; the last index repeated {@link
   *     #OVERHANG} times
   * @param oneRow whether start is one row for all pixels, at startFrom; otherwise it is laid out
   *     as out, and startFrom corresponds to outFrom
   * @param outBase per pixel, index of the panel's first column in out, relative to outFrom;
   *     likewise
   * @param last columns that are left for the last vector
   */
  static void multiply(
      int vectors,
      float[] x,
      int[] xBase,
      int xFrom,
      float[] w,
      int wFrom,
      float[] start,
      boolean oneRow,
      int startFrom,
      float[] out,
      int[] outBase,
      int outFrom,
      int pixels,
      int length,
      int last) {
    if (WIDE && oneRow) {
      WideProducts.multiply(
          vectors, x, xBase, xFrom, w, wFrom, start, startFrom, out, outBase, outFrom, pixels,
          length, last);
    } else if (WIDE) {
      WideProducts.multiplyAdd(
          vectors, x, xBase, xFrom, w, wFrom, start, startFrom, out, outBase, outFrom, pixels,
          length, last);
    } else if (oneRow) {
      NarrowProducts.multiply(
          vectors, x, xBase, xFrom, w, wFrom, start, startFrom, out, outBase, outFrom, pixels,
          length, last);
    } else {
      NarrowProducts.multiplyAdd(
          vectors, x, xBase, xFrom, w, wFrom, start, startFrom, out, outBase, outFrom, pixels,
          length, last);
    }
  }

  /**
   * For {@code rows} rows k, rounded up to whole tiles, and every column of a panel, {@code sum +=
   * sum over pixels of x * d}. Reads, and then computes something meaningless from, up to {@link
   * #OVERHANG} elements further than the rows of x reach.
   *
   * @param xBase per pixel, index of k = 0 in x, relative to xFrom
   * @param d the panel's columns of each pixel, packed up to whole vectors, from dFrom on
   * @param sum a row for each k, of the panel's columns up to whole vectors
   */
  static void gradient(
      int vectors,
      float[] x,
      int[] xBase,
      int xFrom,
      int pixel,
      int pixels,
      float[] d,
      int dFrom,
      float[] sum,
      int sumFrom,
      int rows) {
    int tile = rows(vectors);
    for (int k = 0; k < rows; k += tile) {
      int from = xFrom + k;
      int to = sumFrom + k * vectors * L;
      if (WIDE) {
        switch (vectors) {
          case 1 -> WideGradients.gradient14x1(x, xBase, from, pixel, pixels, d, dFrom, sum, to);
          case 2 -> WideGradients.gradient10x2(x, xBase, from, pixel, pixels, d, dFrom, sum, to);
          case 3 -> WideGradients.gradient8x3(x, xBase, from, pixel, pixels, d, dFrom, sum, to);
          default -> WideGradients.gradient6x4(x, xBase, from, pixel, pixels, d, dFrom, sum, to);
        }
      } else {
        switch (vectors) {
          case 1 -> NarrowGradients.gradient12x1(x, xBase, from, pixel, pixels, d, dFrom, sum, to);
          case 2 -> NarrowGradients.gradient5x2(x, xBase, from, pixel, pixels, d, dFrom, sum, to);
          default -> NarrowGradients.gradient3x3(x, xBase, from, pixel, pixels, d, dFrom, sum, to);
        }
      }
    }
  }
}
