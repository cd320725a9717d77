package dev.jdiffusion.diffusion.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashSet;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.zip.CRC32;
import org.junit.jupiter.api.Test;

class StrokesDatasetTest {
  private static float[] read(ImageDataset dataset, int index) {
    float[] image = new float[dataset.imageLength()];
    dataset.read(index, image, 0);
    return image;
  }

  @Test
  void theDefaultIsAsLargeAsMnist() {
    StrokesDataset strokes = new StrokesDataset(0);
    assertEquals(60_000, strokes.size());
    assertEquals(28, strokes.height());
    assertEquals(28, strokes.width());
    assertEquals(1, strokes.channels());
    assertEquals(10, strokes.classNames().size());
    assertEquals("7", strokes.classNames().get(strokes.label(59_997)));
  }

  @Test
  void picturesAreTheSameBitsForEver() {
    StrokesDataset strokes = new StrokesDataset(42, 200, 28);
    CRC32 crc = new CRC32();
    for (int i = 0; i < 200; i++) {
      for (float value : read(strokes, i)) {
        crc.update(Math.round((value + 1) * 127.5f));
      }
    }
    assertEquals("d27c3f6", Long.toHexString(crc.getValue()));
  }

  @Test
  void aPictureDependsOnSeedAndIndexAndNotOnWhatWasReadBefore() {
    StrokesDataset forwards = new StrokesDataset(3, 500, 28);
    StrokesDataset backwards = new StrokesDataset(3, 500, 28);
    float[][] images = new float[500][];
    IntStream.range(0, 500).parallel().forEach(i -> images[i] = read(forwards, i));
    for (int i = 499; i >= 0; i--) {
      assertArrayEquals(images[i], read(backwards, i));
      assertArrayEquals(images[i], read(forwards, i));
    }
  }

  @Test
  void noTwoPicturesAreAlike() {
    Set<Integer> hashes = new HashSet<>();
    for (long seed = 0; seed < 2; seed++) {
      StrokesDataset strokes = new StrokesDataset(seed, 5000, 28);
      for (int i = 0; i < 5000; i++) {
        hashes.add(java.util.Arrays.hashCode(read(strokes, i)));
      }
    }
    assertTrue(hashes.size() > 9_990, () -> hashes.size() + " different ones of 10000");
  }

  @Test
  void digitsLieWholeAndCentredInThePictureWithInkLikeMnist() {
    StrokesDataset strokes = new StrokesDataset(1, 5000, 28);
    double total = 0;
    for (int i = 0; i < 5000; i++) {
      float[] image = read(strokes, i);
      double ink = 0;
      double massX = 0;
      double massY = 0;
      for (int y = 0; y < 28; y++) {
        for (int x = 0; x < 28; x++) {
          double value = (image[28 * y + x] + 1) / 2;
          assertTrue(value >= 0 && value <= 1);
          ink += value;
          massX += value * x;
          massY += value * y;
          if (x == 0 || y == 0 || x == 27 || y == 27) {
            assertEquals(0, value, "picture " + i + " touches the border");
          }
        }
      }
      assertTrue(ink > 20 && ink < 320, "picture " + i + " has ink " + ink);
      assertEquals(13.5, massX / ink, 4, "picture " + i);
      assertEquals(13.5, massY / ink, 4, "picture " + i);
      total += ink;
    }
    // MNIST's training pictures have a mean of 0.1307.
    assertEquals(0.13, total / 5000 / 784, 0.015);
  }

  @Test
  void otherSizesShowTheSameDigitsLarger() {
    StrokesDataset small = new StrokesDataset(1, 100, 28);
    StrokesDataset large = new StrokesDataset(1, 100, 56);
    for (int i = 0; i < 100; i++) {
      float[] a = read(small, i);
      float[] b = read(large, i);
      double difference = 0;
      for (int y = 0; y < 28; y++) {
        for (int x = 0; x < 28; x++) {
          int at = 56 * 2 * y + 2 * x;
          difference += Math.abs(a[28 * y + x] - (b[at] + b[at + 1] + b[at + 56] + b[at + 57]) / 4);
        }
      }
      assertEquals(0, difference / 784, 0.02, "picture " + i);
    }
  }

  @Test
  void everyDigitHasSeveralStyles() {
    for (int digit = 0; digit < 10; digit++) {
      assertTrue(DigitStyles.styleCount(digit) >= 4, "digit " + digit);
    }
  }

  @Test
  void indicesAndSizesOutOfRangeAreRefused() {
    StrokesDataset strokes = new StrokesDataset(1, 10, 28);
    assertThrows(IndexOutOfBoundsException.class, () -> strokes.label(10));
    assertThrows(IndexOutOfBoundsException.class, () -> read(strokes, -1));
    assertThrows(IllegalArgumentException.class, () -> new StrokesDataset(1, 0, 28));
    assertThrows(IllegalArgumentException.class, () -> new StrokesDataset(1, 10, 4));
  }

  @Test
  void theBellCurveHasMeanZeroAndVarianceOne() {
    CounterRandom random = new CounterRandom(1, 2, 3);
    double sum = 0;
    double squares = 0;
    for (int i = 0; i < 100_000; i++) {
      double value = random.nextBell();
      sum += value;
      squares += value * value;
    }
    assertEquals(0, sum / 100_000, 0.02);
    assertEquals(1, squares / 100_000, 0.02);
  }
}
