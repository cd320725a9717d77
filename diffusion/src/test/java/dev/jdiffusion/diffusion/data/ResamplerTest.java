package dev.jdiffusion.diffusion.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

class ResamplerTest {
  @Test
  void aPictureOfTheRightSizeIsLeftAlone() {
    byte[] pixels = new byte[7 * 7 * 3];
    assertSame(pixels, Resampler.toSquare(pixels, 7, 7, 3, 7));
  }

  @Test
  void aLongPictureIsCutToItsMiddle() {
    byte[] wide = new byte[2 * 6 * 3];
    byte[] high = new byte[6 * 2 * 3];
    for (int i = 0; i < wide.length; i++) {
      wide[i] = (byte) i;
      high[i] = (byte) i;
    }
    assertArrayEquals(
        new byte[] {6, 7, 8, 9, 10, 11, 24, 25, 26, 27, 28, 29},
        Resampler.toSquare(wide, 2, 6, 3, 2));
    assertArrayEquals(Arrays.copyOfRange(high, 12, 24), Resampler.toSquare(high, 6, 2, 3, 2));
  }

  @Test
  void evenColoursStayExactAtEverySize() {
    for (int value : new int[] {0, 1, 77, 128, 254, 255}) {
      for (int size : new int[] {1, 3, 8, 28, 64, 131}) {
        byte[] pixels = new byte[37 * 53];
        Arrays.fill(pixels, (byte) value);
        for (byte out : Resampler.toSquare(pixels, 37, 53, 1, size)) {
          assertEquals(value, out & 0xFF);
        }
      }
    }
  }

  @Test
  void aRampStaysARamp() {
    byte[] ramp = new byte[64 * 64];
    for (int i = 0; i < ramp.length; i++) {
      ramp[i] = (byte) (2 * (i % 64) + 60);
    }
    for (int size : new int[] {16, 32, 48, 96, 128}) {
      byte[] out = Resampler.toSquare(ramp, 64, 64, 1, size);
      for (int x = size / 4; x < 3 * size / 4; x++) {
        double centre = (x + 0.5) * 64 / size - 0.5;
        assertEquals(2 * centre + 60, out[size * (size / 2) + x] & 0xFF, 0.7, "size " + size);
      }
    }
  }

  @Test
  void fineStripesAverageOutInsteadOfAliasing() {
    byte[] stripes = new byte[256 * 256];
    for (int i = 0; i < stripes.length; i++) {
      stripes[i] = (byte) (i % 2 == 0 ? 0 : 255);
    }
    for (int size : new int[] {60, 32, 17}) {
      for (byte out : Resampler.toSquare(stripes, 256, 256, 1, size)) {
        assertEquals(127.5, out & 0xFF, 16, "size " + size);
      }
    }
  }

  @Test
  void channelsDoNotMix() {
    Random random = new Random(4);
    byte[] grey = new byte[20 * 31];
    random.nextBytes(grey);
    byte[] rgb = new byte[grey.length * 3];
    for (int i = 0; i < grey.length; i++) {
      rgb[3 * i + 1] = grey[i];
    }
    byte[] expected = Resampler.toSquare(grey, 20, 31, 1, 9);
    byte[] actual = Resampler.toSquare(rgb, 20, 31, 3, 9);
    for (int i = 0; i < expected.length; i++) {
      assertEquals(0, actual[3 * i]);
      assertEquals(expected[i], actual[3 * i + 1]);
      assertEquals(0, actual[3 * i + 2]);
    }
  }

  @Test
  void oneByOnePicturesGrow() {
    byte[] out = Resampler.toSquare(new byte[] {9, 8, 7}, 1, 1, 3, 8);
    assertEquals(8 * 8 * 3, out.length);
    assertTrue(out[0] == 9 && out[190] == 8 && out[191] == 7);
  }
}
