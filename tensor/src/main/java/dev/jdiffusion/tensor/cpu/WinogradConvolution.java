package dev.jdiffusion.tensor.cpu;

import static dev.jdiffusion.tensor.cpu.Lanes.L;
import static dev.jdiffusion.tensor.cpu.WinogradPlan.PLANES;

import dev.jdiffusion.tensor.cpu.OuterProducts.Panels;
import dev.jdiffusion.tensor.cpu.WinogradPlan.TransformedTiles;
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
  private final Workers workers;
  private final FloatPool pool;

  WinogradConvolution(Workers workers, FloatPool pool) {
    this.workers = workers;
    this.pool = pool;
  }

  /**
   * Transforms weights.
   *
   * @param weight element (tap, input, output) is at {@code from + (tap * inputs + input) * outputs
   *     + output}
   * @param packed for each plane the weights as {@link OuterProducts} takes them
   */
  void pack(WinogradPlan plan, float[] weight, int from, Panels panels, float[] packed) {
    int inputs = plan.inputs();
    int outputs = plan.outputs();
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
      WinogradPlan plan,
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
    Windows tiles = plan.tiles(workers.wantedBlocks());
    int most = tiles.pixels(tiles.block(0));
    TransformedTiles in = TransformedTiles.of(most, plan.inputs());
    TransformedTiles result = TransformedTiles.of(most, plan.outputs());
    int[] inTable = in.table();
    int[] resultTable = result.table();
    int splits = DenseProduct.splits(tiles.blocks, panels.count, workers.threads());
    long work = (long) tiles.pixels() * PLANES * plan.inputs() * plan.outputs();
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
              plan.transform(tiles, block, input, inputFrom, in, transformed, pool);
              multiply(
                  tiles.pixels(block),
                  plan.inputs(),
                  transformed,
                  in,
                  inTable,
                  packed,
                  panels,
                  firstPanel,
                  endPanel,
                  zeros,
                  products,
                  result,
                  resultTable);
              if (splits == 1) {
                transformed[0] = plan.fetchResults(block, out, outFrom);
              }
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
              int endColumn = endPanel == panels.count ? plan.outputs() : panels.first[endPanel];
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

  private static void multiply(
      int tiles,
      int depth,
      float[] transformed,
      TransformedTiles in,
      int[] inTable,
      float[] packed,
      Panels panels,
      int firstPanel,
      int endPanel,
      float[] zeros,
      float[] products,
      TransformedTiles result,
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
              s == 0,
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
      WinogradPlan plan,
      float[] products,
      TransformedTiles planes,
      float[] bias,
      int biasFrom,
      float[] residual,
      int residualFrom,
      boolean hasResidual,
      float[] out,
      int outFrom) {

    /** Transforms a row of tiles back. */
    void row(int tile, int image, int tileRow, int firstColumn, int endColumn) {
      int channels = plan.outputs();
      int pixelRow = plan.outColumns() * channels;
      int at = (image * plan.outRows() + 2 * tileRow) * pixelRow;
      int lower = 2 * tileRow + 1 < plan.outRows() ? pixelRow : 0;
      int columns = plan.tileColumns();
      int whole = plan.outColumns() / 2;
      int vectors = (endColumn - firstColumn) / L;
      if (vectors < whole) {
        for (int c = firstColumn; c < endColumn; c += L) {
          int lanes = Math.min(L, endColumn - c);
          int from = tile * planes.pitch() + c;
          tiles(from, planes.pitch(), c, 0, at + c, lower, channels, 2 * channels, whole, lanes);
          if (whole < columns) {
            int last = 2 * whole * channels;
            tiles(from + whole * planes.pitch(), 0, c, 0, at + last + c, lower, 0, 0, 1, lanes);
          }
        }
        return;
      }
      for (int x = 0; x < columns; x++) {
        int right = x < whole ? channels : 0;
        int from = (tile + x) * planes.pitch();
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
}
