package dev.jdiffusion.tensor.cpu;

import static dev.jdiffusion.tensor.cpu.OuterProducts.OVERHANG;

import java.util.Arrays;

/**
 * The pixels of a dense convolution's result and what each of them sees, cut into blocks that fit
 * the cache.
 *
 * <p>In NHWC, and with weights in HWIO, one row of a window is a run of consecutive floats in the
 * image and in the weights. So a pixel is one index, to which {@code row * pitch + k} is added.
 * Borders come from a copy of the block's images with zeros around them, a few hundred kilobytes
 * that stay in the second-level cache.
 */
final class Windows {
  /** Floats of a padded copy that leave room for weights and results in a cache of 1 MB. */
  private static final int SCRATCH = 1 << 17;

  /**
   * Below this length of a window's row, all its rows are made one run, at the price of a larger
   * copy.
   */
  private static final int SHORT_RUN = 32;

  /** Pixels of a block, of which a panel of weights in the first-level cache is worth while. */
  private static final int PIXELS = 256;

  /**
   * Up to this many channels a direct block has twice the pixels: its input is fetched from memory
   * in one go, and longer stretches come faster.
   */
  private static final int FEW_CHANNELS = 64;

  /**
   * Pixels of a direct block come in multiples of this. The same for all tiles, though it is not a
   * multiple of each: gradients are sums over blocks, whose bits must not depend on the machine.
   */
  private static final int TILE = 12;

  private final boolean direct;
  private final boolean stacked;
  private final int images;
  private final int height;
  private final int width;
  private final int channels;
  private final int firstChannel;
  private final int depth;
  private final int windowRows;
  private final int windowColumns;
  private final int stride;
  private final int top;
  private final int left;
  private final int spare;
  private final int resultRows;
  private final int resultColumns;

  private int imagesPerBlock;
  private int rowsPerBlock;

  /** Rows of the window, as the kernels see them. */
  final int rows;

  /** Consecutive elements of a window's row. */
  final int rowLength;

  /** From one row to the next. */
  final int pitch;

  /** Number of blocks. */
  final int blocks;

  /** A part of the result: some images, or some rows of one. */
  record Block(int image, int images, int row, int rows) {}

  /** Every pixel sees itself: 1x1 windows over one long row of pixels. */
  static Windows direct(int pixels, int channels, int minimumBlocks) {
    int wanted = channels <= FEW_CHANNELS ? 2 * PIXELS : PIXELS;
    int most = Math.clamp(SCRATCH / Math.max(1, channels), 2 * TILE, wanted);
    return new Windows(
        true,
        1,
        pixels,
        1,
        channels,
        0,
        channels,
        1,
        1,
        1,
        0,
        0,
        0,
        pixels,
        1,
        most,
        minimumBlocks);
  }

  /**
   * Result pixel (y, x) sees rows {@code y * stride - top ..} and columns {@code x * stride - left
   * ..} of its image, {@code depth} channels from {@code firstChannel}; what lies outside is zero.
   *
   * @param spare rows and columns that a copy has beyond those: windows may be moved by so many
   * @param minimumBlocks how many blocks are wanted at least, to give all threads work
   */
  static Windows padded(
      int images,
      int height,
      int width,
      int channels,
      int firstChannel,
      int depth,
      int windowRows,
      int windowColumns,
      int stride,
      int top,
      int left,
      int spare,
      int resultRows,
      int resultColumns,
      int minimumBlocks) {
    return new Windows(
        false,
        images,
        height,
        width,
        channels,
        firstChannel,
        depth,
        windowRows,
        windowColumns,
        stride,
        top,
        left,
        spare,
        resultRows,
        resultColumns,
        1024,
        minimumBlocks);
  }

  private Windows(
      boolean direct,
      int images,
      int height,
      int width,
      int channels,
      int firstChannel,
      int depth,
      int windowRows,
      int windowColumns,
      int stride,
      int top,
      int left,
      int spare,
      int resultRows,
      int resultColumns,
      int most,
      int minimumBlocks) {
    this.direct = direct;
    this.images = images;
    this.height = height;
    this.width = width;
    this.channels = channels;
    this.firstChannel = firstChannel;
    this.depth = depth;
    this.windowRows = windowRows;
    this.windowColumns = windowColumns;
    this.stride = stride;
    this.top = top;
    this.left = left;
    this.spare = spare;
    this.resultRows = resultRows;
    this.resultColumns = resultColumns;
    int run = windowColumns * depth;
    stacked = windowRows > 1 && !isLong(run);
    rows = stacked ? 1 : windowRows;
    rowLength = stacked ? windowRows * run : run;
    pitch = stacked || direct ? 0 : paddedColumns() * depth;
    chooseBlocks(most, minimumBlocks);
    int imageBlocks = Math.ceilDiv(images, imagesPerBlock);
    int rowBlocks = Math.ceilDiv(resultRows, rowsPerBlock);
    blocks = imageBlocks * rowBlocks;
  }

  /**
   * As many images as make {@link #PIXELS}, or rows of one image, {@code most} pixels: a panel of
   * weights is then used often enough once it is in the first-level cache.
   */
  private void chooseBlocks(int most, int minimumBlocks) {
    int pixels = resultRows * resultColumns;
    int together = Math.min(PIXELS, most);
    imagesPerBlock = 1;
    rowsPerBlock = resultRows;
    if (pixels <= together) {
      imagesPerBlock = Math.min(images, Math.max(1, together / pixels));
    } else {
      int strips = Math.ceilDiv(pixels, most);
      rowsPerBlock = Math.ceilDiv(resultRows, strips);
    }
    while ((tooLarge() || countBlocks() < minimumBlocks)
        && (imagesPerBlock > 1 || rowsPerBlock > 1)) {
      if (imagesPerBlock > 1) {
        imagesPerBlock = (imagesPerBlock + 1) / 2;
      } else if (tooLarge() || rowsPerBlock * resultColumns > 64) {
        rowsPerBlock = (rowsPerBlock + 1) / 2;
      } else {
        break;
      }
    }
    if (direct && rowsPerBlock > 2 * TILE) {
      rowsPerBlock = Math.ceilDiv(rowsPerBlock, TILE) * TILE;
    }
  }

  private boolean tooLarge() {
    return !direct && scratchLength() > SCRATCH;
  }

  private int countBlocks() {
    return (images + imagesPerBlock - 1)
        / imagesPerBlock
        * (Math.ceilDiv(resultRows, rowsPerBlock));
  }

  private int paddedColumns() {
    return (resultColumns - 1) * stride + windowColumns + spare;
  }

  private int paddedRows(int blockRows) {
    return (blockRows - 1) * stride + windowRows + spare;
  }

  /** Whether a window's row of so many elements is worth while by itself. */
  static boolean isLong(int run) {
    return run >= SHORT_RUN;
  }

  boolean isDirect() {
    return direct;
  }

  /** Elements along which a product is summed. */
  int length() {
    return rows * rowLength;
  }

  /** All pixels of the result. */
  int pixels() {
    return images * resultRows * resultColumns;
  }

  /** Floats that a copy of a block needs; none if {@link #isDirect}. */
  int scratchLength() {
    if (direct) {
      return 0;
    }
    int perImage =
        stacked
            ? resultColumns * paddedRows(rowsPerBlock) * windowColumns * depth
            : paddedRows(rowsPerBlock) * paddedColumns() * depth;
    return imagesPerBlock * perImage + OVERHANG;
  }

  Block block(int index) {
    if (imagesPerBlock > 1 || rowsPerBlock == resultRows) {
      int image = index * imagesPerBlock;
      return new Block(image, Math.min(imagesPerBlock, images - image), 0, resultRows);
    }
    int rowBlocks = Math.ceilDiv(resultRows, rowsPerBlock);
    int row = index % rowBlocks * rowsPerBlock;
    return new Block(index / rowBlocks, 1, row, Math.min(rowsPerBlock, resultRows - row));
  }

  int pixels(Block block) {
    return block.images * block.rows * resultColumns;
  }

  /** Index of a block's first pixel among all. */
  int firstPixel(Block block) {
    return (block.image * resultRows + block.row) * resultColumns;
  }

  /**
   * For each pixel of a block, the index of what it sees, in the copy or, if {@link #isDirect},
   * from its first pixel on.
   */
  int[] inputTable(Block block) {
    if (direct) {
      return table(block, 0, channels, 0);
    }
    if (stacked) {
      int run = windowColumns * depth;
      int column = paddedRows(block.rows) * run;
      return table(block, resultColumns * column, stride * run, column);
    }
    return table(block, paddedRows(block.rows) * pitch, stride * pitch, stride * depth);
  }

  /** For each pixel of a block, an index that advances by these distances. */
  int[] table(Block block, int imageStride, int rowStride, int pixelStride) {
    int pixels = pixels(block);
    int[] table = new int[pixels + OVERHANG];
    int p = 0;
    for (int n = 0; n < block.images; n++) {
      for (int y = 0; y < block.rows; y++) {
        for (int x = 0; x < resultColumns; x++) {
          table[p++] = n * imageStride + y * rowStride + x * pixelStride;
        }
      }
    }
    Arrays.fill(table, pixels, table.length, table[pixels - 1]);
    return table;
  }

  /** Copies what a block sees. */
  void fill(Block block, float[] input, int inputFrom, float[] copy) {
    int to = 0;
    for (int n = 0; n < block.images; n++) {
      int image = inputFrom + (block.image + n) * height * width * channels + firstChannel;
      to = stacked ? stack(block, input, image, copy, to) : pad(block, input, image, copy, to);
    }
  }

  private int pad(Block block, float[] input, int image, float[] copy, int to) {
    int columns = paddedColumns();
    int firstY = block.row * stride - top;
    int beginX = Math.clamp(left, 0, columns);
    int endX = Math.clamp((long) width + left, beginX, columns);
    int next = to;
    for (int r = 0; r < paddedRows(block.rows); r++, next += pitch) {
      int y = firstY + r;
      if (y < 0 || y >= height || beginX == endX) {
        Arrays.fill(copy, next, next + pitch, 0);
        continue;
      }
      Arrays.fill(copy, next, next + beginX * depth, 0);
      copyPixels(
          input,
          image + (y * width + beginX - left) * channels,
          copy,
          next + beginX * depth,
          endX - beginX);
      Arrays.fill(copy, next + endX * depth, next + pitch, 0);
    }
    return next;
  }

  private void copyPixels(float[] input, int from, float[] copy, int to, int pixels) {
    if (depth == channels) {
      System.arraycopy(input, from, copy, to, pixels * depth);
      return;
    }
    for (int p = 0; p < pixels; p++) {
      System.arraycopy(input, from + p * channels, copy, to + p * depth, depth);
    }
  }

  /**
   * For each column of the result, the rows of its windows one below the other: windows are one run
   * then.
   */
  private int stack(Block block, float[] input, int image, float[] copy, int to) {
    int run = windowColumns * depth;
    int firstY = block.row * stride - top;
    int next = to;
    for (int column = 0; column < resultColumns; column++) {
      int x = column * stride - left;
      int begin = Math.clamp(-x, 0, windowColumns);
      int end = Math.clamp((long) width - x, begin, windowColumns);
      for (int r = 0; r < paddedRows(block.rows); r++, next += run) {
        int y = firstY + r;
        if (y < 0 || y >= height || begin == end) {
          Arrays.fill(copy, next, next + run, 0);
          continue;
        }
        if (begin > 0) {
          Arrays.fill(copy, next, next + begin * depth, 0);
        }
        copyPixels(
            input,
            image + (y * width + x + begin) * channels,
            copy,
            next + begin * depth,
            end - begin);
        if (end < windowColumns) {
          Arrays.fill(copy, next + end * depth, next + run, 0);
        }
      }
    }
    return next;
  }
}
