package dev.jdiffusion.benchmarks.ladder;

import java.util.Arrays;

/**
 * A convolution with windows of 3x3, stride 1 and one row and column of zeros around each picture,
 * from the plain loops to the register tile of {@link GemmLadder}.
 *
 * <p>in {@code [images, size, size, inputs]}, weight {@code [3, 3, inputs, outputs]}, out {@code
 * [images, size, size, outputs]}. All give the same bits.
 */
final class ConvolutionLadder {
  private static final int WINDOW = 3;

  private ConvolutionLadder() {}

  /** The extents of a convolution. */
  record Extents(int images, int size, int inputs, int outputs) {
    int pixels() {
      return images * size * size;
    }

    /** Length of a window, in elements. */
    int patch() {
      return WINDOW * WINDOW * inputs;
    }

    int paddedLength() {
      return images * (size + 2) * (size + 2) * inputs;
    }

    /** A multiply-add counts as two. */
    double flops() {
      return 2.0 * pixels() * patch() * outputs;
    }
  }

  /** The definition. */
  static void naive(float[] in, float[] weight, float[] out, Extents e) {
    int size = e.size;
    for (int image = 0; image < e.images; image++) {
      for (int y = 0; y < size; y++) {
        for (int x = 0; x < size; x++) {
          for (int o = 0; o < e.outputs; o++) {
            float sum = 0;
            for (int i = 0; i < WINDOW; i++) {
              for (int j = 0; j < WINDOW; j++) {
                int row = y + i - 1;
                int column = x + j - 1;
                if (row < 0 || row >= size || column < 0 || column >= size) {
                  continue;
                }
                int pixel = ((image * size + row) * size + column) * e.inputs;
                int tap = (i * WINDOW + j) * e.inputs;
                for (int c = 0; c < e.inputs; c++) {
                  sum = Math.fma(in[pixel + c], weight[(tap + c) * e.outputs + o], sum);
                }
              }
            }
            out[((image * size + y) * size + x) * e.outputs + o] = sum;
          }
        }
      }
    }
  }

  /**
   * Writes down the window of every pixel as a row of a matrix; then it is a matrix product.
   *
   * @param padded of {@link Extents#paddedLength} elements, overwritten
   * @param patches of pixels times {@link Extents#patch} elements, overwritten
   * @param panel as in {@link GemmLadder#packed}
   */
  static void unfolded(
      float[] in,
      float[] weight,
      float[] out,
      Extents e,
      float[] padded,
      float[] patches,
      float[] panel) {
    pad(in, padded, e);
    int size = e.size;
    int line = WINDOW * e.inputs;
    for (int image = 0, to = 0; image < e.images; image++) {
      for (int y = 0; y < size; y++) {
        for (int x = 0; x < size; x++) {
          for (int i = 0; i < WINDOW; i++, to += line) {
            System.arraycopy(padded, paddedIndex(e, image, y + i, x), patches, to, line);
          }
        }
      }
    }
    GemmLadder.packed(patches, weight, out, e.pixels(), e.patch(), e.outputs, panel);
  }

  /**
   * The same product without the matrix. With the channels innermost, a line of a window lies
   * without gaps in the padded picture, and the next pixel's line starts one pixel later: rows of a
   * matrix that overlap. Only the pitch from row to row differs from {@link GemmLadder#packed}.
   *
   * @param padded as in {@link #unfolded}
   */
  static void direct(float[] in, float[] weight, float[] out, Extents e, float[] padded) {
    GemmLadder.requireTiles(e.size, e.outputs);
    pad(in, padded, e);
    float[] panels = pack(weight, e);
    Arrays.fill(out, 0);
    int size = e.size;
    int line = WINDOW * e.inputs;
    int width = GemmLadder.TILE_COLUMNS;
    for (int panel = 0; panel < e.outputs / width; panel++) {
      for (int image = 0; image < e.images; image++) {
        for (int i = 0; i < WINDOW; i++) {
          int weights = (panel * WINDOW + i) * line * width;
          for (int y = 0; y < size; y++) {
            for (int x = 0; x < size; x += GemmLadder.TILE_ROWS) {
              GemmLadder.tile(
                  padded,
                  paddedIndex(e, image, y + i, x),
                  e.inputs,
                  panels,
                  weights,
                  width,
                  out,
                  ((image * size + y) * size + x) * e.outputs + panel * width,
                  e.outputs,
                  line);
            }
          }
        }
      }
    }
  }

  /** The weights' columns in stretches of a tile's width. */
  private static float[] pack(float[] weight, Extents e) {
    int width = GemmLadder.TILE_COLUMNS;
    float[] packed = new float[weight.length];
    for (int panel = 0, to = 0; panel < e.outputs / width; panel++) {
      for (int row = 0; row < e.patch(); row++, to += width) {
        System.arraycopy(weight, row * e.outputs + panel * width, packed, to, width);
      }
    }
    return packed;
  }

  /** Copies pictures into the middle of larger ones, so that no window has to ask for the edge. */
  private static void pad(float[] in, float[] padded, Extents e) {
    Arrays.fill(padded, 0);
    int line = e.size * e.inputs;
    for (int image = 0; image < e.images; image++) {
      for (int y = 0; y < e.size; y++) {
        System.arraycopy(
            in, (image * e.size + y) * line, padded, paddedIndex(e, image, y + 1, 1), line);
      }
    }
  }

  private static int paddedIndex(Extents e, int image, int row, int column) {
    return ((image * (e.size + 2) + row) * (e.size + 2) + column) * e.inputs;
  }
}
