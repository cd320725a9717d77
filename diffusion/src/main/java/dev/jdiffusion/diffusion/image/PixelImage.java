package dev.jdiffusion.diffusion.image;

import dev.jdiffusion.diffusion.AtomicFiles;
import java.awt.Transparency;
import java.awt.color.ColorSpace;
import java.awt.image.BufferedImage;
import java.awt.image.ComponentColorModel;
import java.awt.image.DataBuffer;
import java.awt.image.DataBufferByte;
import java.awt.image.Raster;
import java.awt.image.WritableRaster;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import javax.imageio.ImageIO;
import javax.imageio.stream.MemoryCacheImageOutputStream;

/**
 * A finished picture: height x width x channels bytes, 1 channel for grey and 3 for red, green,
 * blue.
 *
 * @param width pixels per row
 * @param height rows
 * @param channels 1 or 3
 * @param pixels row by row; not copied
 */
public record PixelImage(int width, int height, int channels, byte[] pixels) {
  static {
    // Encoding needs no display, and must not look for one.
    if (System.getProperty("java.awt.headless") == null) {
      System.setProperty("java.awt.headless", "true");
    }
  }

  /** Checks that the numbers agree. */
  public PixelImage {
    if (width < 1
        || height < 1
        || (channels != 1 && channels != 3)
        || pixels.length != (long) width * height * channels) {
      throw new IllegalArgumentException(
          "picture of %d x %d pixels with %d channels in %d bytes"
              .formatted(width, height, channels, pixels.length));
    }
  }

  /**
   * Writes this picture as a PNG file.
   *
   * @throws dev.jdiffusion.diffusion.UserError when {@code file} cannot be written
   */
  public void writePng(Path file) {
    AtomicFiles.write(file, png(buffered()));
  }

  static byte[] png(BufferedImage image) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (MemoryCacheImageOutputStream out = new MemoryCacheImageOutputStream(bytes)) {
      if (!ImageIO.write(image, "png", out)) {
        throw new IllegalStateException("this Java has no PNG writer");
      }
    } catch (IOException e) {
      throw new UncheckedIOException("writing to memory failed", e);
    }
    return bytes.toByteArray();
  }

  private BufferedImage buffered() {
    int[] offsets = channels == 1 ? new int[] {0} : new int[] {0, 1, 2};
    WritableRaster raster =
        Raster.createInterleavedRaster(
            new DataBufferByte(pixels, pixels.length),
            width,
            height,
            width * channels,
            channels,
            offsets,
            null);
    ColorSpace space =
        ColorSpace.getInstance(channels == 1 ? ColorSpace.CS_GRAY : ColorSpace.CS_sRGB);
    ComponentColorModel model =
        new ComponentColorModel(space, false, false, Transparency.OPAQUE, DataBuffer.TYPE_BYTE);
    return new BufferedImage(model, raster, false, null);
  }
}
