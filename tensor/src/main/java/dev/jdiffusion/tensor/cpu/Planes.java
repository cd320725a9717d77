package dev.jdiffusion.tensor.cpu;

import static dev.jdiffusion.tensor.cpu.Lanes.F;
import static dev.jdiffusion.tensor.cpu.Lanes.L;

import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/**
 * One vector of channels of an image, copied with zeros around it: the form in which depthwise
 * kernels read. A pixel is a vector, its neighbours are at constant distances, and seven rows of it
 * fit the first-level cache.
 *
 * @param height rows of the image
 * @param width columns of the image
 * @param channels from pixel to pixel of the image
 * @param step distance of the image's pixels within the plane; 1, or the stride of a convolution
 *     whose gradient this is
 * @param top zero rows above; if negative, rows left out
 * @param left zero columns to the left; if negative, columns left out
 * @param rows of the plane
 * @param columns of the plane
 */
record Planes(
    int height, int width, int channels, int step, int top, int left, int rows, int columns) {
  int length() {
    return rows * columns * L;
  }

  /**
   * Copies the lanes of channels that begin at {@code from}, the first of them of the image's first
   * pixel.
   */
  void fill(float[] image, int from, int lanes, float[] plane) {
    int firstColumn = left >= 0 ? 0 : (-left + step - 1) / step;
    int endColumn = Math.max(firstColumn, Math.min(width, (columns - left + step - 1) / step));
    int begin = (left + firstColumn * step) * L;
    int end = (left + endColumn * step) * L;
    int pitch = columns * L;
    for (int r = 0; r < rows; r++) {
      int y = Math.floorDiv(r - top, step);
      int to = r * pitch;
      if (y < 0 || y >= height || top + y * step != r || endColumn == firstColumn) {
        Arrays.fill(plane, to, to + pitch, 0);
        continue;
      }
      if (step == 1) {
        Arrays.fill(plane, to, to + begin, 0);
        Arrays.fill(plane, to + end, to + pitch, 0);
      } else {
        Arrays.fill(plane, to, to + pitch, 0);
      }
      copy(
          image,
          from + (y * width + firstColumn) * channels,
          channels,
          endColumn - firstColumn,
          lanes,
          plane,
          to + begin,
          step * L);
    }
  }

  private static void copy(
      float[] image,
      int from,
      int fromPitch,
      int pixels,
      int lanes,
      float[] plane,
      int to,
      int toPitch) {
    VectorMask<Float> mask = F.indexInRange(0, lanes);
    for (int p = 0; p < pixels; p++) {
      FloatVector.fromArray(F, image, from + p * fromPitch, mask)
          .intoArray(plane, to + p * toPitch);
    }
  }
}
