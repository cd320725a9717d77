package dev.jdiffusion.diffusion.image;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.jdiffusion.diffusion.UserError;
import dev.jdiffusion.diffusion.image.LossPlot.Point;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LossPlotTest {
  private static final int STRONG = 0xFF1F4E8C;
  private static final int RATE = 0xFFC8591A;

  @TempDir private Path folder;

  private static List<Point> course(int steps) {
    List<Point> points = new ArrayList<>();
    Random random = new Random(1);
    for (int step = 1; step <= steps; step++) {
      double loss = (0.04 + 0.5 / step) * (1 + 0.1 * random.nextGaussian());
      points.add(new Point(step, loss, 1e-3 * step / steps));
    }
    return points;
  }

  private BufferedImage draw(List<Point> points) throws IOException {
    Path file = folder.resolve("loss.png");
    LossPlot.write(file, points);
    return ImageIO.read(file.toFile());
  }

  private static int count(BufferedImage image, int left, int right, int rgb) {
    int found = 0;
    for (int y = 0; y < image.getHeight(); y++) {
      for (int x = left; x < right; x++) {
        found += image.getRGB(x, y) == rgb ? 1 : 0;
      }
    }
    return found;
  }

  @Test
  void bothPanelsShowTheRunningMeanAndTheRateIsBelow() throws IOException {
    BufferedImage image = draw(course(3000));
    assertEquals(1600, image.getWidth());
    assertTrue(count(image, 0, 800, STRONG) > 500);
    assertTrue(count(image, 800, 1600, STRONG) > 500);
    assertTrue(count(image, 0, 1600, RATE) > 500);
    assertEquals(0, count(image.getSubimage(0, 0, 1600, 600), 0, 1600, RATE));
  }

  @Test
  void theOrderOfThePointsDoesNotMatterAndThePointsOfAResumedRunReplaceEarlierOnes()
      throws IOException {
    List<Point> points = course(50);
    BufferedImage expected = draw(points);
    List<Point> shuffled = new ArrayList<>(points);
    Collections.shuffle(shuffled, new Random(1));
    shuffled.addFirst(new Point(20, 7, 7));
    BufferedImage actual = draw(shuffled);
    for (int y = 0; y < expected.getHeight(); y++) {
      for (int x = 0; x < expected.getWidth(); x++) {
        assertEquals(expected.getRGB(x, y), actual.getRGB(x, y));
      }
    }
  }

  @Test
  void runsThatHaveHardlyBegunOrGoneWrongAreDrawn() throws IOException {
    draw(List.of());
    draw(course(1));
    draw(course(2));
    draw(List.of(new Point(500, 0.1, 1e-3)));
    draw(List.of(new Point(1, 0, 0), new Point(2, 0, 0)));
    draw(List.of(new Point(1, Double.NaN, 1), new Point(2, Double.POSITIVE_INFINITY, 1)));
    draw(List.of(new Point(1, 0.5, Double.NaN), new Point(2, -1, 0), new Point(3, 1e30, 1)));
    List<Point> flat = new ArrayList<>();
    for (int i = 1; i < 3000; i++) {
      flat.add(new Point(i * 100L, 0.25, 1e-3));
    }
    assertTrue(count(draw(flat), 800, 1600, STRONG) > 500);
  }

  @Test
  void aPlaceThatCannotBeWrittenIsNamed() {
    Path file = folder.resolve("none").resolve("loss.png");
    UserError error = assertThrows(UserError.class, () -> LossPlot.write(file, course(3)));
    assertTrue(
        String.valueOf(error.getMessage()).contains(file + ": no such file"), error.getMessage());
  }

  @ParameterizedTest
  @CsvSource({
    "0, 0",
    "1, 1",
    "500, 500",
    "12000, 12000",
    "0.05, 0.05",
    "0.0374219, 0.03742",
    "1.5, 1.5",
    "0.00002, 2e-05",
    "30000000, 3e+07",
    "-0.25, -0.25",
    "0.1, 0.1"
  })
  void numbersAreShort(double value, String text) {
    assertEquals(text, LossPlot.number(value));
  }

  @ParameterizedTest
  @CsvSource({"0, 0", "0.001, 1e-3", "0.00025, 2.5e-4", "0.000125, 1.25e-4", "1, 1e+0"})
  void learningRatesAreShort(double value, String text) {
    assertEquals(text, LossPlot.rate(value));
  }
}
