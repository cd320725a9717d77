package dev.jdiffusion.tensor.cpu;

import static dev.jdiffusion.tensor.cpu.Lanes.F;

import dev.jdiffusion.tensor.cpu.OuterProducts.Panels;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import org.jspecify.annotations.Nullable;

/**
 * Products of {@link Windows} with packed weights: convolution, its gradient with respect to the
 * input, and matrix products.
 *
 * <p>Sums start from bias plus residual and grow in place, one stretch of k after the other, so
 * that an element remains one chain of multiply-adds however k is cut.
 */
final class DenseProduct {
  /**
   * Rows of a panel that are multiplied at a time; a tile's start and end cost as much as some ten
   * rows.
   */
  static final int STRETCH = 512;

  /**
   * Floats of packed weights that all blocks are multiplied with before the next: they stay in the
   * cache that processors share, beside the input and the results that pass by. Each block reads
   * them once, and from memory that takes longer than the multiplying.
   */
  private static final int SHARED = 1 << 20;

  /** Multiply-adds of a task below which the threads' agreeing on it shows. */
  private static final int TASK = 1 << 20;

  /** Sums up to this length wait for memory; longer ones leave the hardware time to foresee. */
  private static final int SHORT_SUM = 448;

  /** Where sums start that start from nothing. */
  static final float[] ZEROS = new float[OuterProducts.WIDEST * Lanes.L];

  private DenseProduct() {}

  /**
   * Where results go: element (image, y, x, column) to {@code from + image * imageStride + ... +
   * column}.
   *
   * @param from index of the first element
   */
  record Target(float[] out, int from, int imageStride, int rowStride, int pixelStride) {}

  /**
   * What is added to the products.
   *
   * @param bias one value a column, from biasFrom on
   * @param residual laid out as the target, moved by {@code residualShift}; the target itself to
   *     accumulate
   */
  record Start(
      float @Nullable [] bias, int biasFrom, float @Nullable [] residual, int residualShift) {
    static final Start ZERO = new Start(null, 0, null, 0);

    /** That of one result. */
    float of(int column, int index) {
      if (bias == null) {
        return residual == null ? 0 : residual[index + residualShift];
      }
      float value = bias[biasFrom + column];
      return residual == null ? value : value + residual[index + residualShift];
    }
  }

  /**
   * One of several products of the same input.
   *
   * @param packed weights of {@code windows.length()} rows, packed by panels
   * @param inputShift how far behind the others' windows its own begin, in the padded copy
   * @param targetShift how far behind the target its results go
   */
  record Part(float[] packed, int inputShift, int targetShift) {}

  /** Computes all results of a single part. */
  static void run(
      Windows windows,
      float[] input,
      int inputFrom,
      float[] packed,
      Panels panels,
      Start start,
      Target target,
      Workers workers,
      FloatPool pool) {
    Part[] one = {new Part(packed, 0, 0)};
    run(windows, input, inputFrom, one, panels, start, target, workers, pool);
  }

  /** Computes all results of all parts; what a block sees is copied once for them. */
  static void run(
      Windows windows,
      float[] input,
      int inputFrom,
      Part[] parts,
      Panels panels,
      Start start,
      Target target,
      Workers workers,
      FloatPool pool) {
    if (windows.blocks == 0) {
      return;
    }
    Windows.Block first = windows.block(0);
    Windows.Block last = windows.block(windows.blocks - 1);
    Tables full = Tables.of(windows, first, target);
    Tables rest = windows.pixels(last) == full.pixels ? full : Tables.of(windows, last, target);
    long work =
        (long) windows.pixels() * panels.columns * Math.max(1, windows.length()) * parts.length;
    int groups = groups(windows, panels, parts.length);
    int splits = splits(windows, panels.count, groups, work, workers.threads());
    int shares = groups * splits;
    int groupTasks = windows.blocks * splits;
    workers.run(
        groups * groupTasks,
        work,
        task -> {
          int inGroup = task % groupTasks;
          Windows.Block block = windows.block(inGroup / splits);
          Tables tables = windows.pixels(block) == full.pixels ? full : rest;
          int share = task / groupTasks * splits + inGroup % splits;
          block(
              windows,
              block,
              tables,
              input,
              inputFrom,
              parts,
              panels,
              panels.count * share / shares,
              panels.count * (share + 1) / shares,
              start,
              target,
              pool);
        });
  }

  /** Into how many groups to divide the panels, so that one is {@link #SHARED}. */
  private static int groups(Windows windows, Panels panels, int parts) {
    long length = (long) panels.paddedColumns() * windows.length() * parts;
    return Math.clamp(Math.ceilDiv(length, SHARED), 1, panels.count);
  }

  /**
   * Into how many parts to split a group of panels. Where that costs nothing but agreeing on tasks,
   * there are enough of them that no thread waits long for the last.
   */
  private static int splits(Windows windows, int panels, int groups, long work, int threads) {
    int blocks = windows.blocks * groups;
    int splits = splits(blocks, panels / groups, threads);
    if (threads == 1 || !windows.isDirect()) {
      return splits;
    }
    int wanted = (8 * threads + blocks - 1) / blocks;
    int most = Math.clamp(work / TASK / blocks, 1, panels / groups);
    return Math.max(splits, Math.min(wanted, most));
  }

  /** Into how many parts to split the panels, where there are too few blocks for all threads. */
  static int splits(int blocks, int panels, int threads) {
    return threads == 1 ? 1 : Math.clamp((2L * threads + blocks - 1) / blocks, 1, panels);
  }

  /** Indices of a block's pixels. */
  record Tables(int pixels, int[] input, int[] output) {
    static Tables of(Windows windows, Windows.Block block, Target target) {
      return new Tables(
          windows.pixels(block),
          windows.inputTable(block),
          windows.table(block, target.imageStride, target.rowStride, target.pixelStride));
    }
  }

  private static void block(
      Windows windows,
      Windows.Block block,
      Tables tables,
      float[] input,
      int inputFrom,
      Part[] parts,
      Panels panels,
      int firstPanel,
      int endPanel,
      Start start,
      Target target,
      FloatPool pool) {
    int outFrom = target.from + block.image() * target.imageStride + block.row() * target.rowStride;
    if (windows.length() == 0) {
      for (Part part : parts) {
        for (int p = firstPanel; p < endPanel; p++) {
          start(panels, p, tables, start, target.out, outFrom + part.targetShift);
        }
      }
      return;
    }
    float[] copy = pool.take(Math.max(1, windows.scratchLength()));
    try {
      float[] x = input;
      int xFrom = inputFrom + windows.firstPixel(block) * windows.rowLength;
      if (windows.isDirect()) {
        if (windows.length() <= SHORT_SUM) {
          copy[0] = Prefetch.range(input, xFrom, tables.pixels * windows.rowLength);
          if (endPanel - firstPanel == panels.count) {
            // A panel writes pieces of rows.
            int length = (tables.pixels - 1) * target.rowStride + panels.columns;
            copy[0] += Prefetch.range(target.out, outFrom, length);
          }
        }
      } else {
        windows.fill(block, input, inputFrom, copy);
        x = copy;
        xFrom = 0;
      }
      for (Part part : parts) {
        multiply(
            windows,
            tables,
            x,
            xFrom + part.inputShift,
            part.packed,
            panels,
            firstPanel,
            endPanel,
            start,
            target.out,
            outFrom + part.targetShift);
      }
    } finally {
      pool.give(copy);
    }
  }

  /** The results of some panels for the pixels of the tables, whose first sees x at xFrom. */
  static void multiply(
      Windows windows,
      Tables tables,
      float[] x,
      int xFrom,
      float[] packed,
      Panels panels,
      int firstPanel,
      int endPanel,
      Start start,
      float[] out,
      int outFrom) {
    int stretches = Math.ceilDiv(windows.rowLength, STRETCH);
    // A panel's results stay in the first-level cache until they are done.
    for (int p = firstPanel; p < endPanel; p++) {
      int column = panels.first[p];
      // What the sums begin with: a row for all, or a residual; afterwards, what is there.
      float[] from = out;
      boolean oneRow = false;
      int fromIndex = outFrom + column;
      if (start.residual == null) {
        from = start.bias == null ? ZEROS : start.bias;
        oneRow = true;
        fromIndex = start.bias == null ? 0 : start.biasFrom + column;
      } else if (start.bias == null) {
        from = start.residual;
        fromIndex += start.residualShift;
      } else {
        start(panels, p, tables, start, out, outFrom);
      }
      for (int i = 0; i < windows.rows; i++) {
        for (int s = 0; s < stretches; s++) {
          int begin = (int) ((long) windows.rowLength * s / stretches);
          int length = (int) ((long) windows.rowLength * (s + 1) / stretches) - begin;
          OuterProducts.multiply(
              panels.vectors[p],
              x,
              tables.input,
              xFrom + i * windows.pitch + begin,
              packed,
              panels.packedIndex(p, i * windows.rowLength + begin, windows.length()),
              from,
              oneRow,
              fromIndex,
              out,
              tables.output,
              outFrom + column,
              tables.pixels,
              length,
              panels.last[p]);
          from = out;
          oneRow = false;
          fromIndex = outFrom + column;
        }
      }
    }
  }

  private static void start(
      Panels panels, int panel, Tables tables, Start start, float[] out, int outFrom) {
    for (int v = 0; v < panels.vectors[panel]; v++) {
      int column = panels.first[panel] + v * Lanes.L;
      int lanes = v == panels.vectors[panel] - 1 ? panels.last[panel] : Lanes.L;
      if (start.residual == null) {
        fill(
            start.bias,
            start.biasFrom + column,
            out,
            tables.output,
            outFrom + column,
            tables.pixels,
            lanes);
      } else if (start.bias != null || start.residual != out || start.residualShift != 0) {
        add(
            start.bias,
            start.biasFrom + column,
            start.residual,
            start.residualShift,
            out,
            tables.output,
            outFrom + column,
            tables.pixels,
            lanes);
      }
    }
  }

  private static void fill(
      float @Nullable [] bias,
      int biasFrom,
      float[] out,
      int[] outBase,
      int outFrom,
      int pixels,
      int lanes) {
    VectorMask<Float> mask = F.indexInRange(0, lanes);
    FloatVector value =
        bias == null ? FloatVector.zero(F) : FloatVector.fromArray(F, bias, biasFrom, mask);
    for (int p = 0; p < pixels; p++) {
      value.intoArray(out, outBase[p] + outFrom, mask);
    }
  }

  private static void add(
      float @Nullable [] bias,
      int biasFrom,
      float[] residual,
      int residualShift,
      float[] out,
      int[] outBase,
      int outFrom,
      int pixels,
      int lanes) {
    VectorMask<Float> mask = F.indexInRange(0, lanes);
    // Adding negative zero leaves every number as it is, even negative zero.
    FloatVector value =
        bias == null
            ? FloatVector.broadcast(F, -0.0f)
            : FloatVector.fromArray(F, bias, biasFrom, mask);
    for (int p = 0; p < pixels; p++) {
      int o = outBase[p] + outFrom;
      FloatVector.fromArray(F, residual, o + residualShift, mask)
          .add(value)
          .intoArray(out, o, mask);
    }
  }
}
