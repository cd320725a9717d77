package dev.jdiffusion.diffusion.data;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.List;
import java.util.Objects;
import java.util.stream.IntStream;

/**
 * Handwriting-like digits drawn from pen strokes: the embedded dataset that needs no download.
 *
 * <p>Picture i is a function of (seed, i): a style of its digit, every point of its strokes shifted
 * a little, the whole bent, slanted, rotated and stretched, drawn with a pen of its own width and
 * pressure, and set into the picture as MNIST does it: 20 of 28 pixels high and centred by mass.
 * All arithmetic is exact IEEE 754 or {@link StrictMath}, so the bytes are the same on every
 * machine.
 *
 * <p>A picture is drawn when it is first read (some 15 microseconds) and then kept as bytes, so
 * that training starts at once.
 */
public final class StrokesDataset implements ImageDataset {
  /** As many pictures as MNIST's training set has. */
  public static final int DEFAULT_SIZE = 60_000;

  /** The side length for which the pen widths below are meant. */
  public static final int DEFAULT_IMAGE_SIZE = 28;

  private static final List<String> CLASS_NAMES =
      IntStream.range(0, 10).mapToObj(Integer::toString).toList();

  private static final VarHandle SLOT = MethodHandles.arrayElementVarHandle(byte[][].class);

  private final long seed;
  private final int imageSize;
  private final byte[][] drawn;

  /** The default dataset: 60,000 digits of 28x28 pixels. */
  public StrokesDataset(long seed) {
    this(seed, DEFAULT_SIZE, DEFAULT_IMAGE_SIZE);
  }

  /** {@code size} digits of {@code imageSize} x {@code imageSize} pixels. */
  public StrokesDataset(long seed, int size, int imageSize) {
    if (size < 1 || imageSize < 8 || imageSize > 1024) {
      throw new IllegalArgumentException(
          "strokes: size " + size + " (at least 1), image size " + imageSize + " (8 to 1024)");
    }
    this.seed = seed;
    this.imageSize = imageSize;
    drawn = new byte[size][];
  }

  @Override
  public String name() {
    return "strokes";
  }

  @Override
  public int size() {
    return drawn.length;
  }

  @Override
  public int height() {
    return imageSize;
  }

  @Override
  public int width() {
    return imageSize;
  }

  @Override
  public int channels() {
    return 1;
  }

  @Override
  public List<String> classNames() {
    return CLASS_NAMES;
  }

  @Override
  public int label(int index) {
    return Objects.checkIndex(index, drawn.length) % 10;
  }

  @Override
  public void read(int index, float[] target, int offset) {
    // Two threads may draw the same picture at once; both get the same bytes.
    byte[] pixels = (byte[]) SLOT.getAcquire(drawn, index);
    if (pixels == null) {
      pixels = new DigitPainter(imageSize).paint(seed, index, label(index));
      SLOT.setRelease(drawn, index, pixels);
    }
    PixelStore.toFloats(pixels, target, offset);
  }

  @Override
  public void close() {}
}
