package dev.jdiffusion.tensor.cpu;

import static dev.jdiffusion.tensor.cpu.Lanes.L;
import static dev.jdiffusion.tensor.cpu.OuterProducts.OVERHANG;

import dev.jdiffusion.tensor.cpu.OuterProducts.Panels;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Convolutions with windows of 3x3 and stride 1 by minimal filtering, F(2x2, 3x3): tiles of 4x4
 * pixels and the weights are {@link WinogradTransforms transformed}, multiplied element by element,
 * which is one matrix product over the channels for each of the 16 elements, and transformed back
 * to 2x2 results. That takes 16 multiply-adds for what takes 36 directly.
 *
 * <p>The transforms only add and halve, so the error stays near that of a direct sum (below 1e-5 of
 * the largest result). Each element is computed in one fixed order, whatever the vector width or
 * the number of threads. A block of tiles goes through all stages while it is in the second-level
 * cache.
 */
final class WinogradConvolution {
  private static final int PLANES = 16;

  /**
   * Floats between two planes: one cache line, lest the same element of all planes lie in the same
   * set of the cache.
   */
  private static final int GAP = 16;

  /** Tiles of a block; more where the weights come from beyond the second-level cache. */
  private static final int TILES = 110;

  private static final int TILES_OF_MANY_CHANNELS = 200;

  private static final int MANY_CHANNELS = 128 * 128;

  /** The plane whose gradients are the sums of the 2x2 pixels. */
  private static final int SUM_PLANE = 5;

  /** Channels from which on the products outweigh the transforms. */
  private static final int LEAST_CHANNELS = 16;

  private static final int MOST_GROUPS = 16;

  /** Bounds the memory of all partial sums of a gradient, in floats. */
  private static final int MOST_PARTIALS = 8 << 20;

  /** Fewer tiles than this do not pay for a partial sum of their own. */
  private static final int TILES_PER_GROUP = 196;

  private final Workers workers;
  private final FloatPool pool;

  WinogradConvolution(Workers workers, FloatPool pool) {
    this.workers = workers;
    this.pool = pool;
  }

  /**
   * A convolution of {@code images} pictures with 3x3 windows.
   *
   * @param padding 0 to 2 rows and columns of zeros on each side
   */
  record Plan(
      int images,
      int height,
      int width,
      int inputs,
      int outputs,
      int padding,
      int outRows,
      int outColumns) {

    /** Whether this way is the faster one. */
    static boolean pays(int inputs, int outputs, int outRows, int outColumns) {
      return inputs >= LEAST_CHANNELS
          && outputs >= LEAST_CHANNELS
          && outRows >= 2
          && outColumns >= 2;
    }

    int tileRows() {
      return (outRows + 1) / 2;
    }

    int tileColumns() {
      return (outColumns + 1) / 2;
    }

    Windows tiles(int minimumBlocks) {
      int most = inputs * outputs > MANY_CHANNELS ? TILES_OF_MANY_CHANNELS : TILES;
      return Windows.tiles(
          images, height, width, inputs, padding, tileRows(), tileColumns(), most, minimumBlocks);
    }

    /** Floats of the transformed weights. */
    int packedLength(Panels panels) {
      return PLANES * panels.packedLength(inputs);
    }
  }

  /** Transformed tiles: element (plane, tile, channel) is at plane * planeSize + tile * pitch. */
  private record Planes(int tiles, int pitch) {
    static Planes of(int tiles, int channels) {
      return new Planes(tiles, (channels + L - 1) / L * L);
    }

    int size() {
      return tiles * pitch + GAP;
    }

    int length() {
      return PLANES * size() + OVERHANG;
    }

    int[] table() {
      int[] table = new int[tiles + OVERHANG];
      for (int i = 0; i < table.length; i++) {
        table[i] = Math.min(i, tiles - 1) * pitch;
      }
      return table;
    }
  }

  /**
   * Transforms weights.
   *
   * @param weight element (tap, input, output) is at {@code from + (tap * inputs + input) * outputs
   *     + output}
   * @param packed for each plane the weights as {@link OuterProducts} takes them
   */
  void pack(Plan plan, float[] weight, int from, Panels panels, float[] packed) {
    int inputs = plan.inputs;
    int outputs = plan.outputs;
    workers.run(
        panels.count,
        (long) inputs * outputs * 32,
        p -> {
          for (int v = 0; v < panels.vectors[p]; v++) {
            WinogradTransforms.filter(
                weight,
                from + panels.first[p] + v * L,
                inputs * outputs,
                outputs,
                packed,
                panels.packedIndex(p, 0, inputs) + v * L,
                panels.packedLength(inputs),
                panels.vectors[p] * L,
                inputs,
                v == panels.vectors[p] - 1 ? panels.last[p] : L);
          }
        });
  }

  /**
   * The convolution plus bias and residual.
   *
   * @param packed what {@link #pack} made
   * @param residualShift from an element of out to that of the residual
   */
  void run(
      Plan plan,
      float[] input,
      int inputFrom,
      float[] packed,
      Panels panels,
      float @Nullable [] bias,
      int biasFrom,
      float @Nullable [] residual,
      int residualShift,
      float[] out,
      int outFrom) {
    Windows tiles = plan.tiles(workers.threads() == 1 ? 1 : 4 * workers.threads());
    int most = tiles.pixels(tiles.block(0));
    Planes in = Planes.of(most, plan.inputs);
    Planes result = Planes.of(most, plan.outputs);
    int[] inTable = in.table();
    int[] resultTable = result.table();
    int[] none = new int[inTable.length];
    int splits = DenseProduct.splits(tiles.blocks, panels.count, workers.threads());
    long work = (long) tiles.pixels() * PLANES * plan.inputs * plan.outputs;
    float[] zeros = pool.take(panels.paddedColumns());
    Arrays.fill(zeros, 0, panels.paddedColumns(), 0);
    try {
      workers.run(
          tiles.blocks * splits,
          work,
          task -> {
            Windows.Block block = tiles.block(task / splits);
            int firstPanel = panels.count * (task % splits) / splits;
            int endPanel = panels.count * (task % splits + 1) / splits;
            float[] transformed = pool.take(in.length());
            float[] products = pool.take(result.length());
            try {
              transform(plan, tiles, block, input, inputFrom, in, transformed);
              multiply(
                  tiles.pixels(block),
                  plan.inputs,
                  transformed,
                  in,
                  inTable,
                  packed,
                  panels,
                  firstPanel,
                  endPanel,
                  zeros,
                  none,
                  products,
                  result,
                  resultTable);
              Output output =
                  new Output(
                      plan,
                      products,
                      result,
                      bias == null ? zeros : bias,
                      bias == null ? 0 : biasFrom,
                      residual == null ? zeros : residual,
                      residual == null ? 0 : outFrom + residualShift,
                      residual != null,
                      out,
                      outFrom);
              int endColumn = endPanel == panels.count ? plan.outputs : panels.first[endPanel];
              int tile = 0;
              for (int n = 0; n < block.images(); n++) {
                for (int y = 0; y < block.rows(); y++) {
                  output.row(
                      tile,
                      block.image() + n,
                      block.row() + y,
                      panels.first[firstPanel],
                      endColumn);
                  tile += plan.tileColumns();
                }
              }
            } finally {
              pool.give(products);
              pool.give(transformed);
            }
          });
    } finally {
      pool.give(zeros);
    }
  }

  private void transform(
      Plan plan,
      Windows tiles,
      Windows.Block block,
      float[] input,
      int inputFrom,
      Planes planes,
      float[] transformed) {
    float[] copy = pool.take(tiles.scratchLength());
    try {
      tiles.fill(block, input, inputFrom, copy);
      int channels = plan.inputs;
      int columns = plan.tileColumns();
      int rows = block.images() * block.rows();
      int imageRows = 2 * block.rows() + 2;
      for (int r = 0; r < rows; r++) {
        int from = (r / block.rows() * imageRows + r % block.rows() * 2) * tiles.pitch;
        int to = r * columns * planes.pitch;
        if (planes.pitch / L <= columns) {
          for (int c = 0; c < channels; c += L) {
            WinogradTransforms.input(
                copy,
                from + c,
                tiles.pitch,
                channels,
                2 * channels,
                transformed,
                to + c,
                planes.size(),
                planes.pitch,
                columns);
          }
        } else {
          for (int x = 0; x < columns; x++) {
            WinogradTransforms.input(
                copy,
                from + x * 2 * channels,
                tiles.pitch,
                channels,
                L,
                transformed,
                to + x * planes.pitch,
                planes.size(),
                L,
                planes.pitch / L);
          }
        }
      }
    } finally {
      pool.give(copy);
    }
  }

  private static void multiply(
      int tiles,
      int depth,
      float[] transformed,
      Planes in,
      int[] inTable,
      float[] packed,
      Panels panels,
      int firstPanel,
      int endPanel,
      float[] zeros,
      int[] none,
      float[] products,
      Planes result,
      int[] resultTable) {
    int stretches = (depth + DenseProduct.STRETCH - 1) / DenseProduct.STRETCH;
    // A block may be smaller than the tables: its overhang then computes tiles that nobody reads.
    for (int plane = 0; plane < PLANES; plane++) {
      for (int s = 0; s < stretches; s++) {
        int begin = (int) ((long) depth * s / stretches);
        int length = (int) ((long) depth * (s + 1) / stretches) - begin;
        for (int p = firstPanel; p < endPanel; p++) {
          int to = plane * result.size() + panels.first[p];
          OuterProducts.multiply(
              panels.vectors[p],
              transformed,
              inTable,
              plane * in.size() + begin,
              packed,
              plane * panels.packedLength(depth) + panels.packedIndex(p, begin, depth),
              s == 0 ? zeros : products,
              s == 0 ? none : resultTable,
              s == 0 ? 0 : to,
              products,
              resultTable,
              to,
              tiles,
              length,
              L);
        }
      }
    }
  }

  /** Where a block's results go. */
  private record Output(
      Plan plan,
      float[] products,
      Planes planes,
      float[] bias,
      int biasFrom,
      float[] residual,
      int residualFrom,
      boolean hasResidual,
      float[] out,
      int outFrom) {

    /** Transforms a row of tiles back. */
    void row(int tile, int image, int tileRow, int firstColumn, int endColumn) {
      int channels = plan.outputs;
      int pixelRow = plan.outColumns * channels;
      int at = (image * plan.outRows + 2 * tileRow) * pixelRow;
      int lower = 2 * tileRow + 1 < plan.outRows ? pixelRow : 0;
      int columns = plan.tileColumns();
      int whole = plan.outColumns / 2;
      int vectors = (endColumn - firstColumn) / L;
      if (vectors < whole) {
        for (int c = firstColumn; c < endColumn; c += L) {
          int lanes = Math.min(L, endColumn - c);
          int from = tile * planes.pitch + c;
          tiles(from, planes.pitch, c, 0, at + c, lower, channels, 2 * channels, whole, lanes);
          if (whole < columns) {
            int last = 2 * whole * channels;
            tiles(from + whole * planes.pitch, 0, c, 0, at + last + c, lower, 0, 0, 1, lanes);
          }
        }
        return;
      }
      for (int x = 0; x < columns; x++) {
        int right = x < whole ? channels : 0;
        int from = (tile + x) * planes.pitch;
        int to = at + 2 * x * channels;
        tiles(from + firstColumn, L, firstColumn, L, to + firstColumn, lower, right, L, vectors, L);
        int c = firstColumn + vectors * L;
        if (c < endColumn) {
          tiles(from + c, 0, c, 0, to + c, lower, right, 0, 1, endColumn - c);
        }
      }
    }

    private void tiles(
        int from,
        int step,
        int column,
        int biasStep,
        int to,
        int lower,
        int right,
        int toStep,
        int count,
        int lanes) {
      WinogradTransforms.output(
          products,
          from,
          planes.size(),
          step,
          bias,
          biasFrom + column,
          biasStep,
          residual,
          hasResidual ? residualFrom + to : 0,
          hasResidual ? lower : 0,
          hasResidual ? right : 0,
          hasResidual ? toStep : 0,
          out,
          outFrom + to,
          lower,
          right,
          toStep,
          count,
          lanes);
    }
  }

  /** Adds the gradients of the weights (tap, input, output), and of the bias. */
  void weightGrad(
      Plan plan,
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
    Planes in = Planes.of(most, plan.inputs);
    int[] inTable = in.table();
    Sums sums = Sums.of(plan.inputs, panels);
    int groups = groups(tiles, sums.length());
    float[][] partials = new float[groups][];
    for (int g = 0; g < groups; g++) {
      partials[g] = pool.take(sums.length());
    }
    int splits = DenseProduct.splits(groups, panels.count, workers.threads());
    try {
      workers.run(
          groups * splits,
          (long) tiles.pixels() * PLANES * plan.inputs * plan.outputs,
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
                transform(plan, tiles, block, input, inputFrom, in, transformed);
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
          panels.count,
          (long) groups * sums.length(),
          p -> sums.finish(p, partials, dWeight, dWeightFrom, plan.outputs, dBias, dBiasFrom));
    } finally {
      for (float[] partial : partials) {
        pool.give(partial);
      }
    }
  }

  private static int groups(Windows tiles, int length) {
    long wanted = Math.min(tiles.pixels() / TILES_PER_GROUP, MOST_PARTIALS / length);
    return Math.clamp(wanted, 1, Math.min(MOST_GROUPS, tiles.blocks));
  }

  private static int gradientPlane(int tiles, Panels panels) {
    return tiles * panels.paddedColumns() + GAP;
  }

  /** Tiles of dOut to planes of panels: element (plane, panel, tile, column). */
  private static void transformGradients(
      Plan plan,
      Windows.Block block,
      float[] dOut,
      int dOutFrom,
      Panels panels,
      int firstPanel,
      int endPanel,
      int most,
      float[] gradients) {
    int channels = plan.outputs;
    int pixelRow = plan.outColumns * channels;
    int whole = plan.outColumns / 2;
    int plane = gradientPlane(most, panels);
    int tile = 0;
    for (int n = 0; n < block.images(); n++) {
      for (int y = 0; y < block.rows(); y++) {
        int row = 2 * (block.row() + y);
        boolean lower = row + 1 < plan.outRows;
        int at = dOutFrom + ((block.image() + n) * plan.outRows + row) * pixelRow;
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
      Planes in,
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

    /** Adds up the partial sums of a panel, in order, and adds what they come to. */
    void finish(
        int panel,
        float[][] partials,
        float[] dWeight,
        int dWeightFrom,
        int outputs,
        float @Nullable [] dBias,
        int dBiasFrom) {
      float[] total = partials[0];
      int width = panels.vectors[panel] * L;
      int columns = width - L + panels.last[panel];
      for (int g = 1; g < partials.length; g++) {
        for (int plane = 0; plane < PLANES; plane++) {
          int at = index(plane, panel);
          ArithmeticLoops.add(total, at, partials[g], at, total, at, inputs * width);
        }
      }
      for (int v = 0; v < panels.vectors[panel]; v++) {
        WinogradTransforms.filterGradient(
            total,
            index(0, panel) + v * L,
            plane(),
            width,
            dWeight,
            dWeightFrom + panels.first[panel] + v * L,
            inputs * outputs,
            outputs,
            inputs,
            Math.min(L, columns - v * L));
      }
      if (dBias != null) {
        for (int c = 0; c < columns; c++) {
          int column = panels.first[panel] + c;
          float sum = total[biasFrom() + column];
          for (int g = 1; g < partials.length; g++) {
            sum += partials[g][biasFrom() + column];
          }
          dBias[dBiasFrom + column] += sum;
        }
      }
    }
  }
}
