package dev.jdiffusion.diffusion.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MetricsTest {
  @TempDir Path folder;
  private Path file;

  @BeforeEach
  void name() {
    file = folder.resolve("metrics.jsonl");
  }

  private static Metrics.Line line(int step, double loss) {
    return new Metrics.Line(step, 0, loss, 1e-3, 2.5, 100.04, "");
  }

  private static List<Integer> steps(Metrics metrics) {
    return metrics.points().stream().map(point -> (int) point.step()).toList();
  }

  private void write(int from, int to) {
    try (Metrics metrics = Metrics.open(file, from - 1)) {
      for (int step = from; step <= to; step++) {
        metrics.passTime(1.5);
        metrics.add(line(step, 1f / step));
      }
    }
  }

  @Test
  void aLineIsAJsonObjectOfTheStep() throws IOException {
    write(1, 1);
    assertEquals(
        "{\"step\":1,\"epoch\":0,\"loss\":1.0,\"lr\":0.001,\"grad_norm\":2.5,"
            + "\"images_per_second\":100.0,\"seconds\":1.5}\n",
        Files.readString(file));
  }

  @Test
  void aLossReadsBackAsTheSameNumber() throws IOException {
    float loss = Math.nextUp(0.1f);
    try (Metrics metrics = Metrics.open(file, 0)) {
      metrics.add(line(1, loss));
      metrics.add(line(2, 0.1));
    }
    try (Metrics metrics = Metrics.open(file, 2)) {
      assertEquals(loss, (float) metrics.points().get(0).loss());
      assertEquals(0.1, metrics.points().get(1).loss());
    }
  }

  @Test
  void aStepWithoutAFiniteLossSaysWhy() throws IOException {
    try (Metrics metrics = Metrics.open(file, 0)) {
      metrics.add(
          new Metrics.Line(1, 0, Double.NaN, 1e-3, Double.POSITIVE_INFINITY, 1, "a \"reason\""));
    }
    String text = Files.readString(file);
    assertTrue(text.contains("\"loss\":null"), text);
    assertTrue(text.contains("\"skipped\":\"a \\\"reason\\\"\""), text);
    try (Metrics metrics = Metrics.open(file, 1)) {
      assertTrue(Double.isNaN(metrics.points().getFirst().loss()));
    }
  }

  @Test
  void goingOnFromACheckpointDropsWhatCameAfterIt() throws IOException {
    write(1, 9);
    List<String> before = Files.readAllLines(file);
    try (Metrics metrics = Metrics.open(file, 6)) {
      assertEquals(List.of(1, 2, 3, 4, 5, 6), steps(metrics));
      assertEquals(9.0, metrics.seconds());
      metrics.passTime(1.5);
      metrics.add(line(7, 1f / 7));
    }
    assertEquals(before.subList(0, 7), Files.readAllLines(file));
  }

  @Test
  void everyTornLastLineIsDropped() throws IOException {
    write(1, 3);
    byte[] whole = Files.readAllBytes(file);
    int thirdLine = new String(whole, StandardCharsets.UTF_8).indexOf("{\"step\":3");
    for (int length = thirdLine; length < whole.length; length++) {
      Files.write(file, Arrays.copyOf(whole, length));
      try (Metrics metrics = Metrics.open(file, 3)) {
        assertEquals(List.of(1, 2), steps(metrics), "cut at byte " + length);
        metrics.passTime(1.5);
        metrics.add(line(3, 1f / 3));
      }
      assertArrayEquals(whole, Files.readAllBytes(file), "cut at byte " + length);
    }
  }

  @Test
  void garbageInTheFileEndsWhatIsKept() throws IOException {
    write(1, 2);
    Files.write(file, new byte[] {0, 1, 2, '\n', 127, '"'}, StandardOpenOption.APPEND);
    try (Metrics metrics = Metrics.open(file, 9)) {
      assertEquals(List.of(1, 2), steps(metrics));
    }
    assertEquals(2, Files.readAllLines(file).size());
  }
}
