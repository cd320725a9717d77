package dev.jdiffusion.diffusion.image;

import dev.jdiffusion.diffusion.AtomicFiles;
import java.awt.image.BufferedImage;
import java.awt.image.DataBufferByte;
import java.awt.image.IndexColorModel;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.List;
import javax.imageio.IIOImage;
import javax.imageio.ImageIO;
import javax.imageio.ImageTypeSpecifier;
import javax.imageio.ImageWriter;
import javax.imageio.metadata.IIOInvalidTreeException;
import javax.imageio.metadata.IIOMetadata;
import javax.imageio.metadata.IIOMetadataNode;
import javax.imageio.stream.MemoryCacheImageOutputStream;

/** Writes frames as a GIF that repeats for ever. Grey frames keep every grey value. */
public final class AnimatedGif {
  private static final String FRAME_FORMAT = "javax_imageio_gif_image_1.0";

  private AnimatedGif() {}

  /**
   * Writes {@code frames}, all of one size, to {@code file}.
   *
   * @param frameMillis how long each frame shows; GIF counts in hundredths of a second, and
   *     browsers slow down below two
   * @param lastFrameMillis how long the last frame, the finished picture, shows
   * @throws dev.jdiffusion.diffusion.UserError when {@code file} cannot be written
   */
  public static void write(
      Path file, List<PixelImage> frames, int frameMillis, int lastFrameMillis) {
    if (frames.isEmpty()) {
      throw new IllegalArgumentException("gif: no frames");
    }
    PixelImage first = frames.getFirst();
    for (PixelImage frame : frames) {
      if (frame.width() != first.width() || frame.height() != first.height()) {
        throw new IllegalArgumentException(
            "gif: frames of %d x %d and %d x %d pixels"
                .formatted(first.width(), first.height(), frame.width(), frame.height()));
      }
    }
    AtomicFiles.write(file, encode(frames, frameMillis, lastFrameMillis));
  }

  private static byte[] encode(List<PixelImage> frames, int frameMillis, int lastFrameMillis) {
    GifPalette palette = GifPalette.of(frames);
    IndexColorModel colours =
        new IndexColorModel(8, 256, palette.reds, palette.greens, palette.blues);
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    ImageWriter writer = ImageIO.getImageWritersByFormatName("gif").next();
    try (MemoryCacheImageOutputStream out = new MemoryCacheImageOutputStream(bytes)) {
      writer.setOutput(out);
      writer.prepareWriteSequence(null);
      for (int i = 0; i < frames.size(); i++) {
        BufferedImage image = indexed(frames.get(i), palette, colours);
        int millis = i + 1 < frames.size() ? frameMillis : lastFrameMillis;
        IIOMetadata metadata = metadata(writer, image, Math.max(2, millis / 10), i == 0);
        writer.writeToSequence(new IIOImage(image, null, metadata), null);
      }
      writer.endWriteSequence();
    } catch (IOException e) {
      throw new UncheckedIOException("writing to memory failed", e);
    } finally {
      writer.dispose();
    }
    return bytes.toByteArray();
  }

  private static BufferedImage indexed(
      PixelImage frame, GifPalette palette, IndexColorModel colours) {
    BufferedImage image =
        new BufferedImage(frame.width(), frame.height(), BufferedImage.TYPE_BYTE_INDEXED, colours);
    byte[] entries = palette.map(frame);
    byte[] target = ((DataBufferByte) image.getRaster().getDataBuffer()).getData();
    System.arraycopy(entries, 0, target, 0, entries.length);
    return image;
  }

  private static IIOMetadata metadata(
      ImageWriter writer, BufferedImage image, int hundredths, boolean first)
      throws IIOInvalidTreeException {
    IIOMetadata metadata = writer.getDefaultImageMetadata(new ImageTypeSpecifier(image), null);
    IIOMetadataNode root = new IIOMetadataNode(FRAME_FORMAT);
    IIOMetadataNode control = new IIOMetadataNode("GraphicControlExtension");
    control.setAttribute("disposalMethod", "none");
    control.setAttribute("userInputFlag", "FALSE");
    control.setAttribute("transparentColorFlag", "FALSE");
    control.setAttribute("transparentColorIndex", "0");
    control.setAttribute("delayTime", Integer.toString(hundredths));
    root.appendChild(control);
    if (first) {
      IIOMetadataNode extensions = new IIOMetadataNode("ApplicationExtensions");
      IIOMetadataNode loop = new IIOMetadataNode("ApplicationExtension");
      loop.setAttribute("applicationID", "NETSCAPE");
      loop.setAttribute("authenticationCode", "2.0");
      // Sub-block 1: repeat 0 times, which means for ever.
      loop.setUserObject(new byte[] {1, 0, 0});
      extensions.appendChild(loop);
      root.appendChild(extensions);
    }
    metadata.mergeTree(FRAME_FORMAT, root);
    return metadata;
  }
}
