package dev.jdiffusion.benchmarks.suite;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class RoundsTest {
  private static final String FIRST = "libtorch";
  private static final String LAST = "libtorch-channels-last";
  private static final List<String> BOTH = List.of("cpu", FIRST, LAST);

  private static List<String> keepingUp(List<Double> first, List<Double> last) {
    return Rounds.keepingUp(BOTH, Map.of("cpu", List.of(1.0, 1.0), FIRST, first, LAST, last));
  }

  @Test
  void aFormatIsGivenUpIfItsBestForkIsMuchSlowerThanTheWorstOfAnother() {
    assertEquals(List.of("cpu", LAST), keepingUp(List.of(2.9, 2.4), List.of(2.0, 1.9)));
    assertEquals(BOTH, keepingUp(List.of(2.9, 2.2), List.of(2.0, 1.9)));
  }

  @Test
  void oneDisturbedForkGivesNoFormatUp() {
    assertEquals(BOTH, keepingUp(List.of(9.0, 2.0), List.of(2.1, 2.0)));
    assertEquals(BOTH, keepingUp(List.of(9.0), List.of(2.0)));
    assertEquals(BOTH, keepingUp(List.of(9.0), List.of(2.0, 2.0)));
  }

  @Test
  void theReasonOfAFailureIsWhatWasThrownFirst() {
    assertEquals(
        "OutOfMemoryError: Java heap space",
        Rounds.reason(
            """
            # Warmup Iteration   1: <failure>

            java.lang.OutOfMemoryError: Java heap space
            \tat dev.jdiffusion.benchmarks.work.Workload.values(Workload.java:34)
            """));
    assertEquals(
        "IllegalStateException: cpu: computes 3 numbers",
        Rounds.reason("java.lang.IllegalStateException: cpu: computes 3 numbers\n\tat a.B.c(B)\n"));
    assertEquals("StackOverflowError", Rounds.reason("java.lang.StackOverflowError\n\tat a.B\n"));
    assertEquals(
        "forked VM failed with exit code 137",
        Rounds.reason("# Fork: 1 of 1\n<forked VM failed with exit code 137>\n"));
    assertEquals("no result", Rounds.reason("WARNING: java.lang.System::load has been called\n"));
  }

  @Test
  void librariesDoNotCompete() {
    List<String> devices = List.of("libtorch", "libtorch-tuned", "openblas");
    assertEquals(
        devices,
        Rounds.keepingUp(
            devices,
            Map.of(
                "libtorch", List.of(9.0, 9.0),
                "libtorch-tuned", List.of(2.0, 2.0),
                "openblas", List.of(1.0, 1.0))));
  }
}
