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
 * Convolutions with windows of 3x3 and stride 1 by minimal filtering, F(4x4, 3x3): tiles of 6x6
 * pixels and the weights are {@link WinogradTransforms transformed}, multiplied element by element,
 * which is one matrix product over the channels for each of the 36 elements, and transformed back
 * to 4x4 results. That takes 36 multiply-adds for what takes 144 directly.
 *
 * <p>The error is near that of a direct sum (some 1e-6 of the largest result), whose sums are nine
 * times as long. Each element is computed in one fixed order, whatever the vector width or the
 * number of threads. A block of tiles goes through all stages while it is in the second-level
 * cache. What is not finite becomes NaN in all 16 results of a tile, also in those whose windows do
 * not contain it.
 */
final class WinogradConvolution {
  /** Floats of a block's transformed tiles and their products: about a second-level cache. */
  private static final int BLOCK = 225_000;

  /** Tiles of a block of many channels: with fewer, weights come and go too often. */
  private static final int LEAST_TILES = 24;

  /** Tiles of a block of few channels. */
  private static final int MOST_TILES = 48;

  /**
   * Up to so many tiles in all, weights are transformed a slice at a time where they are needed:
   * transformed they are four times as many, and going to memory and back would take longer than
   * the multiplying.
   */
  private static final int FEW_TILES = 96;

  /** Inputs whose weights are transformed together: those of a panel stay in the cache. */
  private static final int SLICE = 64;

  private final Workers workers;
  private final FloatPool pool;

  WinogradConvolution(Workers workers, FloatPool pool) {
    this.workers = workers;
    this.pool = pool;
  }

  /**
   * The convolution plus bias and residual.
   *
   * @param weight element (tap, input, output) is at {@code weightFrom + (tap * inputs + input) *
   *     outputs + output}
   * @param residualShift from an element of out to that of the residual
   */
  void run(
      WinogradPlan plan,
      float[] input,
      int inputFrom,
      float[] weight,
      int weightFrom,
      float @Nullable [] bias,
      int biasFrom,
      float @Nullable [] residual,
      int residualShift,
      float[] out,
      int outFrom) {
    Panels panels = new Panels(plan.outputs());
    Weights weights = new Weights(plan, weight, weightFrom, panels);
    int rows = plan.tileRows();
    int columns = plan.tileColumns();
    boolean few = plan.tiles() <= FEW_TILES && panels.count >= workers.threads();
    int tiles =
        Math.clamp(BLOCK / PLANES / (plan.inputs() + plan.outputs()), LEAST_TILES, MOST_TILES);
    int blockRows = few ? rows : plan.blockRows(tiles, workers.wantedBlocks());
    int blocks = Math.ceilDiv(rows, blockRows);
    int splits = DenseProduct.splits(blocks, panels.count, workers.threads());
    int slice = few ? SLICE : DenseProduct.STRETCH;
    TransformedTiles in = TransformedTiles.of(blockRows * columns, plan.inputs());
    TransformedTiles result = TransformedTiles.of(blockRows * columns, plan.outputs());
    int[] inTable = in.table();
    int[] resultTable = result.table();
    float[] zeros = pool.take(panels.paddedColumns());
    Arrays.fill(zeros, 0, panels.paddedColumns(), 0);
    float @Nullable [] packed = few ? null : packAll(weights);
    Output output =
        new Output(
            bias == null ? zeros : bias,
            bias == null ? 0 : biasFrom,
            residual == null ? zeros : residual,
            residual != null,
            residualShift,
            out,
            outFrom);
    try {
      workers.run(
          blocks * splits,
          plan.work(),
          task -> {
            int firstRow = task / splits * blockRows;
            int endRow = Math.min(firstRow + blockRows, rows);
            int firstPanel = panels.count * (task % splits) / splits;
            int endPanel = panels.count * (task % splits + 1) / splits;
            float[] transformed = pool.take(in.length());
            float[] products = pool.take(result.length());
            float[] strip = pool.take(plan.stripLength());
            float[] scratch = pool.take(HALF_WINDOW);
            float[] used = packed == null ? pool.take(weights.sliceLength()) : packed;
            for (int row = firstRow; row < endRow; row++) {
              int tile = (row - firstRow) * columns;
              plan.transform(row, input, inputFrom, strip, in, transformed, tile * in.pitch());
            }
            for (int begin = 0; begin < plan.inputs(); begin += slice) {
              int length = Math.min(slice, plan.inputs() - begin);
              for (int p = firstPanel; p < endPanel; p++) {
                int from = weights.index(p, begin);
                int packedPlane = weights.plane();
                if (packed == null) {
                  from = 0;
                  packedPlane = weights.slicePlane();
                  weights.pack(p, begin, begin + length, used, from, packedPlane, scratch);
                }
                for (int plane = 0; plane < PLANES; plane++) {
                  int to = plane * result.size() + panels.first[p];
                  // A block may be smaller than the tables: what is computed beyond, nobody reads.
                  OuterProducts.multiply(
                      panels.vectors[p],
                      transformed,
                      inTable,
                      plane * in.size() + begin,
                      used,
                      from + plane * packedPlane,
                      begin == 0 ? zeros : products,
                      begin == 0,
                      begin == 0 ? 0 : to,
                      products,
                      resultTable,
                      to,
                      (endRow - firstRow) * columns,
                      length,
                      L);
                }
              }
            }
            if (splits == 1) {
              strip[0] = plan.fetchResults(firstRow, endRow, out, outFrom);
            }
            int firstColumn = panels.first[firstPanel];
            int endColumn = endPanel == panels.count ? plan.outputs() : panels.first[endPanel];
            for (int row = firstRow; row < endRow; row++) {
              int from = (row - firstRow) * columns * result.pitch() + firstColumn;
              output.transform(plan, row, products, from, result, strip, firstColumn, endColumn);
            }
            if (packed == null) {
              pool.give(used);
            }
            pool.give(scratch);
            pool.give(strip);
            pool.give(products);
            pool.give(transformed);
          });
    } finally {
      if (packed != null) {
        pool.give(packed);
      }
      pool.give(zeros);
    }
  }

  private float[] packAll(Weights weights) {
    float[] packed = pool.take(weights.length());
    int inputs = weights.plan.inputs();
    int slices = Math.ceilDiv(inputs, SLICE);
    workers.run(
        weights.panels.count * slices,
        2L * weights.length(),
        task -> {
          int panel = task / slices;
          int begin = task % slices * SLICE;
          int end = Math.min(begin + SLICE, inputs);
          float[] scratch = pool.take(HALF_WINDOW);
          weights.pack(
              panel, begin, end, packed, weights.index(panel, begin), weights.plane(), scratch);
          pool.give(scratch);
        });
    return packed;
  }

  /**
   * Weights, and how they lie once transformed: for each plane as {@link OuterProducts} takes them.
   */
  private record Weights(WinogradPlan plan, float[] weight, int from, Panels panels) {
    int plane() {
      return panels.packedLength(plan.inputs()) + GAP;
    }

    int length() {
      return Math.multiplyExact(PLANES, plane());
    }

    /** Where an input of a panel is in the first plane. */
    int index(int panel, int input) {
      return panels.packedIndex(panel, input, plan.inputs());
    }

    /** The distance of the planes of a slice of a panel. */
    int slicePlane() {
      return SLICE * OuterProducts.WIDEST * L + GAP;
    }

    int sliceLength() {
      return PLANES * slicePlane();
    }

    /** Transforms the weights of some inputs of a panel. */
    void pack(int panel, int begin, int end, float[] packed, int to, int plane, float[] scratch) {
      int width = panels.vectors[panel] * L;
      int tap = plan.inputs() * plan.outputs();
      for (int i = begin; i < end; i++) {
        int at = from + i * plan.outputs() + panels.first[panel];
        int row = to + (i - begin) * width;
        for (int v = 0; v < width; v += L) {
          int lanes = v == width - L ? panels.last[panel] : L;
          WinogradTransforms.filter(weight, at + v, 3 * tap, tap, scratch, 0, 3 * L, L, lanes, 3);
          WinogradTransforms.filter(
              scratch, 0, L, 3 * L, packed, row + v, plane, POINTS * plane, L, POINTS);
        }
      }
    }
  }

  /** Where results go, and what is added to them. */
  private record Output(
      float[] bias,
      int biasFrom,
      float[] residual,
      boolean hasResidual,
      int residualShift,
      float[] out,
      int outFrom) {

    /** Transforms a row of tiles back, some columns of the channels. */
    void transform(
        WinogradPlan plan,
        int row,
        float[] products,
        int from,
        TransformedTiles planes,
        float[] strip,
        int firstColumn,
        int endColumn) {
      int channels = endColumn - firstColumn;
      int pitch = Math.ceilDiv(channels, L) * L;
      int rowLength = TILE * plan.tileColumns() * pitch;
      for (int i = 0; i < POINTS; i++) {
        WinogradTransforms.output(
            products,
            from + i * POINTS * planes.size(),
            planes.size(),
            planes.pitch(),
            strip,
            i * rowLength,
            pitch,
            TILE * pitch,
            channels,
            plan.tileColumns());
      }
      WinogradTransforms.output(
          strip, 0, rowLength, 0, strip, 0, rowLength, 0, plan.outColumns() * pitch, 1);
      for (int i = 0; i < plan.resultRows(row); i++) {
        int pixel = plan.resultPixel(row) + i * plan.outColumns();
        int to = outFrom + pixel * plan.outputs() + firstColumn;
        WinogradTransforms.finish(
            strip,
            i * rowLength,
            pitch,
            bias,
            biasFrom + firstColumn,
            residual,
            hasResidual ? to + residualShift : 0,
            hasResidual ? plan.outputs() : 0,
            out,
            to,
            plan.outputs(),
            channels,
            plan.outColumns());
      }
    }
  }
}
