package dev.jdiffusion.diffusion.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.jdiffusion.diffusion.data.ImageDecoder.CorruptImageException;
import dev.jdiffusion.diffusion.data.ImageDecoder.Picture;
import java.awt.image.BufferedImage;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.zip.CRC32;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ImageDecoderTest {
  @ParameterizedTest
  @ValueSource(strings = {"png", "bmp"})
  void colourComesOutExactly(String format) throws CorruptImageException {
    BufferedImage image = new BufferedImage(5, 4, BufferedImage.TYPE_INT_RGB);
    for (int i = 0; i < 20; i++) {
      image.setRGB(i % 5, i / 5, 10 * i << 16 | 12 * i << 8 | 5 * i);
    }
    Picture picture = ImageDecoder.decode(TestFiles.encode(format, image), 4);
    assertEquals(3, picture.channels());
    assertEquals(4, picture.height());
    assertEquals(5, picture.width());
    for (int i = 0; i < 20; i++) {
      assertEquals(10 * i, picture.pixels()[3 * i] & 0xFF);
      assertEquals(12 * i, picture.pixels()[3 * i + 1] & 0xFF);
      assertEquals(5 * i, picture.pixels()[3 * i + 2] & 0xFF);
    }
  }

  @ParameterizedTest
  @CsvSource({"png,10", "png,11", "bmp,10", "gif,10", "jpeg,10"})
  void greyValuesAreNotBentByAGammaCurve(String format, int type) throws CorruptImageException {
    BufferedImage image = new BufferedImage(16, 16, type);
    int top = type == BufferedImage.TYPE_USHORT_GRAY ? 257 : 1;
    for (int i = 0; i < 256; i++) {
      image.getRaster().setSample(i % 16, i / 16, 0, (i / 16 * 16) * top);
    }
    Picture picture = ImageDecoder.decode(TestFiles.encode(format, image), 16);
    assertEquals(1, picture.channels());
    for (int i = 0; i < 256; i++) {
      assertEquals(
          i / 16 * 16, picture.pixels()[i] & 0xFF, format.equals("jpeg") ? 3 : 0, "pixel " + i);
    }
  }

  @Test
  void transparentPixelsBecomeWhite() throws CorruptImageException {
    BufferedImage image = new BufferedImage(2, 1, BufferedImage.TYPE_INT_ARGB);
    image.setRGB(0, 0, 0x00123456);
    image.setRGB(1, 0, 0x80FF0000);
    Picture picture = ImageDecoder.decode(TestFiles.encode("png", image), 1);
    assertArrayEquals(new byte[] {-1, -1, -1, -1, 127, 127}, picture.pixels());
  }

  @Test
  void greyAndColourTurnIntoEachOther() {
    Picture colour = new Picture(1, 1, 3, new byte[] {(byte) 255, 0, 0});
    assertArrayEquals(new byte[] {76}, colour.square(1, 1));
    Picture grey = new Picture(1, 1, 1, new byte[] {50});
    assertArrayEquals(new byte[] {50, 50, 50}, grey.square(1, 3));
  }

  @Test
  void largePicturesAreThinnedOutButNotBelowFourTimesTheWantedSize() throws CorruptImageException {
    byte[] file = TestFiles.image("png", 1000, 900, 1);
    Picture picture = ImageDecoder.decode(file, 16);
    assertTrue(picture.height() < 100 && picture.height() >= 64, () -> "" + picture.height());
    assertEquals(900, ImageDecoder.decode(file, 256).height());
  }

  @ParameterizedTest
  @CsvSource({
    "1, ABCDEF, 3", "2, CBAFED, 3", "3, FEDCBA, 3", "4, DEFABC, 3",
    "5, ADBECF, 2", "6, DAEBFC, 2", "7, FCEBDA, 2", "8, CFBEAD, 2"
  })
  void exifOrientationIsFollowed(int orientation, String expected, int width)
      throws CorruptImageException {
    // Blocks of 16x16 pixels, ABC above DEF, survive JPEG.
    BufferedImage image = new BufferedImage(48, 32, BufferedImage.TYPE_BYTE_GRAY);
    for (int y = 0; y < 32; y++) {
      for (int x = 0; x < 48; x++) {
        image.getRaster().setSample(x, y, 0, 40 * (y / 16 * 3 + x / 16));
      }
    }
    byte[] jpeg = TestFiles.encode("jpeg", image);
    for (boolean little : new boolean[] {false, true}) {
      Picture picture = ImageDecoder.decode(withOrientation(jpeg, orientation, little), 32);
      assertEquals(16 * width, picture.width());
      StringBuilder blocks = new StringBuilder();
      for (int y = 8; y < picture.height(); y += 16) {
        for (int x = 8; x < picture.width(); x += 16) {
          int value = picture.pixels()[y * picture.width() + x] & 0xFF;
          blocks.append((char) ('A' + Math.round(value / 40f)));
        }
      }
      assertEquals(expected, blocks.toString());
    }
  }

  private static byte[] withOrientation(byte[] jpeg, int orientation, boolean little) {
    ByteBuffer app1 = ByteBuffer.allocate(36);
    app1.putShort((short) 0xFFE1).putShort((short) 34).putInt(0x45786966).putShort((short) 0);
    app1.put((byte) (little ? 'I' : 'M')).put((byte) (little ? 'I' : 'M'));
    app1.order(little ? ByteOrder.LITTLE_ENDIAN : ByteOrder.BIG_ENDIAN);
    app1.putShort((short) 42).putInt(8).putShort((short) 1);
    app1.putShort((short) 0x112).putShort((short) 3).putInt(1).putShort((short) orientation);
    return ByteBuffer.allocate(jpeg.length + 36)
        .put(jpeg, 0, 2)
        .put(app1.array())
        .put(jpeg, 2, jpeg.length - 2)
        .array();
  }

  private static void assertCorrupt(byte[] file, String part) {
    CorruptImageException e =
        assertThrows(CorruptImageException.class, () -> ImageDecoder.decode(file, 8));
    assertTrue(String.valueOf(e.getMessage()).contains(part), e.getMessage());
  }

  @Test
  void hugeSizesInAHeaderAreRefusedBeforeAnythingIsAllocated() {
    assertCorrupt(pngOfSize(60_000, 60_000, 0), "60000 x 60000 pixels (at most 100 million)");
    assertCorrupt(pngOfSize(0x7FFFFFFF, 1, 0), "2147483647 x 1 pixels (at most");
    // Enough bytes for so many pixels, and yet too many.
    assertCorrupt(pngOfSize(12_000, 12_000, 100_000), "12000 x 12000 pixels (at most 100 million)");
    assertCorrupt(pngOfSize(9_000, 9_000, 0), "9000 x 9000 pixels in only");
    byte[] bmp = TestFiles.image("bmp", 8, 8, 1);
    ByteBuffer.wrap(bmp).putInt(18, 0x00FF0000).putInt(22, 0x00FF0000);
    assertCorrupt(bmp, "width");
    byte[] gif = TestFiles.image("gif", 8, 8, 1);
    Arrays.fill(gif, 6, 10, (byte) 0xFF);
    int frame = indexOf(gif, (byte) 0x2C, 13 + 3 * (2 << (gif[10] & 7)));
    Arrays.fill(gif, frame + 5, frame + 9, (byte) 0xFF);
    assertCorrupt(gif, "65535 x 65535");
  }

  /** A PNG whose header claims another size, with {@code more} bytes after its end. */
  private static byte[] pngOfSize(int width, int height, int more) {
    byte[] png = TestFiles.image("png", 8, 8, 1);
    ByteBuffer.wrap(png).putInt(16, width).putInt(20, height);
    CRC32 crc = new CRC32();
    crc.update(png, 12, 17);
    ByteBuffer.wrap(png).putInt(29, (int) crc.getValue());
    return Arrays.copyOf(png, png.length + more);
  }

  private static int indexOf(byte[] bytes, byte wanted, int from) {
    int at = from;
    while (bytes[at] != wanted) {
      at++;
    }
    return at;
  }

  @Test
  void otherContentIsNamed() {
    assertCorrupt(new byte[0], "empty");
    assertCorrupt("hello, world".getBytes(StandardCharsets.UTF_8), "not a PNG");
    byte[] bmp = TestFiles.image("bmp", 8, 8, 1);
    bmp[30] = 4;
    assertCorrupt(bmp, "embedded");
  }

  @ParameterizedTest
  @ValueSource(strings = {"png", "jpeg", "gif", "bmp"})
  void truncatedFilesAreCorrupt(String format) {
    byte[] file = TestFiles.image(format, 40, 30, 1);
    for (int length : new int[] {5, 20, file.length / 3, file.length / 2, file.length * 3 / 4}) {
      assertThrows(
          CorruptImageException.class,
          () -> ImageDecoder.decode(Arrays.copyOf(file, length), 8),
          () -> format + " cut to " + length + " of " + file.length);
    }
  }
}
