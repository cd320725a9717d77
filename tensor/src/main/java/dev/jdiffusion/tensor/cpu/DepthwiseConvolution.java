package dev.jdiffusion.tensor.cpu;

import static dev.jdiffusion.tensor.cpu.Lanes.F;
import static dev.jdiffusion.tensor.cpu.Lanes.L;

import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import org.jspecify.annotations.Nullable;

/**
 * Depthwise convolution and its gradients: vectors run across channels, each task handles one
 * vector of channels of one image. Windows seven wide with stride 1, which ConvNeXt blocks use,
 * have kernels of their own in {@link DepthwiseTiles}.
 */
final class DepthwiseConvolution {
  private static final int UNROLLED = 7;
  private static final int TILE = 8;
  private static final int MOST_GROUPS = 16;

  private final Workers workers;
  private final FloatPool pool;

  DepthwiseConvolution(Workers workers, FloatPool pool) {
    this.workers = workers;
    this.pool = pool;
  }

  /**
   * A correlation of each channel with its own window.
   *
   * @param planes how an image is copied
   * @param windowRows rows of the window
   * @param windowColumns columns of the window
   * @param stride step of the window
   * @param resultRows rows of the result
   * @param resultColumns columns of the result
   */
  record Plan(
      Planes planes,
      int windowRows,
      int windowColumns,
      int stride,
      int resultRows,
      int resultColumns) {
    static Plan of(
        int height,
        int width,
        int channels,
        int step,
        int top,
        int left,
        int windowRows,
        int windowColumns,
        int stride,
        int resultRows,
        int resultColumns) {
      // Tiles of pixels may reach beyond the last column.
      int tile = windowColumns == UNROLLED && stride == 1 ? UNROLLED : TILE;
      int columns = (Math.ceilDiv(resultColumns, tile) * tile - 1) * stride + windowColumns;
      int rows = (resultRows - 1) * stride + windowRows;
      return new Plan(
          new Planes(height, width, channels, step, top, left, rows, columns),
          windowRows,
          windowColumns,
          stride,
          resultRows,
          resultColumns);
    }

    int taps() {
      return windowRows * windowColumns;
    }

    boolean unrolled() {
      return windowColumns == UNROLLED && stride == 1;
    }

    /** Distance of each tap from the window's corner. */
    int[] tapTable() {
      int[] table = new int[taps()];
      for (int t = 0; t < table.length; t++) {
        table[t] = (t / windowColumns * planes.columns() + t % windowColumns) * L;
      }
      return table;
    }
  }

  /**
   * Adds the products to out, which holds what they start from.
   *
   * @param weight {@code [windowRows * windowColumns, C]}, from weightFrom on
   * @param flipped whether the taps are taken in reverse order
   * @param residualShift where the residual is, relative to out
   */
  void run(
      Plan plan,
      int images,
      float[] input,
      int inputFrom,
      float[] weight,
      int weightFrom,
      boolean flipped,
      float @Nullable [] bias,
      int biasFrom,
      float @Nullable [] residual,
      int residualShift,
      float[] out,
      int outFrom) {
    int channels = plan.planes.channels();
    int vectors = Math.ceilDiv(channels, L);
    int taps = plan.taps();
    int imageLength = plan.planes.height() * plan.planes.width() * channels;
    int resultPixels = plan.resultRows * plan.resultColumns;
    int[] tapTable = plan.tapTable();
    int splits = DenseProduct.splits(images, vectors, workers.threads());
    workers.run(
        images * splits,
        (long) images * resultPixels * channels * taps,
        task -> {
          int image = task / splits;
          int split = task % splits;
          int source = inputFrom + image * imageLength;
          int target = outFrom + image * resultPixels * channels;
          float[] plane = pool.take(plan.planes.length());
          float[] packed = pool.take(taps * L);
          try {
            plane[0] = Prefetch.range(input, source, imageLength);
            plane[1] = Prefetch.range(out, target, resultPixels * channels);
            for (int v = vectors * split / splits; v < vectors * (split + 1) / splits; v++) {
              int channel = v * L;
              int lanes = Math.min(L, channels - channel);
              packWeight(weight, weightFrom + channel, channels, taps, flipped, lanes, packed);
              plan.planes.fill(input, source + channel, lanes, plane);
              int to = target + channel;
              if (bias != null || residual == null || residual != out || residualShift != 0) {
                start(
                    bias,
                    biasFrom + channel,
                    residual,
                    residualShift,
                    out,
                    to,
                    channels,
                    resultPixels,
                    lanes);
              }
              for (int y = 0; y < plan.resultRows; y++) {
                row(plan, plane, packed, tapTable, out, to, y, channels, lanes);
              }
            }
          } finally {
            pool.give(packed);
            pool.give(plane);
          }
        });
  }

  private static void packWeight(
      float[] weight,
      int from,
      int channels,
      int taps,
      boolean flipped,
      int lanes,
      float[] packed) {
    VectorMask<Float> mask = F.indexInRange(0, lanes);
    for (int t = 0; t < taps; t++) {
      int tap = flipped ? taps - 1 - t : t;
      FloatVector.fromArray(F, weight, from + tap * channels, mask).intoArray(packed, t * L);
    }
  }

  private static void start(
      float @Nullable [] bias,
      int biasFrom,
      float @Nullable [] residual,
      int residualShift,
      float[] out,
      int to,
      int channels,
      int pixels,
      int lanes) {
    VectorMask<Float> mask = F.indexInRange(0, lanes);
    // Adding negative zero leaves every number as it is, even negative zero.
    FloatVector value =
        bias == null
            ? FloatVector.broadcast(F, residual == null ? 0.0f : -0.0f)
            : FloatVector.fromArray(F, bias, biasFrom, mask);
    if (residual == null) {
      for (int p = 0; p < pixels; p++) {
        value.intoArray(out, to + p * channels, mask);
      }
    } else {
      for (int p = 0; p < pixels; p++) {
        int o = to + p * channels;
        FloatVector.fromArray(F, residual, o + residualShift, mask)
            .add(value)
            .intoArray(out, o, mask);
      }
    }
  }

  private static void row(
      Plan plan,
      float[] plane,
      float[] packed,
      int[] tapTable,
      float[] out,
      int to,
      int y,
      int channels,
      int lanes) {
    int planePitch = plan.planes.columns() * L;
    int columns = plan.resultColumns;
    if (plan.unrolled()) {
      for (int x = 0; x < columns; x += UNROLLED) {
        DepthwiseTiles.multiply7(
            plane,
            y * planePitch + x * L,
            planePitch,
            packed,
            0,
            plan.windowRows,
            out,
            to + (y * columns + x) * channels,
            channels,
            Math.min(UNROLLED, columns - x),
            lanes);
      }
      return;
    }
    for (int x = 0; x < columns; x += TILE) {
      multiply8(
          plane,
          (y * planePitch + x * L) * plan.stride,
          plan.stride * L,
          tapTable,
          packed,
          out,
          to + (y * columns + x) * channels,
          channels,
          Math.min(TILE, columns - x),
          lanes);
    }
  }

  /**
   * Adds eight neighbouring pixels of a convolution with any window to the first {@code pixels} of
   * out.
   */
  private static void multiply8(
      float[] x,
      int xFrom,
      int xStep,
      int[] taps,
      float[] w,
      float[] out,
      int outFrom,
      int outPitch,
      int pixels,
      int lanes) {
    VectorMask<Float> mask = F.indexInRange(0, lanes);
    int last = pixels - 1;
    int o1 = outFrom + Math.min(1, last) * outPitch;
    int o2 = outFrom + Math.min(2, last) * outPitch;
    int o3 = outFrom + Math.min(3, last) * outPitch;
    int o4 = outFrom + Math.min(4, last) * outPitch;
    int o5 = outFrom + Math.min(5, last) * outPitch;
    int o6 = outFrom + Math.min(6, last) * outPitch;
    int o7 = outFrom + Math.min(7, last) * outPitch;
    FloatVector s0 = FloatVector.fromArray(F, out, outFrom, mask);
    FloatVector s1 = FloatVector.fromArray(F, out, o1, mask);
    FloatVector s2 = FloatVector.fromArray(F, out, o2, mask);
    FloatVector s3 = FloatVector.fromArray(F, out, o3, mask);
    FloatVector s4 = FloatVector.fromArray(F, out, o4, mask);
    FloatVector s5 = FloatVector.fromArray(F, out, o5, mask);
    FloatVector s6 = FloatVector.fromArray(F, out, o6, mask);
    FloatVector s7 = FloatVector.fromArray(F, out, o7, mask);
    for (int t = 0; t < taps.length; t++) {
      int b = xFrom + taps[t];
      FloatVector w0 = FloatVector.fromArray(F, w, t * L);
      s0 = FloatVector.fromArray(F, x, b).fma(w0, s0);
      s1 = FloatVector.fromArray(F, x, b + xStep).fma(w0, s1);
      s2 = FloatVector.fromArray(F, x, b + 2 * xStep).fma(w0, s2);
      s3 = FloatVector.fromArray(F, x, b + 3 * xStep).fma(w0, s3);
      s4 = FloatVector.fromArray(F, x, b + 4 * xStep).fma(w0, s4);
      s5 = FloatVector.fromArray(F, x, b + 5 * xStep).fma(w0, s5);
      s6 = FloatVector.fromArray(F, x, b + 6 * xStep).fma(w0, s6);
      s7 = FloatVector.fromArray(F, x, b + 7 * xStep).fma(w0, s7);
    }
    // Later pixels first: those beyond the row share the last real one's place, and must not be
    // what stays there.
    s7.intoArray(out, o7, mask);
    s6.intoArray(out, o6, mask);
    s5.intoArray(out, o5, mask);
    s4.intoArray(out, o4, mask);
    s3.intoArray(out, o3, mask);
    s2.intoArray(out, o2, mask);
    s1.intoArray(out, o1, mask);
    s0.intoArray(out, outFrom, mask);
  }

  /**
   * Adds to the gradients of weight and bias. Images are divided into groups, whose number depends
   * on the shape alone; the groups' sums are added in order.
   */
  void weightGrad(
      Plan plan,
      int images,
      float[] input,
      int inputFrom,
      float[] dOut,
      int dOutFrom,
      float[] dWeight,
      int dWeightFrom,
      float @Nullable [] dBias,
      int dBiasFrom) {
    int channels = plan.planes.channels();
    int vectors = Math.ceilDiv(channels, L);
    int taps = plan.taps();
    int tileWidth = plan.unrolled() ? UNROLLED : 1;
    int columns = Math.ceilDiv(plan.resultColumns, tileWidth) * tileWidth;
    Planes dPlanes =
        new Planes(
            plan.resultRows, plan.resultColumns, channels, 1, 0, 0, plan.resultRows, columns);
    int[] tileTable = tileTable(plan, columns / tileWidth, tileWidth);
    int[] tapTable = plan.tapTable();
    // One vector of partial sums for each tap, and one for the bias.
    int partialLength = (taps + 1) * L;
    int groups = Math.min(MOST_GROUPS, images);
    float[] partials = pool.take(Math.multiplyExact(groups * vectors, partialLength));
    int imageLength = plan.planes.height() * plan.planes.width() * channels;
    int resultLength = plan.resultRows * plan.resultColumns * channels;
    try {
      int splits = DenseProduct.splits(groups, vectors, workers.threads());
      workers.run(
          groups * splits,
          (long) images * resultLength * taps,
          task -> {
            int group = task / splits;
            int first = vectors * (task % splits) / splits;
            int end = vectors * (task % splits + 1) / splits;
            int base = group * vectors * partialLength;
            Arrays.fill(partials, base + first * partialLength, base + end * partialLength, 0);
            float[] plane = pool.take(plan.planes.length());
            float[] d = pool.take(dPlanes.length());
            try {
              for (int image = images * group / groups;
                  image < images * (group + 1) / groups;
                  image++) {
                int source = inputFrom + image * imageLength;
                int dSource = dOutFrom + image * resultLength;
                plane[0] = Prefetch.range(input, source, imageLength);
                d[0] = Prefetch.range(dOut, dSource, resultLength);
                for (int v = first; v < end; v++) {
                  int lanes = Math.min(L, channels - v * L);
                  int partial = base + v * partialLength;
                  plan.planes.fill(input, source + v * L, lanes, plane);
                  dPlanes.fill(dOut, dSource + v * L, lanes, d);
                  taps(plan, plane, tileTable, tapTable, d, partials, partial);
                  if (dBias != null) {
                    sum(d, dPlanes.rows() * columns, partials, partial + taps * L);
                  }
                }
              }
            } finally {
              pool.give(d);
              pool.give(plane);
            }
          });
      for (int v = 0; v < vectors; v++) {
        int lanes = Math.min(L, channels - v * L);
        for (int t = 0; t < taps; t++) {
          reduce(
              partials,
              v * partialLength + t * L,
              groups,
              vectors * partialLength,
              lanes,
              dWeight,
              dWeightFrom + t * channels + v * L);
        }
        if (dBias != null) {
          reduce(
              partials,
              v * partialLength + taps * L,
              groups,
              vectors * partialLength,
              lanes,
              dBias,
              dBiasFrom + v * L);
        }
      }
    } finally {
      pool.give(partials);
    }
  }

  /** Index in the plane of each tile of pixels of a row. */
  private static int[] tileTable(Plan plan, int tilesPerRow, int tileWidth) {
    int[] table = new int[plan.resultRows * tilesPerRow];
    for (int q = 0; q < table.length; q++) {
      int y = q / tilesPerRow;
      int x = q % tilesPerRow * tileWidth;
      table[q] = (y * plan.planes.columns() + x) * plan.stride * L;
    }
    return table;
  }

  private static void taps(
      Plan plan,
      float[] plane,
      int[] tileTable,
      int[] tapTable,
      float[] d,
      float[] partials,
      int partial) {
    if (plan.unrolled()) {
      for (int i = 0; i < plan.windowRows; i++) {
        DepthwiseTiles.gradient7(
            plane,
            tileTable,
            i * plan.planes.columns() * L,
            d,
            tileTable.length,
            partials,
            partial + i * UNROLLED * L);
      }
      return;
    }
    for (int t = 0; t < tapTable.length; t += 4) {
      gradient4(plane, tileTable, tapTable, t, d, partials, partial);
    }
  }

  /** Adds to the gradients of up to four taps, over all pixels of an image. */
  private static void gradient4(
      float[] x, int[] pixels, int[] taps, int tap, float[] d, float[] sum, int sumFrom) {
    int last = taps.length - 1;
    int t1 = Math.min(tap + 1, last);
    int t2 = Math.min(tap + 2, last);
    int t3 = Math.min(tap + 3, last);
    int b0 = taps[tap];
    int b1 = taps[t1];
    int b2 = taps[t2];
    int b3 = taps[t3];
    FloatVector s0 = FloatVector.fromArray(F, sum, sumFrom + tap * L);
    FloatVector s1 = FloatVector.fromArray(F, sum, sumFrom + t1 * L);
    FloatVector s2 = FloatVector.fromArray(F, sum, sumFrom + t2 * L);
    FloatVector s3 = FloatVector.fromArray(F, sum, sumFrom + t3 * L);
    for (int p = 0; p < pixels.length; p++) {
      int b = pixels[p];
      FloatVector d0 = FloatVector.fromArray(F, d, p * L);
      s0 = FloatVector.fromArray(F, x, b + b0).fma(d0, s0);
      s1 = FloatVector.fromArray(F, x, b + b1).fma(d0, s1);
      s2 = FloatVector.fromArray(F, x, b + b2).fma(d0, s2);
      s3 = FloatVector.fromArray(F, x, b + b3).fma(d0, s3);
    }
    s0.intoArray(sum, sumFrom + tap * L);
    s1.intoArray(sum, sumFrom + t1 * L);
    s2.intoArray(sum, sumFrom + t2 * L);
    s3.intoArray(sum, sumFrom + t3 * L);
  }

  private static void sum(float[] d, int pixels, float[] sums, int from) {
    FloatVector sum = FloatVector.fromArray(F, sums, from);
    for (int p = 0; p < pixels; p++) {
      sum = sum.add(FloatVector.fromArray(F, d, p * L));
    }
    sum.intoArray(sums, from);
  }

  private static void reduce(
      float[] partials, int from, int groups, int groupPitch, int lanes, float[] target, int to) {
    VectorMask<Float> mask = F.indexInRange(0, lanes);
    FloatVector sum = FloatVector.fromArray(F, partials, from);
    for (int g = 1; g < groups; g++) {
      sum = sum.add(FloatVector.fromArray(F, partials, from + g * groupPitch));
    }
    FloatVector.fromArray(F, target, to, mask).add(sum).intoArray(target, to, mask);
  }
}
