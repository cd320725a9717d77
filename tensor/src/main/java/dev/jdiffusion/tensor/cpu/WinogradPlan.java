package dev.jdiffusion.tensor.cpu;

import static dev.jdiffusion.tensor.cpu.Lanes.L;
import static dev.jdiffusion.tensor.cpu.OuterProducts.OVERHANG;

import dev.jdiffusion.tensor.cpu.OuterProducts.Panels;

/**
 * A convolution with 3x3 windows and stride 1, cut into tiles of 2x2 results for {@link
 * WinogradConvolution} and {@link WinogradWeightGradient}.
 *
 * @param padding 0 to 2 rows and columns of zeros on each side
 */
record WinogradPlan(
    int images,
    int height,
    int width,
    int inputs,
    int outputs,
    int padding,
    int outRows,
    int outColumns) {
  /** Elements of a transformed tile, each of which has a plane of its own. */
  static final int PLANES = 16;

  /**
   * Floats between two planes: one cache line, lest the same element of all planes lie in the same
   * set of the cache.
   */
  static final int GAP = 16;

  /** Channels from which on the products outweigh the transforms. */
  private static final int LEAST_CHANNELS = 16;

  /** Tiles of a block; more where the weights come from beyond the second-level cache. */
  private static final int TILES = 110;

  private static final int TILES_OF_MANY_CHANNELS = 200;
  private static final int MANY_CHANNELS = 128 * 128;

  /** Whether this way is the faster one. */
  static boolean pays(int inputs, int outputs, int outRows, int outColumns) {
    return inputs >= LEAST_CHANNELS && outputs >= LEAST_CHANNELS && outRows >= 2 && outColumns >= 2;
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

  /**
   * Transformed tiles: element (plane, tile, channel) is at {@code plane * size() + tile * pitch}.
   */
  record TransformedTiles(int tiles, int pitch) {
    static TransformedTiles of(int tiles, int channels) {
      return new TransformedTiles(tiles, (channels + L - 1) / L * L);
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
   * Reads ahead a block's results, or their gradients: tiles are pieces of two rows.
   *
   * @return what {@link Prefetch#range} returns
   */
  float fetchResults(Windows.Block block, float[] results, int from) {
    int firstRow = block.image() * outRows + 2 * block.row();
    int lastImage = block.image() + block.images() - 1;
    int endRow = lastImage * outRows + Math.min(outRows, 2 * (block.row() + block.rows()));
    int pixelRow = outColumns * outputs;
    return Prefetch.range(results, from + firstRow * pixelRow, (endRow - firstRow) * pixelRow);
  }

  /** Transforms the input tiles of a block. */
  void transform(
      Windows tiles,
      Windows.Block block,
      float[] input,
      int inputFrom,
      TransformedTiles planes,
      float[] transformed,
      FloatPool pool) {
    float[] copy = pool.take(tiles.scratchLength());
    try {
      tiles.fill(block, input, inputFrom, copy);
      int channels = inputs;
      int columns = tileColumns();
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
}
