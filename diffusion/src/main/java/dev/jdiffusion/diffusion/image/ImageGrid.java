package dev.jdiffusion.diffusion.image;

import java.util.Arrays;

/** Puts pictures side by side into one, enlarged so that small ones can be judged by eye. */
public final class ImageGrid {
  /** Small pictures are enlarged by a whole number to at most this side length. */
  private static final int COMFORTABLE_SIDE = 96;

  private static final int MAX_SIDE = 3200;

  /** Between black digits this shows where one picture ends without drawing the eye. */
  private static final byte GAP_GREY = 48;

  private ImageGrid() {}

  /** A grid that is as square as {@code count} allows; see the other {@code of}. */
  public static PixelImage of(float[] images, int count, int height, int width, int channels) {
    return of(images, count, height, width, channels, (int) Math.ceil(Math.sqrt(count)));
  }

  /**
   * The first {@code count} pictures of {@code images}, row by row.
   *
   * @param images NHWC floats; -1 becomes 0 and 1 becomes 255, what lies outside is clipped
   * @param channels 1 for grey, 3 for colour
   * @param columns pictures per row
   */
  public static PixelImage of(
      float[] images, int count, int height, int width, int channels, int columns) {
    if (columns < 1) {
      throw new IllegalArgumentException("grid: " + columns + " columns");
    }
    int lines = Math.max(columns, (count + columns - 1) / columns);
    int scale = scale(Math.max(height, width), lines);
    return of(images, count, height, width, channels, columns, scale);
  }

  /** As above, with each pixel of a picture drawn as a square of {@code scale} pixels. */
  public static PixelImage of(
      float[] images, int count, int height, int width, int channels, int columns, int scale) {
    if (count < 1
        || columns < 1
        || scale < 1
        || images.length < (long) count * height * width * channels) {
      throw new IllegalArgumentException(
          "grid: %d pictures of %d x %d x %d in %d columns from %d floats"
              .formatted(count, height, width, channels, columns, images.length));
    }
    int rows = (count + columns - 1) / columns;
    int gap = scale;
    int gridWidth = columns * (width * scale + gap) + gap;
    int gridHeight = rows * (height * scale + gap) + gap;
    byte[] pixels = new byte[Math.multiplyExact(gridWidth * channels, gridHeight)];
    Arrays.fill(pixels, GAP_GREY);
    for (int i = 0; i < count; i++) {
      int left = gap + i % columns * (width * scale + gap);
      int top = gap + i / columns * (height * scale + gap);
      for (int y = 0; y < height * scale; y++) {
        int target = ((top + y) * gridWidth + left) * channels;
        int source = (i * height + y / scale) * width * channels;
        for (int x = 0; x < width * scale; x++) {
          for (int c = 0; c < channels; c++) {
            pixels[target++] = toByte(images[source + x / scale * channels + c]);
          }
        }
      }
    }
    return new PixelImage(gridWidth, gridHeight, channels, pixels);
  }

  private static int scale(int side, int perLine) {
    int comfortable = Math.max(1, COMFORTABLE_SIDE / side);
    return Math.clamp(MAX_SIDE / ((long) perLine * (side + 1)), 1, comfortable);
  }

  /** [-1, 1] to 0 .. 255. */
  static byte toByte(float value) {
    return (byte) Math.round(Math.clamp((value + 1) * 127.5f, 0, 255));
  }
}
