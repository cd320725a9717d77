package dev.jdiffusion.benchmarks.suite;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.LinkedHashMap;
import java.util.List;
import org.junit.jupiter.api.Test;

class ReportTest {
  private static Result norm(String pass, String device, double milliseconds) {
    return new Result(
        "norm", "SILU_64_8 " + pass, device, 2, 5, milliseconds * 1e-3, 0.1, 20, 10, 0);
  }

  private static Result gemm(String device, double milliseconds) {
    return new Result("gemm", "2048", device, 2, 5, milliseconds * 1e-3, 0.1, 20, 10, 0);
  }

  private static final String TABLE =
      new Report(
              List.of(
                  new Result("machine", "COPY", "cpu", 2, 5, 0.1, 0, 0, 40, 0),
                  norm("FORWARD", "cpu", 2),
                  norm("FORWARD", "libtorch", 5),
                  norm("FORWARD", "libtorch-channels-last", 4),
                  norm("FORWARD", "libtorch-tuned", 3),
                  norm("FORWARD", "libtorch-tuned-channels-last", 6),
                  norm("BACKWARD", "cpu", 3),
                  norm("BACKWARD", "libtorch", 6),
                  norm("BACKWARD", "libtorch-tuned", 7),
                  gemm("cpu", 4),
                  gemm("cuda", 2),
                  gemm("cublas", 1.5)),
              new MachineFacts(new LinkedHashMap<>()))
          .markdown();

  @Test
  void eachLibraryHasItsFasterFormatInARow() {
    assertContains(
        "| SILU_64_8 FORWARD | 2 | 2.00 | 10 % | 4.00 * | 2.00 | 3.00 | 1.50 | 20.0 | 10.0 | 25 % |");
  }

  @Test
  void targetsAddUpThePassesOfARow() {
    assertContains("| norm SILU_64_8 | 5.00 | 10.0 | 2.00 | 10.0 | 2.00 | 1.50 |");
  }

  @Test
  void itSaysWhatTheTwoLibtorchsAre() {
    assertContains("`libtorch` is what one gets by installing it");
    assertContains("`libtorch-tuned` is started so");
  }

  @Test
  void librariesOnTheGpuStandBesideOurKernelsThere() {
    assertContains("| gemm | 2048 | 2.00 | cublas | 1.50 | 0.75 |");
    assertContains("| 2048 | 2 | 4.00 | 10 % | 20.0 | 10.0 | 25 % |");
  }

  private static void assertContains(String line) {
    assertTrue(TABLE.contains(line), () -> line + " is not in\n" + TABLE);
  }
}
