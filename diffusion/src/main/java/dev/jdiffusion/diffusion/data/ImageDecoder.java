package dev.jdiffusion.diffusion.data;

import java.awt.color.ColorSpace;
import java.awt.image.BufferedImage;
import java.awt.image.ComponentColorModel;
import java.awt.image.DataBuffer;
import java.awt.image.Raster;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Locale;
import javax.imageio.ImageIO;
import javax.imageio.ImageReadParam;
import javax.imageio.ImageReader;
import javax.imageio.stream.ImageInputStream;
import javax.imageio.stream.MemoryCacheImageInputStream;
import org.jspecify.annotations.Nullable;

/**
 * Decodes PNG, JPEG, GIF and BMP files that may come from anywhere: sizes are checked before
 * anything is allocated for them, and whatever a damaged file makes the decoders throw becomes a
 * {@link CorruptImageException}.
 */
final class ImageDecoder {
  static final long MAX_PIXELS = 100_000_000;

  /** Pictures much larger than needed are thinned out to this many times the wanted size first. */
  private static final int OVERSAMPLING = 4;

  private static final int MAX_SIDE = 65_535;

  static {
    // Decoding needs no display, and must not look for one.
    if (System.getProperty("java.awt.headless") == null) {
      System.setProperty("java.awt.headless", "true");
    }
  }

  private ImageDecoder() {}

  /** A file that is not a usable picture; the message says why, without the file's name. */
  static final class CorruptImageException extends Exception {
    CorruptImageException(String reason, @Nullable Throwable cause) {
      super(reason, cause);
    }
  }

  /** height x width x channels bytes; one channel when the picture is grey, three otherwise. */
  record Picture(int height, int width, int channels, byte[] pixels) {
    /** The square of {@code size} pixels in its middle, with one or three channels. */
    byte[] square(int size, int wantedChannels) {
      byte[] source = pixels;
      if (wantedChannels == 1 && channels == 3) {
        source = toGrey(pixels);
      }
      int sourceChannels = Math.min(channels, wantedChannels);
      byte[] scaled = Resampler.toSquare(source, height, width, sourceChannels, size);
      return wantedChannels == sourceChannels ? scaled : repeat(scaled);
    }

    /** Luma of ITU-R BT.601. */
    private static byte[] toGrey(byte[] rgb) {
      byte[] grey = new byte[rgb.length / 3];
      for (int i = 0; i < grey.length; i++) {
        int red = rgb[3 * i] & 0xFF;
        int green = rgb[3 * i + 1] & 0xFF;
        int blue = rgb[3 * i + 2] & 0xFF;
        grey[i] = (byte) ((299 * red + 587 * green + 114 * blue + 500) / 1000);
      }
      return grey;
    }

    private static byte[] repeat(byte[] grey) {
      byte[] rgb = new byte[grey.length * 3];
      for (int i = 0; i < rgb.length; i++) {
        rgb[i] = grey[i / 3];
      }
      return rgb;
    }
  }

  /**
   * Decodes {@code file}; a picture much larger than {@code wantedSize} may come out smaller than
   * it is, but several times that size.
   */
  static Picture decode(byte[] file, int wantedSize) throws CorruptImageException {
    String format = format(file);
    ImageReader reader = ImageIO.getImageReadersByFormatName(format).next();
    StringBuilder warnings = new StringBuilder();
    try (ImageInputStream in = new MemoryCacheImageInputStream(new ByteArrayInputStream(file))) {
      reader.addIIOReadWarningListener((source, warning) -> warnings.append(warning).append(' '));
      reader.setInput(in, true, true);
      int width = reader.getWidth(0);
      int height = reader.getHeight(0);
      checkSize(width, height, file.length);
      ImageReadParam param = reader.getDefaultReadParam();
      int step = Math.max(1, Math.min(width, height) / (OVERSAMPLING * wantedSize));
      checkMemory(width, height, step);
      param.setSourceSubsampling(step, step, 0, 0);
      BufferedImage image = reader.read(0, param);
      // The JPEG decoder fills what is missing with grey and only warns.
      if (warnings.toString().toLowerCase(Locale.ROOT).contains("premature end")) {
        throw new CorruptImageException("the file ends too early", null);
      }
      Picture picture = pixels(image);
      return format.equals("jpeg") ? upright(picture, orientation(file)) : picture;
    } catch (IOException | RuntimeException e) {
      String message = e.getMessage();
      throw new CorruptImageException(
          "damaged " + format.toUpperCase(Locale.ROOT) + (message == null ? "" : ": " + message),
          e);
    } finally {
      reader.dispose();
    }
  }

  /** By content, not by name; other formats that ImageIO may know are not let near the data. */
  private static String format(byte[] file) throws CorruptImageException {
    if (startsWith(file, 0x89, 'P', 'N', 'G')) {
      return "png";
    }
    if (startsWith(file, 0xFF, 0xD8, 0xFF)) {
      return "jpeg";
    }
    if (startsWith(file, 'G', 'I', 'F', '8')) {
      return "gif";
    }
    if (startsWith(file, 'B', 'M')) {
      // Compression 4 and 5 embed a JPEG or PNG of a size that nobody would have checked.
      if (file.length > 30 && (file[30] == 4 || file[30] == 5)) {
        throw new CorruptImageException("BMP with an embedded JPEG or PNG", null);
      }
      return "bmp";
    }
    throw new CorruptImageException(
        file.length == 0 ? "the file is empty" : "not a PNG, JPEG, GIF or BMP file", null);
  }

  private static boolean startsWith(byte[] file, int... head) {
    for (int i = 0; i < head.length; i++) {
      if (i >= file.length || (file[i] & 0xFF) != head[i]) {
        return false;
      }
    }
    return true;
  }

  private static void checkSize(int width, int height, int fileLength)
      throws CorruptImageException {
    long pixels = (long) width * height;
    if (width < 1 || height < 1 || width > MAX_SIDE || height > MAX_SIDE || pixels > MAX_PIXELS) {
      throw new CorruptImageException(
          "%d x %d pixels (at most %d million)".formatted(width, height, MAX_PIXELS / 1_000_000),
          null);
    }
    // No format packs more than some 10,000 pixels into a byte.
    if (pixels > 10_000L * fileLength) {
      throw new CorruptImageException(
          "%d x %d pixels in only %d bytes".formatted(width, height, fileLength), null);
    }
  }

  private static void checkMemory(int width, int height, int step) throws CorruptImageException {
    // The decoder's raster and our copy, at most 8 bytes per pixel together.
    long bytes = 8L * (width / step + 1) * (height / step + 1);
    long memory = Runtime.getRuntime().maxMemory();
    if (bytes > memory / 4) {
      throw new CorruptImageException(
          "%d x %d pixels are too many for Java's %d MB of memory"
              .formatted(width, height, memory >> 20),
          null);
    }
  }

  private static Picture pixels(BufferedImage image) {
    int height = image.getHeight();
    int width = image.getWidth();
    if (isPlainGrey(image)) {
      return new Picture(height, width, 1, greySamples(image));
    }
    byte[] rgb = new byte[Math.multiplyExact(3, height * width)];
    int[] row = new int[width];
    boolean grey = true;
    boolean hasAlpha = image.getColorModel().hasAlpha();
    int at = 0;
    for (int y = 0; y < height; y++) {
      image.getRGB(0, y, width, 1, row, 0, width);
      for (int argb : row) {
        int alpha = hasAlpha ? argb >>> 24 : 255;
        int red = onWhite(argb >> 16 & 0xFF, alpha);
        int green = onWhite(argb >> 8 & 0xFF, alpha);
        int blue = onWhite(argb & 0xFF, alpha);
        grey &= red == green && green == blue;
        rgb[at++] = (byte) red;
        rgb[at++] = (byte) green;
        rgb[at++] = (byte) blue;
      }
    }
    if (!grey) {
      return new Picture(height, width, 3, rgb);
    }
    byte[] single = new byte[height * width];
    for (int i = 0; i < single.length; i++) {
      single[i] = rgb[3 * i];
    }
    return new Picture(height, width, 1, single);
  }

  private static boolean isPlainGrey(BufferedImage image) {
    int dataType = image.getRaster().getTransferType();
    return image.getColorModel() instanceof ComponentColorModel model
        && model.getColorSpace().getType() == ColorSpace.TYPE_GRAY
        && (dataType == DataBuffer.TYPE_BYTE || dataType == DataBuffer.TYPE_USHORT);
  }

  /** The samples as they are: {@code getRGB} would bend grey values through a gamma curve. */
  private static byte[] greySamples(BufferedImage image) {
    Raster raster = image.getRaster();
    int height = image.getHeight();
    int width = image.getWidth();
    int shift = raster.getTransferType() == DataBuffer.TYPE_USHORT ? 8 : 0;
    boolean hasAlpha = image.getColorModel().hasAlpha();
    byte[] grey = new byte[height * width];
    int[] samples = new int[width];
    int[] alphas = new int[width];
    for (int y = 0; y < height; y++) {
      raster.getSamples(0, y, width, 1, 0, samples);
      if (hasAlpha) {
        raster.getSamples(0, y, width, 1, 1, alphas);
      }
      for (int x = 0; x < width; x++) {
        int alpha = hasAlpha ? alphas[x] >> shift : 255;
        grey[y * width + x] = (byte) onWhite(samples[x] >> shift, alpha);
      }
    }
    return grey;
  }

  private static int onWhite(int value, int alpha) {
    return (value * alpha + 255 * (255 - alpha) + 127) / 255;
  }

  /** The Exif orientation of a JPEG, 1 to 8: cameras store pictures as the sensor lay. */
  private static int orientation(byte[] file) {
    ByteBuffer bytes = ByteBuffer.wrap(file);
    try {
      int at = 2;
      while ((bytes.get(at) & 0xFF) == 0xFF) {
        int marker = bytes.get(at + 1) & 0xFF;
        int length = bytes.getShort(at + 2) & 0xFFFF;
        if (marker == 0xE1 && bytes.getInt(at + 4) == 0x45786966) {
          return tiffOrientation(bytes.slice(at + 10, Math.max(0, length - 8)));
        }
        if (marker == 0xDA) {
          break;
        }
        at += 2 + length;
      }
    } catch (IndexOutOfBoundsException | BufferUnderflowException e) {
      // A picture that decodes is worth keeping even where its Exif data is cut short.
      return 1;
    }
    return 1;
  }

  private static int tiffOrientation(ByteBuffer tiff) {
    tiff.order(tiff.get(0) == 'I' ? ByteOrder.LITTLE_ENDIAN : ByteOrder.BIG_ENDIAN);
    int directory = tiff.getInt(4);
    int entries = tiff.getShort(directory) & 0xFFFF;
    for (int i = 0; i < entries; i++) {
      int entry = directory + 2 + 12 * i;
      if (tiff.getShort(entry) == 0x0112) {
        int value = tiff.getShort(entry + 8);
        return value >= 1 && value <= 8 ? value : 1;
      }
    }
    return 1;
  }

  /** Turns and mirrors as Exif orientation asks: 5 to 8 swap the sides. */
  private static Picture upright(Picture picture, int orientation) {
    if (orientation == 1) {
      return picture;
    }
    int channels = picture.channels();
    boolean swap = orientation >= 5;
    int height = swap ? picture.width() : picture.height();
    int width = swap ? picture.height() : picture.width();
    boolean fromRight =
        orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
    boolean fromBottom =
        orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
    byte[] turned = new byte[picture.pixels().length];
    for (int y = 0; y < height; y++) {
      for (int x = 0; x < width; x++) {
        int sourceX = swap ? y : x;
        int sourceY = swap ? x : y;
        if (fromRight) {
          sourceX = picture.width() - 1 - sourceX;
        }
        if (fromBottom) {
          sourceY = picture.height() - 1 - sourceY;
        }
        System.arraycopy(
            picture.pixels(),
            (sourceY * picture.width() + sourceX) * channels,
            turned,
            (y * width + x) * channels,
            channels);
      }
    }
    return new Picture(height, width, channels, turned);
  }
}
