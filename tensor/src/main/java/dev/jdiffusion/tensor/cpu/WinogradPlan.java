package dev.jdiffusion.tensor.cpu;

import static dev.jdiffusion.tensor.cpu.Lanes.L;
import static dev.jdiffusion.tensor.cpu.OuterProducts.OVERHANG;
import static dev.jdiffusion.tensor.cpu.WinogradTransforms.POINTS;

import java.util.Arrays;

/**
 * A convolution with 3x3 windows and stride 1, cut into tiles of 4x4 results for {@link
 * WinogradConvolution} and {@link WinogradWeightGradient}. Rows of tiles are counted through all
 * images; a block is some of them, whatever images they belong to.
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
  static final int PLANES = POINTS * POINTS;

  /** Rows and columns of a tile's results. */
  static final int TILE = 4;

  /**
   * Floats between two planes: one cache line, lest the same element of all planes lie in the same
   * set of the cache.
   */
  static final int GAP = 16;

  /** Channels from which on the products outweigh the transforms. */
  private static final int LEAST_CHANNELS = 16;

  /** Rows and columns from which on a tile has less to multiply than its pixels. */
  private static final int LEAST_EXTENT = 3;

  /** Whether this way is the faster one. */
  static boolean pays(int inputs, int outputs, int outRows, int outColumns) {
    return inputs >= LEAST_CHANNELS
        && outputs >= LEAST_CHANNELS
        && outRows >= LEAST_EXTENT
        && outColumns >= LEAST_EXTENT;
  }

  /** Tiles of a row. */
  int tileColumns() {
    return Math.ceilDiv(outColumns, TILE);
  }

  private int tileRowsOfImage() {
    return Math.ceilDiv(outRows, TILE);
  }

  /** Rows of tiles of all images. */
  int tileRows() {
    return images * tileRowsOfImage();
  }

  int tiles() {
    return tileRows() * tileColumns();
  }

  /** Multiply-adds of all products. */
  long work() {
    return (long) tiles() * PLANES * inputs * outputs;
  }

  /** Rows that make about so many tiles, but fewer where blocks would be less than are wanted. */
  int blockRows(int tiles, int wantedBlocks) {
    return Math.clamp(tileRows() / wantedBlocks, 1, Math.max(1, tiles / tileColumns()));
  }

  /** The image of a row of tiles. */
  private int image(int row) {
    return row / tileRowsOfImage();
  }

  /** The first row of a row of tiles in the image's result. */
  private int firstRow(int row) {
    return row % tileRowsOfImage() * TILE;
  }

  /** How many rows of the result a row of tiles has. */
  int resultRows(int row) {
    return Math.min(TILE, outRows - firstRow(row));
  }

  /** The first pixel of a row of tiles in all results. */
  int resultPixel(int row) {
    return (image(row) * outRows + firstRow(row)) * outColumns;
  }

  /**
   * Transformed tiles: element (plane, tile, channel) is at {@code plane * size() + tile * pitch}.
   */
  record TransformedTiles(int tiles, int pitch) {
    static TransformedTiles of(int tiles, int channels) {
      return new TransformedTiles(tiles, Math.ceilDiv(channels, L) * L);
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
   * Reads ahead the results of some rows of tiles, or their gradients.
   *
   * @return what {@link Prefetch#range} returns
   */
  float fetchResults(int row, int endRow, float[] results, int from) {
    int first = resultPixel(row);
    int end = resultPixel(endRow - 1) + resultRows(endRow - 1) * outColumns;
    return Prefetch.range(results, from + first * outputs, (end - first) * outputs);
  }

  /** Floats of a row that a row of tiles sees, with the zeros beside it. */
  private int seenRow(int columns, int channels) {
    return columns * channels + L;
  }

  /** Floats for the rows of a row of tiles: as they are, and once transformed. */
  int stripLength() {
    int columns = TILE * tileColumns();
    int input = seenRow(columns + POINTS - TILE, inputs);
    int output = seenRow(columns, TransformedTiles.of(1, outputs).pitch());
    return 2 * POINTS * Math.max(input, output);
  }

  /**
   * Transforms a row of tiles of the input.
   *
   * @param to where the first tile goes
   */
  void transform(
      int row,
      float[] input,
      int inputFrom,
      float[] strip,
      TransformedTiles planes,
      float[] transformed,
      int to) {
    int pixelRow = width * inputs;
    int first = firstRow(row) - padding;
    int from = inputFrom + (image(row) * height + first) * pixelRow;
    int seen = seenRow(TILE * tileColumns() + POINTS - TILE, inputs);
    int copy = POINTS * seen;
    int left = padding * inputs;
    boolean copied = copyBorder(input, from, pixelRow, first, POINTS, height, strip, copy, seen);
    WinogradTransforms.input(
        copied ? strip : input,
        copied ? copy : from,
        copied ? seen : pixelRow,
        0,
        strip,
        left,
        seen,
        0,
        pixelRow,
        1);
    for (int i = 0; i < POINTS; i++) {
      Arrays.fill(strip, i * seen, i * seen + left, 0f);
      Arrays.fill(strip, i * seen + left + pixelRow, (i + 1) * seen, 0f);
    }
    for (int i = 0; i < POINTS; i++) {
      WinogradTransforms.input(
          strip,
          i * seen,
          inputs,
          TILE * inputs,
          transformed,
          to + i * POINTS * planes.size(),
          planes.size(),
          planes.pitch(),
          inputs,
          tileColumns());
    }
  }

  /**
   * Copies rows of an image, zeros for those beyond it, if they cannot be read where they are:
   * vectors reach over the last one's end.
   *
   * @param first row of the image
   * @return whether they were copied
   */
  static boolean copyBorder(
      float[] image,
      int from,
      int pixelRow,
      int first,
      int rows,
      int height,
      float[] copy,
      int to,
      int distance) {
    if (first >= 0 && first + rows <= height && from + rows * pixelRow + L <= image.length) {
      return false;
    }
    for (int i = 0; i < rows; i++) {
      int at = to + i * distance;
      if (first + i >= 0 && first + i < height) {
        System.arraycopy(image, from + i * pixelRow, copy, at, pixelRow);
      } else {
        Arrays.fill(copy, at, at + pixelRow, 0f);
      }
    }
    return true;
  }
}
