package dev.jdiffusion.diffusion.progress;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.jdiffusion.diffusion.progress.Progress.State;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ProgressTest {
  private static final State HALF =
      new State("step", 50, 100, List.of("loss 0.0432", "812 images/s", "epoch 2"), 83);

  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
  private final PrintStream out = new PrintStream(bytes, true, StandardCharsets.UTF_8);

  private String printed() {
    return bytes.toString(StandardCharsets.UTF_8);
  }

  @Test
  void aWideTerminalShowsEverything() {
    assertEquals(
        "step 50/100 [===================>                    ]"
            + "  loss 0.0432  1:23 left  812 images/s  epoch 2",
        ProgressBar.render(HALF, 120));
  }

  @Test
  void aNarrowTerminalShowsWhatMattersMost() {
    assertEquals("step 50/100 [===>    ]  loss 0.0432", ProgressBar.render(HALF, 35));
    assertEquals("step 50/100  loss 0.0432", ProgressBar.render(HALF, 30));
    assertEquals("step 50/100", ProgressBar.render(HALF, 12));
    assertEquals("step", ProgressBar.render(HALF, 4));
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 5, 10, 20, 30, 40, 50, 60, 80, 100, 200})
  void theBarNeverWraps(int columns) {
    assertTrue(ProgressBar.render(HALF, columns).length() <= columns);
  }

  @Test
  void theBarIsEmptyAtTheStartAndFullAtTheEnd() {
    assertTrue(
        ProgressBar.render(new State("step", 0, 9, List.of(), Double.NaN), 30).contains("[    "));
    assertTrue(
        ProgressBar.render(new State("step", 9, 9, List.of(), Double.NaN), 30).contains("====]"));
  }

  @Test
  void whatATerminalWouldObeyIsNotPrinted() {
    String name = "skipped \u001b[31ma\u009b\tb\nc\u007f: ä";
    try (Progress bar = new ProgressBar(out, () -> 80);
        Progress lines = new ProgressLines(out, System::nanoTime)) {
      bar.line(name);
      lines.line(name);
    }
    String expected = "skipped ?[31ma??b c?: ä";
    assertEquals(List.of(expected, expected), printed().lines().toList());
  }

  @Test
  void aShorterBarWipesOutTheLongerOne() {
    try (Progress bar = new ProgressBar(out, () -> 80)) {
      bar.show(new State("step", 1, 9, List.of("loss 10000.0"), Double.NaN));
      bar.show(new State("step", 2, 9, List.of("loss 1.0"), Double.NaN));
    }
    String[] drawn = printed().replace(System.lineSeparator(), "").split("\r");
    assertEquals(drawn[1].length(), drawn[2].length());
  }

  @Test
  void aLineGoesAboveTheBar() {
    try (Progress bar = new ProgressBar(out, () -> 40)) {
      bar.show(new State("step", 1, 9, List.of(), Double.NaN));
      bar.line("saved");
      bar.show(new State("step", 2, 9, List.of(), Double.NaN));
    }
    assertTrue(printed().contains("\rsaved" + System.lineSeparator() + "\rstep 2/9"), printed());
    assertTrue(printed().chars().noneMatch(c -> c == 27), "no escape codes");
  }

  @Test
  void aCompleteBarStaysAboveTheNextLine() {
    try (Progress bar = new ProgressBar(out, () -> 40)) {
      bar.show(new State("step", 9, 9, List.of(), Double.NaN));
      bar.line("saved");
    }
    String end = System.lineSeparator();
    assertTrue(printed().endsWith("=]" + end + "saved" + end), printed());
  }

  @Test
  void aPipeGetsTheFirstTheLastAndALineNowAndThen() {
    AtomicLong clock = new AtomicLong();
    try (Progress lines = new ProgressLines(out, clock::get)) {
      for (int step = 1; step <= 100; step++) {
        lines.show(new State("step", step, 100, List.of("loss 1.0"), 100 - step));
        clock.addAndGet(TimeUnit.MILLISECONDS.toNanos(200));
      }
    }
    assertEquals(
        List.of(
            "step 1/100  loss 1.0  1:39 left",
            "step 26/100  loss 1.0  1:14 left",
            "step 51/100  loss 1.0  0:49 left",
            "step 76/100  loss 1.0  0:24 left",
            "step 100/100  loss 1.0"),
        printed().lines().toList());
  }

  @Test
  void aDurationReadsLikeAClock() {
    assertEquals("0:07", Progress.duration(7.2));
    assertEquals("59:59", Progress.duration(3599));
    assertEquals("1:00:00", Progress.duration(3599.9));
  }
}
