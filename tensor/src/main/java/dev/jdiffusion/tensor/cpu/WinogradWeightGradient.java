package dev.jdiffusion.tensor.cpu;

import static dev.jdiffusion.tensor.cpu.Lanes.L;
import static dev.jdiffusion.tensor.cpu.WinogradPlan.GAP;
import static dev.jdiffusion.tensor.cpu.WinogradPlan.PLANES;
import static dev.jdiffusion.tensor.cpu.WinogradPlan.TILE;
import static dev.jdiffusion.tensor.cpu.WinogradTransforms.HALF_WINDOW;
import static dev.jdiffusion.tensor.cpu.WinogradTransforms.POINTS;

import dev.jdiffusion.tensor.cpu.OuterProducts.Panels;
import dev.jdiffusion.tensor.cpu.WinogradPlan.TransformedTiles;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Gradients of 3x3 weights by minimal filtering: the transposed formula of {@link
 * WinogradConvolution}. Tiles of the input and of dOut are transformed, multiplied and summed over
 * all tiles plane by plane, and only the sums are transformed back.
 *
 * <p>Blocks of tiles are divided into groups, whose number depends on the shape alone; each has a
 * partial sum, and these are added in order. So the result does not depend on the number of
 * threads.
 */
final class WinogradWeightGradient {
  /** Tiles of a block: of fewer, sums come and go more often, of more, the tiles themselves. */
  private static final int TILES = 72;

  private static final int MOST_GROUPS = 16;

  /** Bounds the memory of all partial sums, in floats. */
  private static final int MOST_PARTIALS = 8 << 20;

  /** Fewer tiles than this do not pay for a partial sum of their own. */
  private static final int TILES_PER_GROUP = 49;

  /** From so many floats on, a partial sum comes from memory each time rather than from a cache. */
  private static final int LARGE = 1 << 18;

  /** Of large sums there are more than this only if each has {@link #TILES_PER_LARGE_GROUP}. */
  private static final int LARGE_GROUPS = 4;

  private static final int TILES_PER_LARGE_GROUP = 256;

  /** Rows of a panel that are added up at a time: they stay in the first-level cache. */
  private static final int ROWS_OF_RUN = 32;

  /**
   * With no more tiles than this part of the weights, a slice of the sums is taken over all of them
   * and transformed back at once: partial sums, four times as many as the weights, would go to
   * memory and back for little.
   */
  private static final int WEIGHTS_PER_TILE = 128;

  /** Bounds the memory of all transformed tiles. */
  private static final int FEW_TILES = 512;

  /** Inputs of a slice: whole tiles of most kernels. */
  private static final int SLICE = 48;

  private final Workers workers;
  private final FloatPool pool;

  WinogradWeightGradient(Workers workers, FloatPool pool) {
    this.workers = workers;
    this.pool = pool;
  }

  /** Adds the gradients of the weights (tap, input, output), and of the bias. */
  void run(
      WinogradPlan plan,
      float[] input,
      int inputFrom,
      float[] dOut,
      int dOutFrom,
      Panels panels,
      float[] dWeight,
      int dWeightFrom,
      float @Nullable [] dBias,
      int dBiasFrom) {
    if (plan.tiles() <= Math.min(FEW_TILES, plan.inputs() * plan.outputs() / WEIGHTS_PER_TILE)) {
      runFew(
          plan, input, inputFrom, dOut, dOutFrom, panels, dWeight, dWeightFrom, dBias, dBiasFrom);
      return;
    }
    int rows = plan.tileRows();
    int columns = plan.tileColumns();
    // Independent of the threads, as is the number of groups: sums are taken block by block.
    int blockRows = plan.blockRows(TILES, 1);
    int blocks = Math.ceilDiv(rows, blockRows);
    int most = blockRows * columns;
    TransformedTiles in = TransformedTiles.of(most, plan.inputs());
    int[] inTable = in.table();
    Sums sums = Sums.of(plan.inputs(), panels);
    int groups = groups(plan, blocks);
    float[][] partials = new float[groups][];
    for (int g = 0; g < groups; g++) {
      partials[g] = pool.take(sums.length());
    }
    int splits = DenseProduct.splits(groups, panels.count, workers.threads());
    try {
      workers.run(
          groups * splits,
          plan.work(),
          task -> {
            int group = task / splits;
            int firstPanel = panels.count * (task % splits) / splits;
            int endPanel = panels.count * (task % splits + 1) / splits;
            float[] partial = partials[group];
            sums.clear(partial, firstPanel, endPanel);
            float[] transformed = pool.take(in.length());
            float[] gradients = pool.take(PLANES * gradientPlane(most, panels));
            float[] strip = pool.take(plan.stripLength());
            int end = (int) ((long) blocks * (group + 1) / groups);
            for (int b = (int) ((long) blocks * group / groups); b < end; b++) {
              int firstRow = b * blockRows;
              int endRow = Math.min(firstRow + blockRows, rows);
              if (endPanel - firstPanel == panels.count) {
                gradients[0] = plan.fetchResults(firstRow, endRow, dOut, dOutFrom);
              }
              for (int row = firstRow; row < endRow; row++) {
                int tile = (row - firstRow) * columns;
                plan.transform(row, input, inputFrom, strip, in, transformed, tile * in.pitch());
                transformGradients(
                    plan,
                    row,
                    dOut,
                    dOutFrom,
                    strip,
                    panels,
                    firstPanel,
                    endPanel,
                    most,
                    gradients,
                    tile,
                    partial,
                    sums.biasFrom());
              }
              accumulate(
                  (endRow - firstRow) * columns,
                  transformed,
                  in,
                  inTable,
                  gradients,
                  most,
                  sums,
                  firstPanel,
                  endPanel,
                  partial);
            }
            pool.give(strip);
            pool.give(gradients);
            pool.give(transformed);
          });
      workers.run(
          panels.count * sums.runs(),
          (long) groups * sums.length(),
          task -> {
            float[] half = pool.take(HALF_WINDOW);
            sums.finish(
                task / sums.runs(),
                task % sums.runs(),
                partials,
                half,
                dWeight,
                dWeightFrom,
                plan.outputs());
            pool.give(half);
          });
      if (dBias != null) {
        DenseWeightGradient.addBias(partials, sums.biasFrom(), panels.columns, dBias, dBiasFrom);
      }
    } finally {
      for (float[] partial : partials) {
        pool.give(partial);
      }
    }
  }

  /** All tiles at once, and the sums a slice of inputs and a panel of outputs at a time. */
  private void runFew(
      WinogradPlan plan,
      float[] input,
      int inputFrom,
      float[] dOut,
      int dOutFrom,
      Panels panels,
      float[] dWeight,
      int dWeightFrom,
      float @Nullable [] dBias,
      int dBiasFrom) {
    int tiles = plan.tiles();
    int rows = plan.tileRows();
    int columns = plan.tileColumns();
    int inputs = plan.inputs();
    TransformedTiles in = TransformedTiles.of(tiles, inputs);
    int[] inTable = in.table();
    float[] transformed = pool.take(in.length());
    float[] gradients = pool.take(PLANES * gradientPlane(tiles, panels));
    float[][] biases = new float[rows][];
    for (int row = 0; row < rows; row++) {
      biases[row] = pool.take(panels.paddedColumns());
    }
    workers.run(
        rows,
        plan.work(),
        row -> {
          float[] strip = pool.take(plan.stripLength());
          int tile = row * columns;
          plan.transform(row, input, inputFrom, strip, in, transformed, tile * in.pitch());
          Arrays.fill(biases[row], 0, panels.paddedColumns(), 0f);
          transformGradients(
              plan,
              row,
              dOut,
              dOutFrom,
              strip,
              panels,
              0,
              panels.count,
              tiles,
              gradients,
              tile,
              biases[row],
              0);
          pool.give(strip);
        });
    int slices = Math.ceilDiv(inputs, SLICE);
    workers.run(
        panels.count * slices,
        plan.work(),
        task -> {
          int p = task / slices;
          int begin = task % slices * SLICE;
          int length = Math.min(SLICE, inputs - begin);
          int width = panels.vectors[p] * L;
          // Whole tiles of the kernel.
          int plane = (length + OuterProducts.OVERHANG) * width + GAP;
          float[] sums = pool.take(PLANES * plane);
          float[] half = pool.take(HALF_WINDOW);
          Arrays.fill(sums, 0, PLANES * plane, 0f);
          for (int i = 0; i < PLANES; i++) {
            OuterProducts.gradient(
                panels.vectors[p],
                transformed,
                inTable,
                i * in.size() + begin,
                0,
                tiles,
                gradients,
                i * gradientPlane(tiles, panels) + tiles * panels.first[p],
                sums,
                i * plane,
                length);
          }
          addFilterGradients(
              sums,
              0,
              plane,
              panels,
              p,
              length,
              half,
              dWeight,
              dWeightFrom + begin * plan.outputs(),
              inputs * plan.outputs(),
              plan.outputs());
          pool.give(half);
          pool.give(sums);
        });
    if (dBias != null) {
      DenseWeightGradient.addBias(biases, 0, panels.columns, dBias, dBiasFrom);
    }
    for (float[] bias : biases) {
      pool.give(bias);
    }
    pool.give(gradients);
    pool.give(transformed);
  }

  /** How many partial sums there are. */
  private static int groups(WinogradPlan plan, int blocks) {
    // Without what rounds it up to whole vectors: their width must not matter.
    long length = (long) PLANES * plan.inputs() * plan.outputs();
    long wanted = Math.min(plan.tiles() / TILES_PER_GROUP, MOST_PARTIALS / length);
    if (length >= LARGE) {
      int large = Math.max(LARGE_GROUPS, plan.tiles() / TILES_PER_LARGE_GROUP);
      wanted = Math.min(wanted, large);
    }
    return Math.clamp(wanted, 1, Math.min(MOST_GROUPS, blocks));
  }

  private static int gradientPlane(int tiles, Panels panels) {
    return tiles * panels.paddedColumns() + GAP;
  }

  /**
   * A row of tiles of dOut to planes of panels: element (plane, panel, tile, column). Its pixels
   * are added to the bias's gradients on the way.
   */
  private static void transformGradients(
      WinogradPlan plan,
      int row,
      float[] dOut,
      int dOutFrom,
      float[] strip,
      Panels panels,
      int firstPanel,
      int endPanel,
      int most,
      float[] gradients,
      int tile,
      float[] bias,
      int biasFrom) {
    int channels = plan.outputs();
    int pixelRow = plan.outColumns() * channels;
    int seen = TILE * plan.tileColumns() * channels + L;
    int rows = plan.resultRows(row);
    int from = dOutFrom + plan.resultPixel(row) * channels;
    int copy = POINTS * seen;
    boolean copied =
        WinogradPlan.copyBorder(dOut, from, pixelRow, 0, TILE, rows, strip, copy, seen);
    float[] y = copied ? strip : dOut;
    int yFrom = copied ? copy : from;
    int distance = copied ? seen : pixelRow;
    WinogradTransforms.outputGradient(y, yFrom, distance, 0, strip, 0, seen, 0, pixelRow, 1);
    for (int i = 0; i < POINTS; i++) {
      Arrays.fill(strip, i * seen + pixelRow, (i + 1) * seen, 0f);
    }
    int plane = gradientPlane(most, panels);
    for (int p = firstPanel; p < endPanel; p++) {
      int width = panels.vectors[p] * L;
      int first = panels.first[p];
      for (int i = 0; i < POINTS; i++) {
        WinogradTransforms.outputGradient(
            strip,
            i * seen + first,
            channels,
            TILE * channels,
            gradients,
            i * POINTS * plane + most * first + tile * width,
            plane,
            width,
            width - L + panels.last[p],
            plan.tileColumns());
      }
      for (int i = 0; i < rows; i++) {
        for (int c = first; c < first + width; c += L) {
          DenseWeightGradient.sumColumns(
              y, yFrom + i * distance + c, channels, plan.outColumns(), bias, biasFrom + c);
        }
      }
    }
  }

  private static void accumulate(
      int tiles,
      float[] transformed,
      TransformedTiles in,
      int[] inTable,
      float[] gradients,
      int most,
      Sums sums,
      int firstPanel,
      int endPanel,
      float[] partial) {
    Panels panels = sums.panels;
    for (int plane = 0; plane < PLANES; plane++) {
      for (int p = firstPanel; p < endPanel; p++) {
        int gradientFrom = plane * gradientPlane(most, panels) + most * panels.first[p];
        OuterProducts.gradient(
            panels.vectors[p],
            transformed,
            inTable,
            plane * in.size(),
            0,
            tiles,
            gradients,
            gradientFrom,
            partial,
            sums.index(plane, p),
            sums.inputs);
      }
    }
  }

  /**
   * A partial sum of gradients: for each plane and panel a row for each input, rounded up to whole
   * tiles of the kernel; then the bias.
   */
  private record Sums(int inputs, Panels panels, int[] panelFrom) {
    static Sums of(int inputs, Panels panels) {
      int[] from = new int[panels.count + 1];
      for (int p = 0; p < panels.count; p++) {
        int tile = OuterProducts.rows(panels.vectors[p]);
        int rows = Math.ceilDiv(inputs, tile) * tile;
        from[p + 1] = from[p] + rows * panels.vectors[p] * L;
      }
      return new Sums(inputs, panels, from);
    }

    private int plane() {
      return panelFrom[panels.count];
    }

    int index(int plane, int panel) {
      return plane * plane() + panelFrom[panel];
    }

    int biasFrom() {
      return PLANES * plane();
    }

    int length() {
      return biasFrom() + panels.paddedColumns();
    }

    void clear(float[] partial, int firstPanel, int endPanel) {
      for (int plane = 0; plane < PLANES; plane++) {
        int from = plane * plane();
        Arrays.fill(partial, from + panelFrom[firstPanel], from + panelFrom[endPanel], 0);
      }
      int endColumn = endPanel == panels.count ? panels.paddedColumns() : panels.first[endPanel];
      Arrays.fill(partial, biasFrom() + panels.first[firstPanel], biasFrom() + endColumn, 0);
    }

    /** Into how many runs the rows of a panel are divided. */
    int runs() {
      return Math.ceilDiv(inputs, ROWS_OF_RUN);
    }

    /** Adds up the partial sums of a run, in order, and adds what they come to. */
    void finish(
        int panel,
        int run,
        float[][] partials,
        float[] half,
        float[] dWeight,
        int dWeightFrom,
        int outputs) {
      int row = run * ROWS_OF_RUN;
      int rows = Math.min(inputs - row, ROWS_OF_RUN);
      float[] total = partials[0];
      int width = panels.vectors[panel] * L;
      for (int plane = 0; plane < PLANES; plane++) {
        int at = index(plane, panel) + row * width;
        for (int g = 1; g < partials.length; g++) {
          ArithmeticLoops.add(total, at, partials[g], at, total, at, rows * width);
        }
      }
      addFilterGradients(
          total,
          index(0, panel) + row * width,
          plane(),
          panels,
          panel,
          rows,
          half,
          dWeight,
          dWeightFrom + row * outputs,
          inputs * outputs,
          outputs);
    }
  }

  /**
   * Transforms the sums of some inputs of a panel back and adds them to the weights' gradients.
   *
   * @param plane distance of the sums' planes
   * @param half scratch
   * @param to where the gradients of the first input begin
   * @param tap distance of the window's weights
   */
  private static void addFilterGradients(
      float[] sums,
      int from,
      int plane,
      Panels panels,
      int panel,
      int rows,
      float[] half,
      float[] dWeight,
      int to,
      int tap,
      int outputs) {
    int width = panels.vectors[panel] * L;
    for (int v = 0; v < width; v += L) {
      int lanes = v == width - L ? panels.last[panel] : L;
      int first = to + panels.first[panel] + v;
      for (int r = 0; r < rows; r++) {
        Arrays.fill(half, 0, HALF_WINDOW, 0f);
        WinogradTransforms.filterGradient(
            sums, from + r * width + v, POINTS * plane, plane, half, 0, POINTS * L, L, L, POINTS);
        WinogradTransforms.filterGradient(
            half, 0, L, POINTS * L, dWeight, first + r * outputs, tap, 3 * tap, lanes, 3);
      }
    }
  }
}
