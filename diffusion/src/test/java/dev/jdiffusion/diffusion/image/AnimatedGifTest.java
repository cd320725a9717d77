package dev.jdiffusion.diffusion.image;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.jdiffusion.diffusion.UserError;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.metadata.IIOMetadataNode;
import javax.imageio.stream.ImageInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AnimatedGifTest {
  @TempDir private Path folder;

  private record Frame(BufferedImage image, int delay, String disposal) {}

  private static List<Frame> read(Path file) throws IOException {
    ImageReader reader = ImageIO.getImageReadersByFormatName("gif").next();
    try (ImageInputStream in = ImageIO.createImageInputStream(file.toFile())) {
      reader.setInput(in);
      List<Frame> frames = new ArrayList<>();
      for (int i = 0; i < reader.getNumImages(true); i++) {
        IIOMetadataNode root =
            (IIOMetadataNode) reader.getImageMetadata(i).getAsTree("javax_imageio_gif_image_1.0");
        IIOMetadataNode control =
            (IIOMetadataNode) root.getElementsByTagName("GraphicControlExtension").item(0);
        frames.add(
            new Frame(
                reader.read(i),
                Integer.parseInt(control.getAttribute("delayTime")),
                control.getAttribute("disposalMethod")));
      }
      return frames;
    } finally {
      reader.dispose();
    }
  }

  private static PixelImage noise(int channels, int colours, long seed) {
    byte[] pixels = new byte[40 * 30 * channels];
    Random random = new Random(seed);
    for (int i = 0; i < pixels.length; i++) {
      pixels[i] = (byte) (random.nextInt(colours) * 255 / (colours - 1));
    }
    return new PixelImage(40, 30, channels, pixels);
  }

  private static byte[] rgb(BufferedImage image) {
    byte[] rgb = new byte[image.getWidth() * image.getHeight() * 3];
    for (int i = 0; i < rgb.length / 3; i++) {
      int value = image.getRGB(i % image.getWidth(), i / image.getWidth());
      rgb[3 * i] = (byte) (value >> 16);
      rgb[3 * i + 1] = (byte) (value >> 8);
      rgb[3 * i + 2] = (byte) value;
    }
    return rgb;
  }

  @Test
  void everyGreyValueOfEveryFrameSurvives() throws IOException {
    List<PixelImage> frames = new ArrayList<>();
    for (int i = 0; i < 5; i++) {
      frames.add(noise(1, 256, i));
    }
    Path file = folder.resolve("a.gif");
    AnimatedGif.write(file, frames, 80, 2000);
    List<Frame> read = read(file);
    assertEquals(5, read.size());
    for (int i = 0; i < 5; i++) {
      byte[] rgb = rgb(read.get(i).image());
      for (int p = 0; p < 40 * 30; p++) {
        assertEquals(frames.get(i).pixels()[p], rgb[3 * p]);
        assertEquals(frames.get(i).pixels()[p], rgb[3 * p + 1]);
        assertEquals(frames.get(i).pixels()[p], rgb[3 * p + 2]);
      }
      assertEquals(i < 4 ? 8 : 200, read.get(i).delay());
      assertEquals("none", read.get(i).disposal());
    }
  }

  @Test
  void theAnimationRepeatsForEver() throws IOException {
    Path file = folder.resolve("a.gif");
    AnimatedGif.write(file, List.of(noise(1, 256, 1), noise(1, 256, 2)), 80, 80);
    String bytes = Files.readString(file, StandardCharsets.ISO_8859_1);
    // Extension introducer, application label, 11 bytes of name, sub-block 1 with 0 repeats.
    assertTrue(bytes.contains("\u0021\u00FF\u000BNETSCAPE2.0\u0003\u0001\u0000\u0000\u0000"));
    assertEquals(bytes.indexOf("NETSCAPE"), bytes.lastIndexOf("NETSCAPE"));
  }

  @Test
  void fewColoursSurviveExactly() throws IOException {
    PixelImage few = noise(3, 6, 3);
    Path file = folder.resolve("a.gif");
    AnimatedGif.write(file, List.of(few, noise(3, 6, 4)), 80, 80);
    assertArrayEquals(few.pixels(), rgb(read(file).getFirst().image()));
  }

  @Test
  void aSmoothColourRampIsDitheredInsteadOfFallingIntoBands() throws IOException {
    int side = 256;
    byte[] pixels = new byte[side * side * 3];
    for (int i = 0; i < side * side; i++) {
      int x = i % side;
      int y = i / side;
      pixels[3 * i] = (byte) (64 + x / 2);
      pixels[3 * i + 1] = (byte) (64 + y / 2);
      pixels[3 * i + 2] = (byte) (192 - (x + y) / 4);
    }
    PixelImage ramp = new PixelImage(side, side, 3, pixels);
    Path file = folder.resolve("a.gif");
    AnimatedGif.write(file, List.of(ramp, ramp), 80, 80);
    byte[] rgb = rgb(read(file).getFirst().image());
    double squares = 0;
    double[] blocks = new double[32 * 32 * 3];
    for (int i = 0; i < rgb.length; i++) {
      int difference = (rgb[i] & 0xFF) - (pixels[i] & 0xFF);
      squares += difference * difference;
      int x = i / 3 % side;
      int y = i / 3 / side;
      blocks[(y / 8 * 32 + x / 8) * 3 + i % 3] += difference / 64.0;
    }
    assertEquals(0, Math.sqrt(squares / rgb.length), 4, "deviation per channel");
    // What the eye sees from afar: the means of 8x8 blocks. Without dithering they are off by 1.3.
    assertEquals(0, Arrays.stream(blocks).map(Math::abs).average().orElseThrow(), 1.05);
  }

  @Test
  void wrongFramesAreRefused() {
    Path file = folder.resolve("a.gif");
    assertThrows(IllegalArgumentException.class, () -> AnimatedGif.write(file, List.of(), 80, 80));
    PixelImage other = new PixelImage(1, 1, 1, new byte[1]);
    assertThrows(
        IllegalArgumentException.class,
        () -> AnimatedGif.write(file, List.of(noise(1, 256, 1), other), 80, 80));
    assertThrows(
        UserError.class,
        () -> AnimatedGif.write(folder.resolve("x/a.gif"), List.of(other), 80, 80));
  }
}
