package dev.jdiffusion.diffusion.data;

import java.util.Arrays;

/**
 * Brings pictures to the size that training wants: the shorter side is scaled, the longer one cut
 * to the middle.
 *
 * <p>The filter is Keys' cubic (1981, a = -1/2). For reduction it is widened by the scale, so that
 * every source pixel counts and nothing aliases.
 */
final class Resampler {
  private Resampler() {}

  /** The source pixels from {@code first} on and their weights, for one target pixel. */
  private record Taps(int first, float[] weights) {}

  /**
   * A height x width x channels picture as size x size x channels.
   *
   * @return {@code pixels} itself where nothing is to do
   */
  static byte[] toSquare(byte[] pixels, int height, int width, int channels, int size) {
    if (height == size && width == size) {
      return pixels;
    }
    int side = Math.min(height, width);
    Taps[] across = taps(width, (width - side) / 2.0, side, size);
    Taps[] down = taps(height, (height - side) / 2.0, side, size);
    int firstRow = down[0].first();
    int endRow = down[size - 1].first() + down[size - 1].weights().length;
    int rowLength = size * channels;
    float[] rows = new float[Math.multiplyExact(endRow - firstRow, rowLength)];
    for (int y = firstRow; y < endRow; y++) {
      filterRow(pixels, y * width * channels, channels, across, rows, (y - firstRow) * rowLength);
    }
    byte[] result = new byte[size * rowLength];
    float[] sum = new float[rowLength];
    for (int y = 0; y < size; y++) {
      Arrays.fill(sum, 0.5f);
      float[] weights = down[y].weights();
      for (int k = 0; k < weights.length; k++) {
        int source = (down[y].first() - firstRow + k) * rowLength;
        for (int i = 0; i < rowLength; i++) {
          sum[i] += weights[k] * rows[source + i];
        }
      }
      for (int i = 0; i < rowLength; i++) {
        result[y * rowLength + i] = (byte) Math.clamp((int) Math.floor(sum[i]), 0, 255);
      }
    }
    return result;
  }

  private static void filterRow(
      byte[] pixels, int source, int channels, Taps[] taps, float[] target, int offset) {
    for (int x = 0; x < taps.length; x++) {
      float[] weights = taps[x].weights();
      for (int c = 0; c < channels; c++) {
        float sum = 0;
        int at = source + taps[x].first() * channels + c;
        for (float weight : weights) {
          sum += weight * (pixels[at] & 0xFF);
          at += channels;
        }
        target[offset + x * channels + c] = sum;
      }
    }
  }

  /** Taps for {@code size} target pixels over the source interval [start, start + side). */
  private static Taps[] taps(int length, double start, int side, int size) {
    double scale = (double) side / size;
    double widening = Math.max(1, scale);
    double reach = 2 * widening;
    Taps[] taps = new Taps[size];
    for (int i = 0; i < size; i++) {
      double centre = start + (i + 0.5) * scale;
      int first = Math.max(0, (int) Math.floor(centre - reach));
      int end = Math.min(length, (int) Math.ceil(centre + reach));
      double[] exact = new double[end - first];
      double sum = 0;
      for (int k = 0; k < exact.length; k++) {
        exact[k] = cubic((first + k + 0.5 - centre) / widening);
        sum += exact[k];
      }
      float[] weights = new float[exact.length];
      for (int k = 0; k < exact.length; k++) {
        weights[k] = (float) (exact[k] / sum);
      }
      taps[i] = new Taps(first, weights);
    }
    return taps;
  }

  private static double cubic(double x) {
    double d = Math.abs(x);
    if (d < 1) {
      return (1.5 * d - 2.5) * d * d + 1;
    }
    return d < 2 ? ((-0.5 * d + 2.5) * d - 4) * d + 2 : 0;
  }
}
