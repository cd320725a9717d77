package dev.jdiffusion.diffusion.image;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * At most 256 colours for a whole animation, and the nearest of them for every pixel.
 *
 * <p>Up to 256 different colours, which includes everything grey, are kept exactly. More are
 * divided into boxes of the colour cube, always splitting the box with the greatest squared error
 * at its mean (after Wu, "Efficient Statistical Computations for Optimal Color Quantization",
 * 1991), and dithered with a fixed pattern, which unlike error diffusion does not flicker between
 * frames.
 */
final class GifPalette {
  private static final int SIZE = 256;

  /** Bits per channel of the cells in which colours are counted and looked up. */
  private static final int BITS = 6;

  private static final int CELLS = 1 << (3 * BITS);

  /** Bayer's matrix: thresholds that spread evenly over every neighbourhood. */
  private static final int[] BAYER = new int[64];

  static {
    for (int y = 0; y < 8; y++) {
      for (int x = 0; x < 8; x++) {
        int value = 0;
        for (int bit = 0; bit < 3; bit++) {
          value = value << 2 | ((x ^ y) >> bit & 1) << 1 | y >> bit & 1;
        }
        BAYER[8 * y + x] = value;
      }
    }
  }

  final byte[] reds = new byte[SIZE];
  final byte[] greens = new byte[SIZE];
  final byte[] blues = new byte[SIZE];

  private int colours;
  private float dither;

  /** The palette entry of each cell, or -1 while nobody asked for it. */
  private final short[] nearest = new short[CELLS];

  private GifPalette() {
    Arrays.fill(nearest, (short) -1);
  }

  /** A palette for all of {@code frames}. */
  static GifPalette of(List<PixelImage> frames) {
    GifPalette palette = new GifPalette();
    if (frames.stream().allMatch(frame -> frame.channels() == 1)) {
      for (int i = 0; i < SIZE; i++) {
        palette.add(i, i, i);
      }
      return palette;
    }
    Set<Integer> exact = fewColours(frames);
    if (exact.size() <= SIZE) {
      exact.stream().sorted().forEach(rgb -> palette.add(rgb >> 16, rgb >> 8 & 0xFF, rgb & 0xFF));
      return palette;
    }
    palette.quantise(frames);
    return palette;
  }

  private void add(int red, int green, int blue) {
    reds[colours] = (byte) red;
    greens[colours] = (byte) green;
    blues[colours++] = (byte) blue;
  }

  /** The different colours, but no more than are needed to know that they are too many. */
  private static Set<Integer> fewColours(List<PixelImage> frames) {
    Set<Integer> found = new HashSet<>();
    for (PixelImage frame : frames) {
      int pixels = frame.width() * frame.height();
      int last = -1;
      for (int i = 0; i < pixels && found.size() <= SIZE; i++) {
        int rgb = rgb(frame, i);
        if (rgb != last) {
          found.add(rgb);
          last = rgb;
        }
      }
    }
    return found;
  }

  private static int rgb(PixelImage frame, int pixel) {
    byte[] bytes = frame.pixels();
    if (frame.channels() == 1) {
      return (bytes[pixel] & 0xFF) * 0x010101;
    }
    return (bytes[3 * pixel] & 0xFF) << 16
        | (bytes[3 * pixel + 1] & 0xFF) << 8
        | bytes[3 * pixel + 2] & 0xFF;
  }

  private static int cell(int red, int green, int blue) {
    int drop = 8 - BITS;
    return red >> drop << 2 * BITS | green >> drop << BITS | blue >> drop;
  }

  /** Cells of the colour cube that become one palette entry. */
  private static final class Box {
    final int[] cells;
    final double[] mean = new double[3];
    final int widest;
    final double error;

    Box(int[] cells, long[] counts) {
      this.cells = cells;
      double total = 0;
      double[] squares = new double[3];
      for (int cell : cells) {
        double count = counts[cell];
        total += count;
        for (int axis = 0; axis < 3; axis++) {
          double value = centre(cell, axis);
          mean[axis] += count * value;
          squares[axis] += count * value * value;
        }
      }
      int axisOfMost = 0;
      double sum = 0;
      double most = -1;
      for (int axis = 0; axis < 3; axis++) {
        mean[axis] /= total;
        double variance = squares[axis] - total * mean[axis] * mean[axis];
        sum += Math.max(0, variance);
        if (variance > most) {
          most = variance;
          axisOfMost = axis;
        }
      }
      widest = axisOfMost;
      error = cells.length > 1 ? sum : 0;
    }

    static double centre(int cell, int axis) {
      int value = cell >> (2 - axis) * BITS & (1 << BITS) - 1;
      // 0 and 63 stand for 0 and 255, so that black and white stay what they are.
      return value * 255.0 / ((1 << BITS) - 1);
    }
  }

  private void quantise(List<PixelImage> frames) {
    long[] counts = new long[CELLS];
    for (PixelImage frame : frames) {
      int pixels = frame.width() * frame.height();
      for (int i = 0; i < pixels; i++) {
        int rgb = rgb(frame, i);
        counts[cell(rgb >> 16, rgb >> 8 & 0xFF, rgb & 0xFF)]++;
      }
    }
    int[] used = new int[CELLS];
    int usedCells = 0;
    long total = 0;
    for (int cell = 0; cell < CELLS; cell++) {
      if (counts[cell] > 0) {
        used[usedCells++] = cell;
        total += counts[cell];
      }
    }
    List<Box> boxes = new ArrayList<>();
    boxes.add(new Box(Arrays.copyOf(used, usedCells), counts));
    while (boxes.size() < SIZE) {
      Box worst = boxes.getFirst();
      for (Box box : boxes) {
        worst = box.error > worst.error ? box : worst;
      }
      if (worst.error <= 0) {
        break;
      }
      boxes.remove(worst);
      int axis = worst.widest;
      double mean = worst.mean[axis];
      boxes.add(
          new Box(
              Arrays.stream(worst.cells).filter(c -> Box.centre(c, axis) <= mean).toArray(),
              counts));
      boxes.add(
          new Box(
              Arrays.stream(worst.cells).filter(c -> Box.centre(c, axis) > mean).toArray(),
              counts));
    }
    double error = 0;
    for (Box box : boxes) {
      add(
          (int) Math.round(box.mean[0]),
          (int) Math.round(box.mean[1]),
          (int) Math.round(box.mean[2]));
      error += box.error;
    }
    // A uniform spread of this width has the same deviation as the palette's error per channel.
    dither = (float) (Math.sqrt(error / total / 3) * Math.sqrt(12));
  }

  /** The palette entries of {@code frame}, row by row. */
  byte[] map(PixelImage frame) {
    int width = frame.width();
    byte[] entries = new byte[width * frame.height()];
    if (frame.channels() == 1 && colours == SIZE && dither == 0 && reds[1] == 1) {
      System.arraycopy(frame.pixels(), 0, entries, 0, entries.length);
      return entries;
    }
    for (int i = 0; i < entries.length; i++) {
      int rgb = rgb(frame, i);
      float shift = dither * ((BAYER[8 * (i / width & 7) + (i % width & 7)] + 0.5f) / 64 - 0.5f);
      int red = shifted(rgb >> 16, shift);
      int green = shifted(rgb >> 8 & 0xFF, shift);
      int blue = shifted(rgb & 0xFF, shift);
      if (dither == 0) {
        entries[i] = (byte) search(red, green, blue);
        continue;
      }
      int cell = cell(red, green, blue);
      if (nearest[cell] < 0) {
        nearest[cell] =
            (short)
                search(
                    (int) Math.round(Box.centre(cell, 0)),
                    (int) Math.round(Box.centre(cell, 1)),
                    (int) Math.round(Box.centre(cell, 2)));
      }
      entries[i] = (byte) nearest[cell];
    }
    return entries;
  }

  private static int shifted(int value, float shift) {
    return Math.clamp(Math.round(value + shift), 0, 255);
  }

  private int search(int red, int green, int blue) {
    int best = 0;
    int bestDistance = Integer.MAX_VALUE;
    for (int i = 0; i < colours; i++) {
      int dr = red - (reds[i] & 0xFF);
      int dg = green - (greens[i] & 0xFF);
      int db = blue - (blues[i] & 0xFF);
      int distance = dr * dr + dg * dg + db * db;
      if (distance < bestDistance) {
        best = i;
        bestDistance = distance;
      }
    }
    return best;
  }
}
