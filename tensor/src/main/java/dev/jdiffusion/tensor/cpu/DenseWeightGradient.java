package dev.jdiffusion.tensor.cpu;

import static dev.jdiffusion.tensor.cpu.Lanes.F;
import static dev.jdiffusion.tensor.cpu.Lanes.L;

import dev.jdiffusion.tensor.cpu.OuterProducts.Panels;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import org.jspecify.annotations.Nullable;

/**
 * Gradients of dense weights: for each weight the sum over all pixels of input times dOut.
 *
 * <p>The blocks of {@link Windows} are divided into groups, whose number depends on the shape
 * alone. Each group has a partial sum of its own, and these are added in order; so the result does
 * not depend on the number of threads. Within a group each weight is one chain of multiply-adds in
 * the order of the pixels.
 */
final class DenseWeightGradient {
  /**
   * Pixels at a time: their columns of dOut and what they see of the input fit the first-level
   * cache.
   */
  private static final int STRETCH = 112;

  /** Likewise where dOut has few columns: the sums of all weights then stay in that cache too. */
  private static final int SHORT_STRETCH = 64;

  /** The same at every vector width, since sums of the bias depend on how pixels are divided. */
  private static final int FEW_COLUMNS = 4 * Lanes.LOGICAL;

  private static final int MOST_GROUPS = 16;

  /** Bounds the memory of all partial sums, in floats. */
  private static final int MOST_PARTIALS = 8 << 20;

  /** Fewer pixels than this do not pay for a partial sum of their own. */
  private static final int PIXELS_PER_GROUP = 784;

  private DenseWeightGradient() {}

  /**
   * A matrix with a row of {@code panels.columns} elements for each pixel or weight.
   *
   * @param from index of the first element
   * @param pitch from row to row
   */
  record Rows(float[] array, int from, int pitch) {}

  static void run(
      Windows windows,
      float[] input,
      int inputFrom,
      Rows dOut,
      Panels panels,
      Rows dWeight,
      float @Nullable [] dBias,
      int dBiasFrom,
      @Nullable PointwiseInputGradient inputGradient,
      Workers workers,
      FloatPool pool) {
    if (windows.blocks == 0) {
      return;
    }
    Layout layout = new Layout(windows, panels);
    int groups = groups(windows, panels.columns);
    float[][] partials = new float[groups][];
    for (int g = 0; g < groups; g++) {
      partials[g] = pool.take(layout.length);
    }
    Windows.Block last = windows.block(windows.blocks - 1);
    int[] full = windows.inputTable(windows.block(0));
    int fullPixels = windows.pixels(windows.block(0));
    int[] rest = windows.pixels(last) == fullPixels ? full : windows.inputTable(last);
    int splits = DenseProduct.splits(groups, panels.count, workers.threads());
    long work = (long) windows.pixels() * panels.columns * windows.length();
    try {
      workers.run(
          groups * splits,
          work,
          task -> {
            int group = task / splits;
            int split = task % splits;
            float[] partial = partials[group];
            layout.clear(
                partial, layout.firstPanel(split, splits), layout.firstPanel(split + 1, splits));
            float[] copy = pool.take(Math.max(1, windows.scratchLength()));
            float[] packed = pool.take(STRETCH * OuterProducts.WIDEST * L);
            try {
              int end = (int) ((long) windows.blocks * (group + 1) / groups);
              for (int b = (int) ((long) windows.blocks * group / groups); b < end; b++) {
                Windows.Block block = windows.block(b);
                int[] table = windows.pixels(block) == fullPixels ? full : rest;
                float[] x = input;
                int xFrom = inputFrom + windows.firstPixel(block) * windows.rowLength;
                if (!windows.isDirect()) {
                  windows.fill(block, input, inputFrom, copy);
                  x = copy;
                  xFrom = 0;
                }
                block(
                    windows,
                    block,
                    table,
                    x,
                    xFrom,
                    dOut,
                    layout,
                    split,
                    splits,
                    partial,
                    packed,
                    dBias != null,
                    inputGradient);
              }
            } finally {
              pool.give(packed);
              pool.give(copy);
            }
          });
      int grain = Math.max(1, (1 << 14) / panels.paddedColumns());
      workers.forRanges(
          windows.length(),
          grain,
          (long) groups * layout.length,
          (first, end) -> {
            for (int k = first; k < end; k++) {
              layout.reduce(partials, k, dWeight);
            }
          });
      if (dBias != null) {
        addBias(partials, layout.biasFrom, panels.columns, dBias, dBiasFrom);
      }
    } finally {
      for (float[] partial : partials) {
        pool.give(partial);
      }
    }
  }

  private static int groups(Windows windows, int columns) {
    long byMemory = MOST_PARTIALS / ((long) windows.length() * columns);
    long wanted = Math.min(windows.pixels() / PIXELS_PER_GROUP, byMemory);
    return Math.clamp(wanted, 1, Math.min(MOST_GROUPS, windows.blocks));
  }

  /**
   * Where a partial sum keeps what: panel by panel, each row of the window rounded up to whole
   * tiles; then the bias.
   */
  private static final class Layout {
    private final Windows windows;
    private final Panels panels;
    private final int[] panelFrom;
    private final int[] rowCapacity;
    private final int biasFrom;
    private final int length;

    Layout(Windows windows, Panels panels) {
      this.windows = windows;
      this.panels = panels;
      panelFrom = new int[panels.count + 1];
      rowCapacity = new int[panels.count];
      for (int p = 0; p < panels.count; p++) {
        int tile = OuterProducts.rows(panels.vectors[p]);
        rowCapacity[p] = Math.ceilDiv(windows.rowLength, tile) * tile;
        panelFrom[p + 1] = panelFrom[p] + windows.rows * rowCapacity[p] * panels.vectors[p] * L;
      }
      biasFrom = panelFrom[panels.count];
      length = biasFrom + panels.paddedColumns();
    }

    /** Of one of several shares of the panels; it ends where the next begins. */
    int firstPanel(int split, int splits) {
      return panels.count * split / splits;
    }

    void clear(float[] partial, int firstPanel, int endPanel) {
      Arrays.fill(partial, panelFrom[firstPanel], panelFrom[endPanel], 0);
      int endColumn = endPanel == panels.count ? panels.paddedColumns() : panels.first[endPanel];
      Arrays.fill(partial, biasFrom + panels.first[firstPanel], biasFrom + endColumn, 0);
    }

    int index(int panel, int row, int k) {
      return panelFrom[panel] + (row * rowCapacity[panel] + k) * panels.vectors[panel] * L;
    }

    /** Adds row k of all partial sums to the gradient. */
    void reduce(float[][] partials, int k, Rows dWeight) {
      int row = k / windows.rowLength;
      int column = k % windows.rowLength;
      for (int p = 0; p < panels.count; p++) {
        int from = index(p, row, column);
        for (int v = 0; v < panels.vectors[p]; v++) {
          int lanes = v == panels.vectors[p] - 1 ? panels.last[p] : L;
          int to = dWeight.from + k * dWeight.pitch + panels.first[p] + v * L;
          sum(partials, from + v * L, dWeight.array, to, lanes);
        }
      }
    }
  }

  private static void sum(float[][] partials, int from, float[] target, int to, int lanes) {
    VectorMask<Float> mask = F.indexInRange(0, lanes);
    FloatVector sum = FloatVector.fromArray(F, partials[0], from);
    for (int g = 1; g < partials.length; g++) {
      sum = sum.add(FloatVector.fromArray(F, partials[g], from));
    }
    FloatVector.fromArray(F, target, to, mask).add(sum).intoArray(target, to, mask);
  }

  private static void block(
      Windows windows,
      Windows.Block block,
      int[] table,
      float[] x,
      int xFrom,
      Rows dOut,
      Layout layout,
      int split,
      int splits,
      float[] partial,
      float[] packed,
      boolean withBias,
      @Nullable PointwiseInputGradient inputGradient) {
    Panels panels = layout.panels;
    int firstPanel = layout.firstPanel(split, splits);
    int endPanel = layout.firstPanel(split + 1, splits);
    int pixels = windows.pixels(block);
    boolean few = panels.columns <= FEW_COLUMNS;
    int most = few ? SHORT_STRETCH : STRETCH;
    int stretches = Math.ceilDiv(pixels, most);
    if (few) {
      // Little enough to be fetched in one go, which is faster.
      int dFrom = dOut.from + windows.firstPixel(block) * dOut.pitch;
      packed[0] = Prefetch.range(dOut.array, dFrom, (pixels - 1) * dOut.pitch + panels.columns);
      if (windows.isDirect()) {
        packed[1] = Prefetch.range(x, xFrom, pixels * windows.rowLength);
      }
      if (inputGradient != null) {
        packed[2] = inputGradient.share(dOut, windows.firstPixel(block), pixels, split, splits);
      }
    }
    for (int s = 0; s < stretches; s++) {
      int begin = (int) ((long) pixels * s / stretches);
      int count = (int) ((long) pixels * (s + 1) / stretches) - begin;
      int dFrom = dOut.from + (windows.firstPixel(block) + begin) * dOut.pitch;
      if (!few) {
        packed[0] = Prefetch.range(dOut.array, dFrom, (count - 1) * dOut.pitch + panels.columns);
        if (windows.isDirect()) {
          packed[1] = Prefetch.range(x, xFrom + table[begin], count * windows.rowLength);
        }
        if (inputGradient != null) {
          packed[2] =
              inputGradient.share(dOut, windows.firstPixel(block) + begin, count, split, splits);
        }
      }
      for (int p = firstPanel; p < endPanel; p++) {
        int vectors = panels.vectors[p];
        float[] d = dOut.array;
        int dAt = dFrom + panels.first[p];
        if (dOut.pitch != vectors * L) {
          for (int v = 0; v < vectors; v++) {
            pack(d, dAt + v * L, dOut.pitch, count, packed, v * L, vectors * L);
          }
          d = packed;
          dAt = 0;
        }
        if (withBias) {
          for (int v = 0; v < vectors; v++) {
            sumColumns(
                d,
                dAt + v * L,
                vectors * L,
                count,
                partial,
                layout.biasFrom + panels.first[p] + v * L);
          }
        }
        for (int i = 0; i < windows.rows; i++) {
          OuterProducts.gradient(
              vectors,
              x,
              table,
              xFrom + i * windows.pitch,
              begin,
              count,
              d,
              dAt,
              partial,
              layout.index(p, i, 0),
              windows.rowLength);
        }
      }
    }
  }

  private static void pack(
      float[] d, int from, int pitch, int pixels, float[] packed, int to, int packedPitch) {
    for (int p = 0; p < pixels; p++) {
      FloatVector.fromArray(F, d, from + p * pitch).intoArray(packed, to + p * packedPitch);
    }
  }

  /** Adds up the groups' sums of the bias, in order, and adds what they come to. */
  static void addBias(float[][] partials, int from, int columns, float[] dBias, int dBiasFrom) {
    for (int column = 0; column < columns; column++) {
      float sum = partials[0][from + column];
      for (int g = 1; g < partials.length; g++) {
        sum += partials[g][from + column];
      }
      dBias[dBiasFrom + column] += sum;
    }
  }

  /** Adds up a vector of columns, in four chains: one would wait for every addition. */
  static void sumColumns(float[] d, int from, int pitch, int pixels, float[] bias, int biasFrom) {
    FloatVector s0 = FloatVector.fromArray(F, bias, biasFrom);
    FloatVector s1 = FloatVector.zero(F);
    FloatVector s2 = FloatVector.zero(F);
    FloatVector s3 = FloatVector.zero(F);
    int blocked = pixels & -4;
    for (int p = 0; p < blocked; p += 4) {
      int k = from + p * pitch;
      s0 = s0.add(FloatVector.fromArray(F, d, k));
      s1 = s1.add(FloatVector.fromArray(F, d, k + pitch));
      s2 = s2.add(FloatVector.fromArray(F, d, k + 2 * pitch));
      s3 = s3.add(FloatVector.fromArray(F, d, k + 3 * pitch));
    }
    for (int p = blocked; p < pixels; p++) {
      s0 = s0.add(FloatVector.fromArray(F, d, from + p * pitch));
    }
    s0.add(s1).add(s2.add(s3)).intoArray(bias, biasFrom);
  }
}
