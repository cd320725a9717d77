package dev.jdiffusion.tensor.cpu;

import static dev.jdiffusion.tensor.cpu.Lanes.F;
import static dev.jdiffusion.tensor.cpu.Lanes.L;

import dev.jdiffusion.tensor.cpu.OuterProducts.Panels;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;

/**
 * Copies a matrix to panels: each row's columns of a panel side by side, one row after the other,
 * so that the product reads them in the order of memory.
 *
 * <p>The matrix is read in that order as well, many panels of a few rows at a time. Panel by panel
 * each row would be a piece of another page: products of 512 to 1024 rows spent a sixth to a ninth
 * of their time so.
 */
final class PanelPacking {
  /**
   * Rows at a time: their cache lines stay in the first-level cache even where all of them map to
   * the same eight places.
   */
  private static final int ROWS = 8;

  /** Rows and panels of a task. */
  private static final int TASK_ROWS = 64;

  private static final int TASK_PANELS = 16;

  private PanelPacking() {}

  /** {@link #pack} of a whole matrix by all threads. */
  static void packAll(
      Panels panels,
      float[] source,
      int from,
      int rowStride,
      int columnStride,
      int depth,
      float[] packed,
      Workers workers) {
    int blocks = Math.ceilDiv(depth, TASK_ROWS);
    workers.run(
        blocks * groups(panels),
        (long) depth * panels.columns * 8,
        task -> {
          int row = task % blocks * TASK_ROWS;
          int rows = Math.min(TASK_ROWS, depth - row);
          int at = from + row * rowStride;
          pack(
              panels, task / blocks, source, at, rowStride, columnStride, rows, packed, row, depth);
        });
  }

  /** Into how many groups the panels are divided. */
  static int groups(Panels panels) {
    return Math.ceilDiv(panels.count, TASK_PANELS);
  }

  /**
   * Packs rows for a group of panels.
   *
   * @param source element (k, column) is at {@code from + k * rowStride + column * columnStride}; a
   *     stride is 1
   * @param row where they go: so many are before them in a packed matrix of {@code depth} rows
   */
  static void pack(
      Panels panels,
      int group,
      float[] source,
      int from,
      int rowStride,
      int columnStride,
      int rows,
      float[] packed,
      int row,
      int depth) {
    int first = group * TASK_PANELS;
    int end = Math.min(panels.count, first + TASK_PANELS);
    if (panels.columns < L) {
      packNarrow(panels, source, from, rowStride, columnStride, rows, packed, row);
    } else if (columnStride == 1) {
      Kernel.launch(() -> {
        for (int k = 0; k < rows; k += ROWS) {
          int count = Math.min(ROWS, rows - k);
          for (int p = first; p < end; p++) {
            int at = from + k * rowStride + panels.first[p];
            int to = panels.packedIndex(p, row + k, depth);
            copy(source, at, rowStride, count, panels.vectors[p], panels.tail(p), packed, to);
          }
        }
      });
    } else {
      Kernel.launch(() -> {
        for (int p = first; p < end; p++) {
          int at = from + panels.first[p] * columnStride;
          int to = panels.packedIndex(p, row, depth);
          int width = panels.vectors[p] * L;
          for (int v = 0; v < width; v += L) {
            int column = v == width - L ? panels.tail(p) : v;
            SmallMatMul.transposeInLoop(
                source, at + column * columnStride, columnStride, L, rows, packed, to + v, width);
          }
        }
      });
    }
  }

  /** Where the columns are less than a vector, of which the rest becomes zero. */
  private static void packNarrow(
      Panels panels,
      float[] source,
      int from,
      int rowStride,
      int columnStride,
      int rows,
      float[] packed,
      int row) {
    Arrays.fill(packed, row * L, (row + rows) * L, 0);
    for (int k = 0; k < rows; k++) {
      for (int c = 0; c < panels.columns; c++) {
        packed[(row + k) * L + c] = source[from + k * rowStride + c * columnStride];
      }
    }
  }

  private static void copy(
      float[] source,
      int at,
      int rowStride,
      int rows,
      int vectors,
      int tail,
      float[] packed,
      int to) {
    int width = vectors * L;
    int v = 0;
    for (; v < width - 2 * L; v += L) {
      copyVector(source, at + v, rowStride, rows, packed, to + v, width);
    }
    if (v < width - L) {
      copyPair(source, at + v, tail - v, rowStride, rows, packed, to + v, width);
    } else {
      copyVector(source, at + tail, rowStride, rows, packed, to + v, width);
    }
  }

  private static void copyVector(
      float[] source, int at, int rowStride, int rows, float[] packed, int to, int width) {
    for (int k = 0; k < rows; k++) {
      FloatVector.fromArray(F, source, at + k * rowStride).intoArray(packed, to + k * width);
    }
  }

  /** Two vectors of a row, the second {@code distance} behind the first. */
  private static void copyPair(
      float[] source,
      int at,
      int distance,
      int rowStride,
      int rows,
      float[] packed,
      int to,
      int width) {
    for (int k = 0; k < rows; k++) {
      int i = at + k * rowStride;
      int j = to + k * width;
      FloatVector.fromArray(F, source, i).intoArray(packed, j);
      FloatVector.fromArray(F, source, i + distance).intoArray(packed, j + L);
    }
  }
}
