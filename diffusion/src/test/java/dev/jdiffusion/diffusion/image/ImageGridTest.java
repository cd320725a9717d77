package dev.jdiffusion.diffusion.image;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.jdiffusion.diffusion.UserError;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ImageGridTest {
  @TempDir private Path folder;

  @ParameterizedTest
  @CsvSource({"1,5,2,3", "3,5,2,3", "1,4,4,1", "3,7,3,2", "1,1,1,4"})
  void everyPixelOfEveryPictureIsInThePng(int channels, int count, int columns, int scale)
      throws IOException {
    int height = 6;
    int width = 4;
    float[] images = new float[count * height * width * channels];
    Random random = new Random(1);
    for (int i = 0; i < images.length; i++) {
      images[i] = random.nextInt(256) / 127.5f - 1;
    }
    Path file = folder.resolve("grid.png");
    ImageGrid.of(images, count, height, width, channels, columns, scale).writePng(file);
    BufferedImage png = ImageIO.read(file.toFile());
    assertEquals(columns * (width * scale + scale) + scale, png.getWidth());
    int rows = (count + columns - 1) / columns;
    assertEquals(rows * (height * scale + scale) + scale, png.getHeight());
    assertEquals(channels, png.getRaster().getNumBands());
    for (int i = 0; i < count; i++) {
      for (int y = 0; y < height * scale; y++) {
        for (int x = 0; x < width * scale; x++) {
          for (int c = 0; c < channels; c++) {
            int at = ((i * height + y / scale) * width + x / scale) * channels + c;
            int px = scale + i % columns * (width + 1) * scale + x;
            int py = scale + i / columns * (height + 1) * scale + y;
            assertEquals(
                Math.round((images[at] + 1) * 127.5f), png.getRaster().getSample(px, py, c));
          }
        }
      }
    }
  }

  @Test
  void valuesOutsideTheRangeAreClipped() {
    assertEquals(0, ImageGrid.toByte(-1.5f));
    assertEquals((byte) 255, ImageGrid.toByte(7));
    assertEquals((byte) 128, ImageGrid.toByte(0));
    assertEquals((byte) 255, ImageGrid.toByte(Float.POSITIVE_INFINITY));
    assertEquals(0, ImageGrid.toByte(Float.NaN));
  }

  @Test
  void smallPicturesAreEnlargedAndManyLargeOnesAreNot() {
    assertEquals(8 * (28 + 1) * 3 + 3, ImageGrid.of(new float[64 * 784], 64, 28, 28, 1).width());
    PixelImage large = ImageGrid.of(new float[100 * 128 * 128], 100, 128, 128, 1);
    assertEquals(10 * 129 + 1, large.width());
    assertTrue(ImageGrid.of(new float[3], 1, 1, 1, 3).width() > 90);
  }

  @Test
  void wrongNumbersAreRefused() {
    assertThrows(IllegalArgumentException.class, () -> ImageGrid.of(new float[10], 2, 3, 3, 1));
    assertThrows(IllegalArgumentException.class, () -> ImageGrid.of(new float[9], 1, 3, 3, 1, 0));
    assertThrows(IllegalArgumentException.class, () -> new PixelImage(2, 2, 2, new byte[8]));
  }

  @Test
  void aFileIsReplacedWholeAndNothingElseIsLeft() throws IOException {
    Path file = Files.write(folder.resolve("grid.png"), new byte[100_000]);
    ImageGrid.of(new float[784], 1, 28, 28, 1).writePng(file);
    assertEquals(28 * 3 + 6, ImageIO.read(file.toFile()).getWidth());
    try (var files = Files.list(folder)) {
      assertEquals(1, files.count());
    }
  }

  @Test
  void aPlaceThatCannotBeWrittenIsNamed() throws IOException {
    PixelImage grid = ImageGrid.of(new float[784], 1, 28, 28, 1);
    Path inFile = Files.write(folder.resolve("file"), new byte[1]).resolve("grid.png");
    Path inNothing = folder.resolve("none").resolve("grid.png");
    Path onFolder = Files.createDirectories(folder.resolve("full").resolve("x")).getParent();
    for (Path place : new Path[] {inFile, inNothing, onFolder}) {
      UserError error = assertThrows(UserError.class, () -> grid.writePng(place));
      assertTrue(
          String.valueOf(error.getMessage()).startsWith("cannot write " + place + ": "),
          error.getMessage());
    }
    try (var files = Files.list(folder)) {
      assertEquals(2, files.count());
    }
  }
}
