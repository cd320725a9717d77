package dev.jdiffusion.tensor.cpu;

import static dev.jdiffusion.tensor.cpu.Lanes.F;
import static dev.jdiffusion.tensor.cpu.Lanes.L;

import dev.jdiffusion.tensor.cpu.DenseProduct.Start;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;

/**
 * A convolution with stride 1 whose results have few channels: pictures, or gradients with respect
 * to pictures. A vector of channels would be nearly empty, so here the lanes are neighbours in a
 * row of pixels, and the input is transposed to have those side by side.
 *
 * <p>Results are those of {@link DenseProduct}, bit for bit: each is one chain of fused
 * multiply-adds, over rows, columns and channels of its window.
 *
 * @param images in the batch
 * @param height rows of the input
 * @param width columns of the input
 * @param inputs channels of the input
 * @param windowRows rows of the window
 * @param windowColumns columns of the window
 * @param top rows of zeros above the input; if negative, rows left out
 * @param left columns of zeros to the left of it; if negative, columns left out
 * @param rows of the result
 * @param columns of the result
 * @param outputs channels of the result
 * @param groups of channels
 */
record FewOutputsConvolution(
    int images,
    int height,
    int width,
    int inputs,
    int windowRows,
    int windowColumns,
    int top,
    int left,
    int rows,
    int columns,
    int outputs,
    int groups) {
  /** Channels of a group; vectors of more are full enough. */
  private static final int FEW = 4;

  /** Columns of a strip: two vectors of the widest kind. */
  private static final int STRIP = 2 * Lanes.LOGICAL;

  /** Columns that a strip sees, at most; a constant, because C2 then checks bounds beforehand. */
  private static final int PITCH = 2 * STRIP;

  /** Rows of a tile. */
  private static final int TILE = 4;

  /** Where a tile's results lie in a task's memory, and behind them what its strip sees. */
  private static final int RESULTS = FloatPool.FIRST;

  private static final int SEEN = RESULTS + TILE * STRIP;

  /** Floats of transposed input that leave room for more in the second-level cache. */
  private static final int SCRATCH = 1 << 16;

  /** Whether this is the way for such a convolution. */
  static boolean pays(int groupOutputs, int windowRows, int windowColumns, int stride) {
    return groupOutputs <= FEW
        && stride == 1
        && windowRows * windowColumns > 1
        && windowColumns <= PITCH - STRIP + 1;
  }

  private int depth() {
    return inputs / groups;
  }

  private int windowSize() {
    return windowRows * windowColumns * depth();
  }

  /** Floats of packed weights. */
  int packedLength() {
    return outputs * windowSize();
  }

  /**
   * Packs the weights of an output channel in the order in which they are used.
   *
   * @param from index of the first in {@code weight}
   * @param tapStride from one pixel of the window to the next
   * @param stride from one input channel to the next
   */
  void pack(int output, float[] weight, int from, int tapStride, int stride, float[] packed) {
    int to = output * windowSize();
    for (int tap = 0; tap < windowRows * windowColumns; tap++) {
      for (int k = 0; k < depth(); k++) {
        packed[to++] = weight[from + tap * tapStride + k * stride];
      }
    }
  }

  /**
   * Computes all results.
   *
   * @param start its bias has a value for each output channel
   */
  void run(
      float[] input,
      int inputFrom,
      float[] packed,
      Start start,
      float[] out,
      int outFrom,
      Workers workers,
      FloatPool pool) {
    int bandRows = bandRows(workers.wantedBlocks());
    int seenRows = bandRows + windowRows - 1;
    int bands = Math.ceilDiv(rows, bandRows);
    workers.run(
        images * groups * bands,
        (long) images * rows * columns * packedLength(),
        task -> {
          int image = task / bands / groups;
          int group = task / bands % groups;
          int row = task % bands * bandRows;
          int stripRows = Math.min(bandRows, rows - row);
          int imageFrom = inputFrom + image * height * width * inputs + group * depth();
          int bandFrom = outFrom + (image * rows + row) * columns * outputs;
          float[] work = pool.take(SEEN + seenRows * rowLength());
          for (int column = 0; column < columns; column += STRIP) {
            int stripColumns = Math.min(STRIP, columns - column);
            int firstColumn = column - left;
            int from = bandFrom + column * outputs;
            Kernel.launch(() -> see(input, imageFrom, row - top, firstColumn, seenRows, work));
            Kernel.launch(
                () -> strip(work, packed, group, start, out, from, stripRows, stripColumns));
          }
          pool.give(work);
        });
  }

  /** Rows of the result that a task computes, in whole tiles. */
  private int bandRows(int wantedBlocks) {
    int fitting = SCRATCH / rowLength() - (windowRows - 1);
    int shared = images * groups * rows / wantedBlocks;
    int wanted = Math.clamp(Math.min(fitting, shared), Math.min(windowRows, rows), rows);
    return Math.ceilDiv(wanted, TILE) * TILE;
  }

  /** Floats that a strip sees of a row. */
  private int rowLength() {
    return depth() * PITCH;
  }

  /** Copies what a strip sees of an image: of each row and channel, the columns side by side. */
  private void see(
      float[] input, int imageFrom, int firstRow, int firstColumn, int seenRows, float[] work) {
    int begin = Math.max(0, -firstColumn);
    int end = Math.min(STRIP + windowColumns - 1, width - firstColumn);
    for (int r = 0; r < seenRows; r++) {
      int y = firstRow + r;
      int to = SEEN + r * rowLength();
      Arrays.fill(work, to, to + rowLength(), 0f);
      if (y >= 0 && y < height && begin < end) {
        SmallMatMul.transposeInLoop(
            input,
            imageFrom + (y * width + firstColumn + begin) * inputs,
            inputs,
            end - begin,
            depth(),
            work,
            to + begin,
            PITCH);
      }
    }
  }

  /**
   * Computes a strip, from what it sees.
   *
   * @param outFrom index of the first pixel's first channel
   */
  private void strip(
      float[] work,
      float[] packed,
      int group,
      Start start,
      float[] out,
      int outFrom,
      int stripRows,
      int stripColumns) {
    int groupOutputs = outputs / groups;
    for (int row = 0; row < stripRows; row += TILE) {
      int tileRows = Math.min(TILE, stripRows - row);
      for (int o = group * groupOutputs; o < (group + 1) * groupOutputs; o++) {
        int from = outFrom + row * columns * outputs + o;
        for (int r = 0; r < tileRows; r++) {
          for (int c = 0; c < stripColumns; c++) {
            work[RESULTS + r * STRIP + c] = start.of(o, from + (r * columns + c) * outputs);
          }
        }
        for (int c = 0; c < STRIP; c += 2 * L) {
          tile(
              work,
              SEEN + row * rowLength() + c,
              rowLength(),
              packed,
              o * windowSize(),
              windowRows,
              windowColumns,
              depth(),
              RESULTS + c);
        }
        for (int r = 0; r < tileRows; r++) {
          for (int c = 0; c < stripColumns; c++) {
            out[from + (r * columns + c) * outputs] = work[RESULTS + r * STRIP + c];
          }
        }
      }
    }
  }

  /** Adds to four rows of two vectors what their windows see, times the weights. */
  private static void tile(
      float[] work,
      int seen,
      int rowLength,
      float[] weights,
      int weightsFrom,
      int windowRows,
      int windowColumns,
      int depth,
      int results) {
    FloatVector s0 = FloatVector.fromArray(F, work, results);
    FloatVector t0 = FloatVector.fromArray(F, work, results + L);
    FloatVector s1 = FloatVector.fromArray(F, work, results + STRIP);
    FloatVector t1 = FloatVector.fromArray(F, work, results + STRIP + L);
    FloatVector s2 = FloatVector.fromArray(F, work, results + 2 * STRIP);
    FloatVector t2 = FloatVector.fromArray(F, work, results + 2 * STRIP + L);
    FloatVector s3 = FloatVector.fromArray(F, work, results + 3 * STRIP);
    FloatVector t3 = FloatVector.fromArray(F, work, results + 3 * STRIP + L);
    for (int tap = 0; tap < windowRows * windowColumns; tap++) {
      int x0 = seen + tap / windowColumns * rowLength + tap % windowColumns;
      int x1 = x0 + rowLength;
      int x2 = x1 + rowLength;
      int x3 = x2 + rowLength;
      int w = weightsFrom + tap * depth;
      for (int k = 0; k < depth; k++) {
        FloatVector weight = FloatVector.broadcast(F, weights[w + k]);
        s0 = FloatVector.fromArray(F, work, x0 + k * PITCH).fma(weight, s0);
        t0 = FloatVector.fromArray(F, work, x0 + k * PITCH + L).fma(weight, t0);
        s1 = FloatVector.fromArray(F, work, x1 + k * PITCH).fma(weight, s1);
        t1 = FloatVector.fromArray(F, work, x1 + k * PITCH + L).fma(weight, t1);
        s2 = FloatVector.fromArray(F, work, x2 + k * PITCH).fma(weight, s2);
        t2 = FloatVector.fromArray(F, work, x2 + k * PITCH + L).fma(weight, t2);
        s3 = FloatVector.fromArray(F, work, x3 + k * PITCH).fma(weight, s3);
        t3 = FloatVector.fromArray(F, work, x3 + k * PITCH + L).fma(weight, t3);
      }
    }
    s0.intoArray(work, results);
    t0.intoArray(work, results + L);
    s1.intoArray(work, results + STRIP);
    t1.intoArray(work, results + STRIP + L);
    s2.intoArray(work, results + 2 * STRIP);
    t2.intoArray(work, results + 2 * STRIP + L);
    s3.intoArray(work, results + 3 * STRIP);
    t3.intoArray(work, results + 3 * STRIP + L);
  }
}
