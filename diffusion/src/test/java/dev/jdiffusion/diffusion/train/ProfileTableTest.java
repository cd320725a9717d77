package dev.jdiffusion.diffusion.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.jdiffusion.autograd.Cost;
import dev.jdiffusion.autograd.Profiler.Row;
import dev.jdiffusion.tensor.MachineLimits;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ProfileTableTest {
  private static final MachineLimits LIMITS = new MachineLimits(500e9, 40e9);
  private static final Row CONVOLUTION =
      new Row("conv2d 3x3", false, 40, 2, 3_000_000_000L, Map.of(new Cost(10e9, 1e6), 40L));
  private static final Row NORM =
      new Row("groupNorm", false, 20, 1, 1_000_000, Map.of(new Cost(1e6, 1e9), 20L));
  private static final Row SHAPE = new Row("reshape", false, 4, 0.5, 0, Map.of(Cost.NONE, 4L));
  private static final Row WAIT = new Row("wait for pictures", true, 10, 0.25, 0, Map.of());
  private static final List<Row> ROWS = List.of(CONVOLUTION, NORM, SHAPE, WAIT);

  private static List<String> lines(List<Row> rows, int columns) {
    return new ProfileTable(rows, 10, 4, 5, Map.of("pictures", 1.25), 123_000_000, LIMITS)
        .lines(columns);
  }

  private static String line(String start) {
    return lines(ROWS, Integer.MAX_VALUE).stream()
        .filter(line -> line.startsWith(start))
        .map(line -> line.replaceAll(" {2,}", "|"))
        .findFirst()
        .orElseThrow();
  }

  @Test
  void workThatArithmeticBindsHasItsSpeedInFlops() {
    assertEquals("conv2d 3x3|40|2.000|50.0 %|200 GFLOP/s|40 %|3.00 GB", line("conv2d"));
  }

  @Test
  void workThatMemoryBindsHasItsSpeedInBytes() {
    assertEquals("groupNorm|20|1.000|25.0 %|20.0 GB/s|50 %|1.00 MB", line("groupNorm"));
  }

  @Test
  void workWithoutACostHasNoSpeed() {
    assertEquals("reshape|4|0.500|12.5 %", line("reshape"));
    assertEquals("wait for pictures|10|0.250|6.3 %", line("wait"));
  }

  @Test
  void theSumsAreAllThatTheStepsTook() {
    assertEquals("all on the tape|64|3.500|87.5 %|37 %|3.00 GB", line("all on"));
    assertEquals("not covered|0.250|6.3 %", line("not covered"));
    assertEquals("all of 10 steps|4.000|100.0 %|3.00 GB", line("all of"));
  }

  @Test
  void whatHasToBeKnownStandsAroundIt() {
    assertEquals(
        "where the time went: 10 steps of 0.400 s, after 5 steps to warm up", line("where"));
    assertEquals(
        "limit: share of 500 GFLOP/s or 40.0 GB/s, this machine's, whichever binds", line("limit"));
    assertEquals("peak memory: 123 MB of tensors at once", line("peak"));
    assertEquals("between the steps: pictures 1.3 s", line("between"));
  }

  @Test
  void aSlowMachineIsNotSaidToDoNothing() {
    MachineLimits slow = new MachineLimits(0.34e9, 0.12e9);
    List<String> lines =
        new ProfileTable(ROWS, 10, 4, 5, Map.of("pictures", 1.25), 1, slow)
            .lines(Integer.MAX_VALUE);
    assertTrue(
        lines.stream().anyMatch(line -> line.startsWith("limit: share of 0.3 GFLOP/s or 0.1 GB/s")),
        String.join("\n", lines));
  }

  @Test
  void namesLoseTheirStartWhereTheTerminalIsNarrow() {
    Row layer = new Row("down0.block1.convolution1.something conv2d 3x3", false, 1, 1, 0, Map.of());
    List<String> lines = lines(List.of(layer, CONVOLUTION), 79);
    assertTrue(lines.stream().allMatch(line -> line.length() <= 79), String.join("\n", lines));
    assertTrue(
        lines.stream().anyMatch(line -> line.startsWith("..") && line.contains("conv2d 3x3  ")),
        String.join("\n", lines));
    List<String> wide = lines(List.of(layer, CONVOLUTION), Integer.MAX_VALUE);
    assertTrue(wide.stream().anyMatch(line -> line.startsWith(layer.name() + "  ")));
  }

  @Test
  void theSmallestOfManyRowsAreOne() {
    List<Row> many = new ArrayList<>();
    for (int i = 0; i < 45; i++) {
      many.add(new Row("row" + i, false, 2, 0.01, 0, Map.of()));
    }
    List<String> lines = lines(many, 79);
    assertTrue(lines.stream().anyMatch(line -> line.startsWith("row39 ")));
    assertTrue(lines.stream().noneMatch(line -> line.startsWith("row40 ")));
    assertTrue(
        lines.stream().anyMatch(line -> line.matches("the other 5 +10 +0\\.050 .*")),
        String.join("\n", lines));
  }
}
