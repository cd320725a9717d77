package dev.jdiffusion.tensor.cpu;

import static dev.jdiffusion.tensor.cpu.Lanes.F;
import static dev.jdiffusion.tensor.cpu.Lanes.L;

import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

/**
 * Softmax of many rows side by side, all in the first-level cache. Each loop runs down the rows at
 * one vector of columns, so no row waits for its own sum, and short rows cost no loop each. A row's
 * maximum and its sum are kept in 16 logical lanes (element i belongs to lane {@code i % 16}), and
 * {@link RowReductions} reduce 16 rows together.
 */
final class RowSoftmax {
  /** Rows of this length pay for a loop each, which reads memory in order. */
  static final int WIDE = 96;

  private RowSoftmax() {}

  private static int rounded(int rows) {
    return (rows + Lanes.LOGICAL - 1) & -Lanes.LOGICAL;
  }

  /** Floats that a number of rows needs for its reductions. */
  static int scratch(int rows) {
    return (Lanes.LOGICAL + 1) * rounded(rows);
  }

  /** Where in the scratch a reduction leaves the rows' results. */
  private static int results(int scratchAt, int rows) {
    return scratchAt + Lanes.LOGICAL * rounded(rows);
  }

  /** {@code out = softmax(x)}; out may be x. */
  static void forward(
      float[] x,
      int xAt,
      int xRow,
      int rows,
      int columns,
      float[] out,
      int outAt,
      int outRow,
      float[] scratch,
      int scratchAt) {
    int results = results(scratchAt, rows);
    exponentials(
        x, xAt, xRow, rows, columns, out, outAt, outRow, scratch, scratchAt, scratch, results,
        scratch, results);
    Kernel.launch(() -> {
      for (int i = results; i < results + rounded(rows); i += L) {
        FloatVector.broadcast(F, 1f)
            .div(FloatVector.fromArray(F, scratch, i))
            .intoArray(scratch, i);
      }
    });
    if (RowsOf32.fit(columns, xRow, outRow)) {
      Kernel.launch(() -> RowsOf32.scale(out, outAt, rows, scratch, results));
    } else {
      Kernel.launch(() -> scale(out, outAt, outRow, rows, columns, scratch, results));
    }
  }

  /**
   * {@code out = e^(x - max)} with each row's own maximum; out may be x.
   *
   * @param maxima overwritten, for a multiple of 16 rows
   * @param sums overwritten with the sums of out; the maxima's place will do where they are not
   *     wanted
   */
  static void exponentials(
      float[] x,
      int xAt,
      int xRow,
      int rows,
      int columns,
      float[] out,
      int outAt,
      int outRow,
      float[] scratch,
      int scratchAt,
      float[] maxima,
      int maximaAt,
      float[] sums,
      int sumsAt) {
    int end = scratchAt + Lanes.LOGICAL * rounded(rows);
    if (RowsOf32.fit(columns, xRow, outRow)) {
      Kernel.launch(() -> RowsOf32.maxima(x, xAt, rows, scratch, scratchAt));
      RowReductions.maximaAcross(scratch, scratchAt, rows, maxima, maximaAt);
      Kernel.launch(() ->
          RowsOf32.exponentials(x, xAt, rows, out, outAt, scratch, scratchAt, maxima, maximaAt));
      RowReductions.sumsAcross(scratch, scratchAt, rows, sums, sumsAt);
      return;
    }
    Arrays.fill(scratch, scratchAt, end, Float.NEGATIVE_INFINITY);
    if (columns < WIDE) {
      Kernel.launch(() -> maxima(x, xAt, xRow, rows, columns, scratch, scratchAt));
    } else {
      Kernel.launch(() -> wideMaxima(x, xAt, xRow, rows, columns, scratch, scratchAt));
    }
    RowReductions.maximaAcross(scratch, scratchAt, rows, maxima, maximaAt);
    Arrays.fill(scratch, scratchAt, end, 0f);
    if (columns < WIDE) {
      Kernel.launch(() ->
          exponentials(
              x, xAt, xRow, rows, columns, out, outAt, outRow, scratch, scratchAt, maxima,
              maximaAt));
    } else {
      Kernel.launch(() ->
          wideExponentials(
              x, xAt, xRow, rows, columns, out, outAt, outRow, scratch, scratchAt, maxima,
              maximaAt));
    }
    RowReductions.sumsAcross(scratch, scratchAt, rows, sums, sumsAt);
  }

  /** {@code dx = y * (dy - sum of y * dy)}; dx may be dy. */
  static void backward(
      float[] y,
      int yAt,
      int yRow,
      float[] dy,
      int dyAt,
      int dyRow,
      int rows,
      int columns,
      float[] dx,
      int dxAt,
      int dxRow,
      float[] scratch,
      int scratchAt) {
    int results = results(scratchAt, rows);
    dots(y, yAt, yRow, dy, dyAt, dyRow, rows, columns, scratch, scratchAt, results);
    if (RowsOf32.fit(columns, yRow, dyRow) && dxRow == columns) {
      Kernel.launch(() -> RowsOf32.gradients(y, yAt, dy, dyAt, rows, dx, dxAt, scratch, results));
      return;
    }
    Kernel.launch(() ->
        gradients(y, yAt, yRow, dy, dyAt, dyRow, rows, columns, dx, dxAt, dxRow, scratch, results));
  }

  /**
   * The inner product of each row of y with that of dy.
   *
   * @param scratch gets the products too
   * @param dotsAt the products' place, overwritten for a multiple of 16 rows
   */
  static void dots(
      float[] y,
      int yAt,
      int yRow,
      float[] dy,
      int dyAt,
      int dyRow,
      int rows,
      int columns,
      float[] scratch,
      int scratchAt,
      int dotsAt) {
    if (RowsOf32.fit(columns, yRow, dyRow)) {
      Kernel.launch(() -> RowsOf32.dots(y, yAt, dy, dyAt, rows, scratch, scratchAt));
    } else {
      Arrays.fill(scratch, scratchAt, results(scratchAt, rows), 0f);
      Kernel.launch(() -> dots(y, yAt, yRow, dy, dyAt, dyRow, rows, columns, scratch, scratchAt));
    }
    RowReductions.sumsAcross(scratch, scratchAt, rows, scratch, dotsAt);
  }

  private static int lane(int column) {
    return column & (Lanes.LOGICAL - 1);
  }

  private static void maxima(
      float[] x, int at, int row, int rows, int columns, float[] lanes, int lanesAt) {
    int whole = columns & -L;
    for (int c = 0; c < whole; c += L) {
      maximaStep(x, at + c, row, rows, lanes, lanesAt + lane(c));
    }
    if (whole < columns) {
      VectorMask<Float> rest = F.indexInRange(whole, columns);
      maximaRest(x, at + whole, row, rows, lanes, lanesAt + lane(whole), rest);
    }
  }

  /** As {@link #wideExponentials}. */
  private static void wideMaxima(
      float[] x, int at, int row, int rows, int columns, float[] lanes, int lanesAt) {
    int whole = columns & -Lanes.LOGICAL;
    for (int r = 0; r < rows; r++) {
      for (int g = 0; g < Lanes.LOGICAL; g += L) {
        wideMaximaRow(x, at + r * row + g, whole, lanes, lanesAt + r * Lanes.LOGICAL + g);
      }
    }
    if (whole < columns) {
      maxima(x, at + whole, row, rows, columns - whole, lanes, lanesAt);
    }
  }

  private static void wideMaximaRow(float[] x, int at, int columns, float[] lanes, int lanesAt) {
    FloatVector m = FloatVector.broadcast(F, Float.NEGATIVE_INFINITY);
    for (int c = 0; c < columns; c += Lanes.LOGICAL) {
      FloatVector v = FloatVector.fromArray(F, x, at + c);
      m = m.blend(v, v.compare(VectorOperators.GT, m));
    }
    m.intoArray(lanes, lanesAt);
  }

  private static void maximaStep(float[] x, int at, int row, int rows, float[] lanes, int lanesAt) {
    for (int r = 0; r < rows; r++) {
      FloatVector v = FloatVector.fromArray(F, x, at + r * row);
      FloatVector m = FloatVector.fromArray(F, lanes, lanesAt + r * Lanes.LOGICAL);
      m.blend(v, v.compare(VectorOperators.GT, m)).intoArray(lanes, lanesAt + r * Lanes.LOGICAL);
    }
  }

  private static void maximaRest(
      float[] x, int at, int row, int rows, float[] lanes, int lanesAt, VectorMask<Float> rest) {
    for (int r = 0; r < rows; r++) {
      FloatVector v = FloatVector.fromArray(F, x, at + r * row, rest);
      FloatVector m = FloatVector.fromArray(F, lanes, lanesAt + r * Lanes.LOGICAL);
      m.blend(v, v.compare(VectorOperators.GT, m).and(rest))
          .intoArray(lanes, lanesAt + r * Lanes.LOGICAL);
    }
  }

  private static void exponentials(
      float[] x,
      int xAt,
      int xRow,
      int rows,
      int columns,
      float[] out,
      int outAt,
      int outRow,
      float[] lanes,
      int lanesAt,
      float[] maxima,
      int maximaAt) {
    int whole = columns & -L;
    for (int c = 0; c < whole; c += L) {
      exponentialsStep(
          x,
          xAt + c,
          xRow,
          rows,
          out,
          outAt + c,
          outRow,
          lanes,
          lanesAt + lane(c),
          maxima,
          maximaAt);
    }
    if (whole < columns) {
      VectorMask<Float> rest = F.indexInRange(whole, columns);
      exponentialsRest(
          x,
          xAt + whole,
          xRow,
          rows,
          out,
          outAt + whole,
          outRow,
          lanes,
          lanesAt + lane(whole),
          maxima,
          maximaAt,
          rest);
    }
  }

  /** The columns that make up whole sets of lanes row after row, then the rest side by side. */
  private static void wideExponentials(
      float[] x,
      int xAt,
      int xRow,
      int rows,
      int columns,
      float[] out,
      int outAt,
      int outRow,
      float[] lanes,
      int lanesAt,
      float[] maxima,
      int maximaAt) {
    int whole = columns & -Lanes.LOGICAL;
    for (int r = 0; r < rows; r++) {
      for (int g = 0; g < Lanes.LOGICAL; g += L) {
        wideExponentialsRow(
            x,
            xAt + r * xRow + g,
            whole,
            out,
            outAt + r * outRow + g,
            lanes,
            lanesAt + r * Lanes.LOGICAL + g,
            maxima[maximaAt + r]);
      }
    }
    if (whole < columns) {
      exponentials(
          x,
          xAt + whole,
          xRow,
          rows,
          columns - whole,
          out,
          outAt + whole,
          outRow,
          lanes,
          lanesAt,
          maxima,
          maximaAt);
    }
  }

  private static void wideExponentialsRow(
      float[] x,
      int xAt,
      int columns,
      float[] out,
      int outAt,
      float[] lanes,
      int lanesAt,
      float max) {
    FloatVector s = FloatVector.zero(F);
    for (int c = 0; c < columns; c += Lanes.LOGICAL) {
      FloatVector e = VectorMath.expNegative(FloatVector.fromArray(F, x, xAt + c).sub(max));
      e.intoArray(out, outAt + c);
      s = s.add(e);
    }
    s.intoArray(lanes, lanesAt);
  }

  private static void exponentialsStep(
      float[] x,
      int xAt,
      int xRow,
      int rows,
      float[] out,
      int outAt,
      int outRow,
      float[] lanes,
      int lanesAt,
      float[] maxima,
      int maximaAt) {
    for (int r = 0; r < rows; r++) {
      FloatVector e =
          VectorMath.expNegative(
              FloatVector.fromArray(F, x, xAt + r * xRow)
                  .sub(FloatVector.broadcast(F, maxima[maximaAt + r])));
      e.intoArray(out, outAt + r * outRow);
      FloatVector.fromArray(F, lanes, lanesAt + r * Lanes.LOGICAL)
          .add(e)
          .intoArray(lanes, lanesAt + r * Lanes.LOGICAL);
    }
  }

  private static void exponentialsRest(
      float[] x,
      int xAt,
      int xRow,
      int rows,
      float[] out,
      int outAt,
      int outRow,
      float[] lanes,
      int lanesAt,
      float[] maxima,
      int maximaAt,
      VectorMask<Float> rest) {
    for (int r = 0; r < rows; r++) {
      FloatVector e =
          VectorMath.expNegative(
              FloatVector.fromArray(F, x, xAt + r * xRow, rest)
                  .sub(FloatVector.broadcast(F, maxima[maximaAt + r])));
      e.intoArray(out, outAt + r * outRow, rest);
      FloatVector s = FloatVector.fromArray(F, lanes, lanesAt + r * Lanes.LOGICAL);
      s.blend(s.add(e), rest).intoArray(lanes, lanesAt + r * Lanes.LOGICAL);
    }
  }

  private static void scale(
      float[] x, int at, int row, int rows, int columns, float[] factors, int factorsAt) {
    int whole = columns & -L;
    for (int c = 0; c < whole; c += L) {
      scaleStep(x, at + c, row, rows, factors, factorsAt);
    }
    if (whole < columns) {
      VectorMask<Float> rest = F.indexInRange(whole, columns);
      scaleRest(x, at + whole, row, rows, factors, factorsAt, rest);
    }
  }

  private static void scaleStep(
      float[] x, int at, int row, int rows, float[] factors, int factorsAt) {
    for (int r = 0; r < rows; r++) {
      FloatVector.fromArray(F, x, at + r * row)
          .mul(FloatVector.broadcast(F, factors[factorsAt + r]))
          .intoArray(x, at + r * row);
    }
  }

  private static void scaleRest(
      float[] x,
      int at,
      int row,
      int rows,
      float[] factors,
      int factorsAt,
      VectorMask<Float> rest) {
    for (int r = 0; r < rows; r++) {
      FloatVector.fromArray(F, x, at + r * row, rest)
          .mul(FloatVector.broadcast(F, factors[factorsAt + r]))
          .intoArray(x, at + r * row, rest);
    }
  }

  private static void dots(
      float[] y,
      int yAt,
      int yRow,
      float[] dy,
      int dyAt,
      int dyRow,
      int rows,
      int columns,
      float[] lanes,
      int lanesAt) {
    int whole = columns & -L;
    for (int c = 0; c < whole; c += L) {
      dotsStep(y, yAt + c, yRow, dy, dyAt + c, dyRow, rows, lanes, lanesAt + lane(c));
    }
    if (whole < columns) {
      VectorMask<Float> rest = F.indexInRange(whole, columns);
      dotsRest(
          y, yAt + whole, yRow, dy, dyAt + whole, dyRow, rows, lanes, lanesAt + lane(whole), rest);
    }
  }

  private static void dotsStep(
      float[] y,
      int yAt,
      int yRow,
      float[] dy,
      int dyAt,
      int dyRow,
      int rows,
      float[] lanes,
      int lanesAt) {
    for (int r = 0; r < rows; r++) {
      FloatVector.fromArray(F, y, yAt + r * yRow)
          .fma(
              FloatVector.fromArray(F, dy, dyAt + r * dyRow),
              FloatVector.fromArray(F, lanes, lanesAt + r * Lanes.LOGICAL))
          .intoArray(lanes, lanesAt + r * Lanes.LOGICAL);
    }
  }

  private static void dotsRest(
      float[] y,
      int yAt,
      int yRow,
      float[] dy,
      int dyAt,
      int dyRow,
      int rows,
      float[] lanes,
      int lanesAt,
      VectorMask<Float> rest) {
    for (int r = 0; r < rows; r++) {
      FloatVector.fromArray(F, y, yAt + r * yRow, rest)
          .fma(
              FloatVector.fromArray(F, dy, dyAt + r * dyRow, rest),
              FloatVector.fromArray(F, lanes, lanesAt + r * Lanes.LOGICAL))
          .intoArray(lanes, lanesAt + r * Lanes.LOGICAL);
    }
  }

  private static void gradients(
      float[] y,
      int yAt,
      int yRow,
      float[] dy,
      int dyAt,
      int dyRow,
      int rows,
      int columns,
      float[] dx,
      int dxAt,
      int dxRow,
      float[] dots,
      int dotsAt) {
    int whole = columns & -L;
    for (int c = 0; c < whole; c += L) {
      gradientsStep(y, yAt + c, yRow, dy, dyAt + c, dyRow, rows, dx, dxAt + c, dxRow, dots, dotsAt);
    }
    if (whole < columns) {
      VectorMask<Float> rest = F.indexInRange(whole, columns);
      gradientsRest(
          y,
          yAt + whole,
          yRow,
          dy,
          dyAt + whole,
          dyRow,
          rows,
          dx,
          dxAt + whole,
          dxRow,
          dots,
          dotsAt,
          rest);
    }
  }

  private static void gradientsStep(
      float[] y,
      int yAt,
      int yRow,
      float[] dy,
      int dyAt,
      int dyRow,
      int rows,
      float[] dx,
      int dxAt,
      int dxRow,
      float[] dots,
      int dotsAt) {
    for (int r = 0; r < rows; r++) {
      FloatVector.fromArray(F, dy, dyAt + r * dyRow)
          .sub(FloatVector.broadcast(F, dots[dotsAt + r]))
          .mul(FloatVector.fromArray(F, y, yAt + r * yRow))
          .intoArray(dx, dxAt + r * dxRow);
    }
  }

  private static void gradientsRest(
      float[] y,
      int yAt,
      int yRow,
      float[] dy,
      int dyAt,
      int dyRow,
      int rows,
      float[] dx,
      int dxAt,
      int dxRow,
      float[] dots,
      int dotsAt,
      VectorMask<Float> rest) {
    for (int r = 0; r < rows; r++) {
      FloatVector.fromArray(F, dy, dyAt + r * dyRow, rest)
          .sub(FloatVector.broadcast(F, dots[dotsAt + r]))
          .mul(FloatVector.fromArray(F, y, yAt + r * yRow, rest))
          .intoArray(dx, dxAt + r * dxRow, rest);
    }
  }
}
