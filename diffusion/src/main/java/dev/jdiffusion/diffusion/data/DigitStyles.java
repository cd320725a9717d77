package dev.jdiffusion.diffusion.data;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * How people write the ten digits: for each digit a few styles, for each style its pen strokes.
 *
 * <p>A stroke is a list of points that the pen passes smoothly; {@code !} marks a corner. x runs to
 * the right and y downwards, in percent of the digit's height.
 */
final class DigitStyles {
  /** One pen stroke: points {@code (x[i], y[i])} in units of the height, sharp where marked. */
  record Stroke(double[] x, double[] y, boolean[] corner) {}

  /** All strokes of one way to write a digit. */
  record Style(List<Stroke> strokes) {}

  private static final String[][] TEXT = {
    {
      "40 2, 18 12, 6 40, 8 74, 28 98, 50 90, 64 62, 62 28, 50 7, 34 3",
      "50 8, 28 3, 8 30, 4 66, 20 97, 46 92, 64 62, 65 30, 52 9, 36 12",
      "36 3, 12 18, 3 50, 12 82, 36 97, 60 82, 69 50, 60 18, 36 3",
      "44 1, 22 16, 8 48, 10 80, 26 98, 42 88, 56 54, 58 22, 44 2",
    },
    {
      "36 0, 35 34, 34 66, 33 100",
      "18 20, 28 12, 37 1!, 36 50, 36 100",
      "16 22, 36 2!, 36 50, 36 98; 14 99, 36 98, 58 98",
      "40 0, 35 48, 33 100",
    },
    {
      "6 24, 18 6, 40 2, 57 16, 55 38, 36 64, 4 97!, 36 96, 68 94",
      "8 22, 22 4, 46 5, 56 24, 44 56, 22 86, 8 95, 5 84, 18 78, 36 90, 70 95",
      "6 18, 30 2, 56 13, 54 38, 28 70, 5 95!, 24 88, 46 98, 70 90",
      "10 14, 34 2, 56 14, 50 42, 10 97!, 66 97",
    },
    {
      "8 14, 30 2, 54 14, 48 36, 24 47!, 54 56, 62 78, 40 97, 6 88",
      "8 5, 34 4, 58 4!, 28 42!, 54 54, 62 76, 40 97, 6 90",
      "10 14, 34 1, 56 16, 46 38, 24 46, 24 49, 46 51, 63 70, 52 92, 28 99, 5 90",
      "6 8, 32 1, 52 14, 46 38, 26 46!, 48 50, 60 70, 44 92, 22 98, 4 94",
    },
    {
      "16 4, 9 30, 8 54, 30 57, 66 50; 58 4, 54 50, 51 100",
      "47 100, 50 50, 50 2!, 26 34, 4 66!, 38 66, 72 64",
      "22 2, 14 30, 5 58!, 34 57, 68 55; 54 24, 50 60, 47 100",
      "12 2, 8 48!, 36 50, 60 46; 60 2, 58 46, 56 100",
    },
    {
      "60 3, 38 4, 18 5!, 14 44!, 38 38, 60 54, 60 80, 36 98, 4 90",
      "20 6, 17 26, 14 46!, 40 42, 58 60, 52 86, 28 98, 4 94; 19 6, 42 5, 66 2",
      "62 5, 40 5, 20 10, 16 30, 26 42, 48 52, 58 72, 46 94, 22 98, 4 88",
      "56 6, 24 6!, 16 42!, 44 46, 58 68, 46 92, 10 96",
    },
    {
      "52 2, 26 20, 8 54, 10 84, 30 99, 52 88, 55 68, 38 55, 18 66, 9 80",
      "40 0, 18 36, 6 70, 18 96, 42 96, 56 78, 44 61, 22 65, 9 82",
      "60 8, 42 2, 18 26, 6 62, 16 94, 42 98, 58 78, 46 58, 24 60, 8 76",
      "30 0, 14 32, 6 68, 18 97, 46 96, 58 76, 44 60, 20 66, 8 78",
    },
    {
      "4 8, 34 6, 66 4!, 46 46, 30 100",
      "4 8, 34 7, 66 4!, 46 46, 30 100; 22 52, 42 50, 62 46",
      "6 22, 8 6!, 38 7, 66 5!, 44 44, 34 100",
      "3 14, 20 5, 44 8, 66 4!, 56 32, 40 58, 34 100",
    },
    {
      "56 14, 34 2, 13 16, 22 38, 46 56, 58 80, 36 99, 9 84, 18 60, 44 42, 58 22, 54 11",
      "35 47, 15 34, 16 12, 36 2, 55 12, 55 34, 35 47, 11 64, 13 90, 36 99, 59 90, 60 64, 35 47",
      "58 10, 36 3, 16 14, 20 34, 42 54, 52 80, 34 99, 12 86, 22 60, 50 38, 64 16",
      "36 2, 16 14, 22 36, 46 56, 56 80, 34 98, 12 84, 22 58, 48 38, 54 14, 36 2",
    },
    {
      "58 14, 34 2, 9 18, 11 42, 34 48, 54 32, 58 12!, 56 50, 54 100",
      "58 20, 36 2, 11 18, 13 43, 36 48, 56 28, 59 16, 60 52, 46 88, 14 97",
      "56 16, 36 2, 10 16, 10 40, 32 47, 52 30, 57 14!, 48 60, 36 100",
      "54 8, 30 3, 10 22, 16 46, 40 44, 58 22, 60 10, 56 56, 52 100",
    },
  };

  private static final Style[][] STYLES = parse();

  private DigitStyles() {}

  /** The ways to write {@code digit}, 0 to 9. */
  static int styleCount(int digit) {
    return STYLES[digit].length;
  }

  static Style style(int digit, int number) {
    return STYLES[digit][number];
  }

  private static Style[][] parse() {
    return Arrays.stream(TEXT)
        .map(digit -> Arrays.stream(digit).map(DigitStyles::parseStyle).toArray(Style[]::new))
        .toArray(Style[][]::new);
  }

  private static Style parseStyle(String text) {
    List<Stroke> strokes = new ArrayList<>();
    for (String strokeText : text.split(";")) {
      String[] points = strokeText.strip().split(",\\s*");
      double[] x = new double[points.length];
      double[] y = new double[points.length];
      boolean[] corner = new boolean[points.length];
      for (int i = 0; i < points.length; i++) {
        corner[i] = points[i].endsWith("!");
        String[] pair = points[i].replace("!", "").split(" ");
        x[i] = Integer.parseInt(pair[0]) / 100.0;
        y[i] = Integer.parseInt(pair[1]) / 100.0;
      }
      strokes.add(new Stroke(x, y, corner));
    }
    return new Style(List.copyOf(strokes));
  }
}
