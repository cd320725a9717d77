package dev.jdiffusion.tensor.cpu;

import static dev.jdiffusion.tensor.cpu.Lanes.F;
import static dev.jdiffusion.tensor.cpu.Lanes.L;

import dev.jdiffusion.tensor.Columns;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

/**
 * One head of one image between a packed tensor, where its rows lie far apart, and a dense matrix
 * in cache, whose rows are padded to whole vectors. Far apart means a stride that maps to few sets
 * of the first-level cache, so matrices that are read more than once are copied first.
 */
final class HeadTiles {
  private HeadTiles() {}

  /** Rows in an array: where the first begins, and the distance to the next. */
  record Rows(float[] array, int at, int row) {
    /** Those of a head of an image. */
    static Rows of(Columns columns, int image, int head, int features) {
      int row = columns.rowStride();
      int at = columns.offset() + image * columns.tensor().dim(1) * row + head * features;
      return new Rows(FloatStorage.array(columns.tensor()), at, row);
    }

    /** Where a row begins. */
    int at(int index) {
      return at + index * row;
    }
  }

  /**
   * Copies rows of a head, from {@code row} on and times a factor, to consecutive rows of {@code
   * width}; padding becomes zero.
   */
  static void load(
      Columns columns,
      int image,
      int head,
      int features,
      int row,
      int rows,
      float factor,
      float[] to,
      int toAt,
      int width) {
    Rows place = Rows.of(columns, image, head, features);
    float[] from = place.array;
    int fromRow = place.row;
    int fromAt = place.at(row);
    Kernel.launch(() -> {
      for (int c = 0; c < width; c += L) {
        if (c + 2 * L <= features) {
          copyScaledPair(from, fromAt + c, fromRow, rows, factor, to, toAt + c, width);
          c += L;
        } else if (c + L <= features) {
          copyScaled(from, fromAt + c, fromRow, rows, factor, to, toAt + c, width);
        } else {
          int rest = Math.max(features - c, 0);
          copyPadded(from, fromAt + c, fromRow, rows, rest, factor, to, toAt + c, width);
        }
      }
    });
  }

  private static void copyScaled(
      float[] from,
      int fromAt,
      int fromRow,
      int rows,
      float factor,
      float[] to,
      int toAt,
      int toRow) {
    for (int r = 0; r < rows; r++) {
      FloatVector.fromArray(F, from, fromAt + r * fromRow)
          .mul(factor)
          .intoArray(to, toAt + r * toRow);
    }
  }

  /** {@link #copyScaled} of two vectors a row: the second's cache line follows the first's. */
  private static void copyScaledPair(
      float[] from,
      int fromAt,
      int fromRow,
      int rows,
      float factor,
      float[] to,
      int toAt,
      int toRow) {
    for (int r = 0; r < rows; r++) {
      int at = fromAt + r * fromRow;
      int target = toAt + r * toRow;
      FloatVector.fromArray(F, from, at).mul(factor).intoArray(to, target);
      FloatVector.fromArray(F, from, at + L).mul(factor).intoArray(to, target + L);
    }
  }

  private static void copyPadded(
      float[] from,
      int fromAt,
      int fromRow,
      int rows,
      int columns,
      float factor,
      float[] to,
      int toAt,
      int toRow) {
    FloatVector padding = FloatVector.zero(F);
    VectorMask<Float> mask = F.indexInRange(0, columns);
    for (int r = 0; r < rows; r++) {
      FloatVector row = padding;
      if (columns > 0) {
        FloatVector part = FloatVector.fromArray(F, from, fromAt + r * fromRow, mask);
        row = padding.blend(part.mul(factor), mask);
      }
      row.intoArray(to, toAt + r * toRow);
    }
  }

  /**
   * Copies dense rows of {@code width}, without their padding and times a factor, to a head's rows
   * from {@code row} on.
   */
  static void store(
      float[] from,
      int fromAt,
      int width,
      int rows,
      int features,
      float factor,
      Columns columns,
      int image,
      int head,
      int row) {
    Rows place = Rows.of(columns, image, head, features);
    float[] to = place.array;
    int toRow = place.row;
    int toAt = place.at(row);
    Kernel.launch(() -> {
      for (int c = 0; c < features; c += L) {
        if (c + 2 * L <= features) {
          copyScaledPair(from, fromAt + c, width, rows, factor, to, toAt + c, toRow);
          c += L;
        } else if (c + L <= features) {
          copyScaled(from, fromAt + c, width, rows, factor, to, toAt + c, toRow);
        } else {
          VectorMask<Float> mask = F.indexInRange(c, features);
          for (int r = 0; r < rows; r++) {
            FloatVector.fromArray(F, from, fromAt + c + r * width, mask)
                .mul(factor)
                .intoArray(to, toAt + c + r * toRow, mask);
          }
        }
      }
    });
  }

  /** {@link #store} with a factor for each row. */
  static void storeScaled(
      float[] from,
      int fromAt,
      int width,
      int rows,
      int features,
      float[] factors,
      int factorsAt,
      Columns columns,
      int image,
      int head,
      int row) {
    Rows place = Rows.of(columns, image, head, features);
    float[] to = place.array;
    int toRow = place.row;
    int toAt = place.at(row);
    Kernel.launch(() -> {
      int whole = features & -L;
      VectorMask<Float> mask = F.indexInRange(whole, features);
      for (int r = 0; r < rows; r++) {
        FloatVector factor = FloatVector.broadcast(F, factors[factorsAt + r]);
        int source = fromAt + r * width;
        int target = toAt + r * toRow;
        for (int c = 0; c < whole; c += L) {
          FloatVector.fromArray(F, from, source + c).mul(factor).intoArray(to, target + c);
        }
        if (whole < features) {
          FloatVector.fromArray(F, from, source + whole, mask)
              .mul(factor)
              .intoArray(to, target + whole, mask);
        }
      }
    });
  }

  /** The largest element of each column of a dense matrix; its width is a multiple of 16. */
  static void columnMax(float[] x, int at, int rows, int width, float[] max, int maxAt) {
    Kernel.launch(() -> {
      for (int c = 0; c < width; c += L) {
        FloatVector m = FloatVector.fromArray(F, x, at + c);
        for (int r = 1; r < rows; r++) {
          FloatVector row = FloatVector.fromArray(F, x, at + c + r * width);
          m = m.blend(row, row.compare(VectorOperators.GT, m));
        }
        m.intoArray(max, maxAt + c);
      }
    });
  }

  /** Adds each column's sum. */
  static void addColumnSums(float[] x, int at, int rows, int width, float[] sums, int sumsAt) {
    Kernel.launch(() -> {
      for (int c = 0; c < width; c += L) {
        FloatVector s = FloatVector.fromArray(F, sums, sumsAt + c);
        for (int r = 0; r < rows; r++) {
          s = s.add(FloatVector.fromArray(F, x, at + c + r * width));
        }
        s.intoArray(sums, sumsAt + c);
      }
    });
  }

  /** {@code x = e^(x - max)} for numbers not above their column's max. */
  static void exponentials(float[] x, int at, float[] tiles, int max, int tile, int n) {
    Kernel.launch(() -> {
      for (int t = 0; t < n; t += tile) {
        int end = Math.min(tile, n - t);
        for (int i = 0; i < end; i += L) {
          VectorMath.expNegative(
                  FloatVector.fromArray(F, x, at + t + i)
                      .sub(FloatVector.fromArray(F, tiles, max + i)))
              .intoArray(x, at + t + i);
        }
      }
    });
  }

  /** {@code x = e^(x - max) * factor}. */
  static void scaledExponentials(
      float[] x, int at, float[] tiles, int max, int factor, int tile, int n) {
    Kernel.launch(() -> {
      for (int t = 0; t < n; t += tile) {
        int end = Math.min(tile, n - t);
        for (int i = 0; i < end; i += L) {
          VectorMath.expNegative(
                  FloatVector.fromArray(F, x, at + t + i)
                      .sub(FloatVector.fromArray(F, tiles, max + i)))
              .mul(FloatVector.fromArray(F, tiles, factor + i))
              .intoArray(x, at + t + i);
        }
      }
    });
  }

  /** {@code dy = y * (dy - dot)}. */
  static void columnSoftmaxGradient(
      float[] y, int yAt, float[] dy, int dyAt, float[] tiles, int dot, int tile, int n) {
    Kernel.launch(() -> {
      for (int t = 0; t < n; t += tile) {
        int end = Math.min(tile, n - t);
        for (int i = 0; i < end; i += L) {
          FloatVector.fromArray(F, dy, dyAt + t + i)
              .sub(FloatVector.fromArray(F, tiles, dot + i))
              .mul(FloatVector.fromArray(F, y, yAt + t + i))
              .intoArray(dy, dyAt + t + i);
        }
      }
    });
  }
}
