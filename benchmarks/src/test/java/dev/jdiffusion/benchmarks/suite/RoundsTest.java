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
