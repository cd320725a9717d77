package dev.jdiffusion.tensor.cpu;

import static dev.jdiffusion.tensor.cpu.Lanes.L;
import static dev.jdiffusion.tensor.cpu.WinogradPlan.GAP;
import static dev.jdiffusion.tensor.cpu.WinogradPlan.PLANES;

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
  /** The plane whose gradients are the sums of the 2x2 pixels. */
  private static final int SUM_PLANE = 5;

  private static final int MOST_GROUPS = 16;

  /** Bounds the memory of all partial sums, in floats. */
  private static final int MOST_PARTIALS = 8 << 20;

  /** Fewer tiles than this do not pay for a partial sum of their own. */
  private static final int TILES_PER_GROUP = 196;

  /** From so many floats on, a partial sum comes from memory each time rather than from a cache. */
  private static final int LARGE = 1 << 18;

  /** Of large sums there are more than this only if each has {@link #TILES_PER_LARGE_GROUP}. */
  private static final int LARGE_GROUPS = 4;

  private static final int TILES_PER_LARGE_GROUP = 512;

  /** Rows of a panel that are added up at a time: they stay in the first-level cache. */
  private static final int ROWS_OF_RUN = 32;

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
    Windows tiles = plan.tiles(1);
    int most = tiles.pixels(tiles.block(0));
    TransformedTiles in = TransformedTiles.of(most, plan.inputs());
    int[] inTable = in.table();
    Sums sums = Sums.of(plan.inputs(), panels);
    int groups = groups(tiles, (long) PLANES * plan.inputs() * plan.outputs());
    float[][] partials = new float[groups][];
    for (int g = 0; g < groups; g++) {
      partials[g] = pool.take(sums.length());
    }
    int splits = DenseProduct.splits(groups, panels.count, workers.threads());
    try {
      workers.run(
          groups * splits,
          (long) tiles.pixels() * PLANES * plan.inputs() * plan.outputs(),
          task -> {
            int group = task / splits;
            int firstPanel = panels.count * (task % splits) / splits;
            int endPanel = panels.count * (task % splits + 1) / splits;
            float[] partial = partials[group];
            sums.clear(partial, firstPanel, endPanel);
            float[] transformed = pool.take(in.length());
            float[] gradients = pool.take(PLANES * gradientPlane(most, panels));
            try {
              int end = (int) ((long) tiles.blocks * (group + 1) / groups);
              for (int b = (int) ((long) tiles.blocks * group / groups); b < end; b++) {
                Windows.Block block = tiles.block(b);
                plan.transform(tiles, block, input, inputFrom, in, transformed, pool);
                transformGradients(
                    plan, block, dOut, dOutFrom, panels, firstPanel, endPanel, most, gradients);
                accumulate(
                    tiles.pixels(block),
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
            } finally {
              pool.give(gradients);
              pool.give(transformed);
            }
          });
      workers.run(
          panels.count * sums.runs(),
          (long) groups * sums.length(),
          task ->
              sums.finish(
                  task / sums.runs(),
                  task % sums.runs(),
                  partials,
                  dWeight,
                  dWeightFrom,
                  plan.outputs()));
      if (dBias != null) {
        DenseWeightGradient.addBias(partials, sums.biasFrom(), panels.columns, dBias, dBiasFrom);
      }
    } finally {
      for (float[] partial : partials) {
        pool.give(partial);
      }
    }
  }

  /**
   * How many partial sums there are.
   *
   * @param length of one, without what rounds it up to whole vectors: their width must not matter
   */
  private static int groups(Windows tiles, long length) {
    long wanted = Math.min(tiles.pixels() / TILES_PER_GROUP, MOST_PARTIALS / length);
    if (length >= LARGE) {
      int large = Math.max(LARGE_GROUPS, tiles.pixels() / TILES_PER_LARGE_GROUP);
      wanted = Math.min(wanted, large);
    }
    return Math.clamp(wanted, 1, Math.min(MOST_GROUPS, tiles.blocks));
  }

  private static int gradientPlane(int tiles, Panels panels) {
    return tiles * panels.paddedColumns() + GAP;
  }

  /** Tiles of dOut to planes of panels: element (plane, panel, tile, column). */
  private static void transformGradients(
      WinogradPlan plan,
      Windows.Block block,
      float[] dOut,
      int dOutFrom,
      Panels panels,
      int firstPanel,
      int endPanel,
      int most,
      float[] gradients) {
    int channels = plan.outputs();
    int pixelRow = plan.outColumns() * channels;
    int whole = plan.outColumns() / 2;
    int plane = gradientPlane(most, panels);
    if (endPanel - firstPanel == panels.count) {
      gradients[0] = plan.fetchResults(block, dOut, dOutFrom);
    }
    int tile = 0;
    for (int n = 0; n < block.images(); n++) {
      for (int y = 0; y < block.rows(); y++) {
        int row = 2 * (block.row() + y);
        boolean lower = row + 1 < plan.outRows();
        int at = dOutFrom + ((block.image() + n) * plan.outRows() + row) * pixelRow;
        for (int p = firstPanel; p < endPanel; p++) {
          int width = panels.vectors[p] * L;
          for (int v = 0; v < panels.vectors[p]; v++) {
            int lanes = v == panels.vectors[p] - 1 ? panels.last[p] : L;
            int from = at + panels.first[p] + v * L;
            int to = most * panels.first[p] + tile * width + v * L;
            WinogradTransforms.outputGradient(
                dOut,
                from,
                lower ? pixelRow : 0,
                channels,
                lower,
                true,
                2 * channels,
                gradients,
                to,
                plane,
                width,
                whole,
                lanes);
            if (whole < plan.tileColumns()) {
              WinogradTransforms.outputGradient(
                  dOut,
                  from + 2 * whole * channels,
                  lower ? pixelRow : 0,
                  0,
                  lower,
                  false,
                  0,
                  gradients,
                  to + whole * width,
                  plane,
                  0,
                  1,
                  lanes);
            }
          }
        }
        tile += plan.tileColumns();
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
        if (plane == SUM_PLANE) {
          for (int v = 0; v < panels.vectors[p]; v++) {
            DenseWeightGradient.sumColumns(
                gradients,
                gradientFrom + v * L,
                panels.vectors[p] * L,
                tiles,
                partial,
                sums.biasFrom() + panels.first[p] + v * L);
          }
        }
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
        int rows = (inputs + tile - 1) / tile * tile;
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
      return (inputs + ROWS_OF_RUN - 1) / ROWS_OF_RUN;
    }

    /** Adds up the partial sums of a run, in order, and adds what they come to. */
    void finish(
        int panel, int run, float[][] partials, float[] dWeight, int dWeightFrom, int outputs) {
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
      for (int v = 0; v < panels.vectors[panel]; v++) {
        WinogradTransforms.filterGradient(
            total,
            index(0, panel) + row * width + v * L,
            plane(),
            width,
            dWeight,
            dWeightFrom + row * outputs + panels.first[panel] + v * L,
            inputs * outputs,
            outputs,
            rows,
            v == panels.vectors[panel] - 1 ? panels.last[panel] : L);
      }
    }
  }
}
