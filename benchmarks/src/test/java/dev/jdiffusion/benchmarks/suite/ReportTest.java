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
                  gemm("cublas", 1.5),
                  gemm("cuda-tf32", 0.5),
                  gemm("cublas-tf32", 0.25),
                  gemm("cuda:1-tf32", 0.8),
                  gemm("cublas:1-tf32", 0.6),
                  new Result("machine", "COPY", "cuda", 2, 5, 0.1, 0, 0, 50, 0),
                  norm("FORWARD", "cuda", 0.5),
                  new Result("conv", "INPUT W", "cuda", 2, 5, 4e-3, 0, 20, 10, 0),
                  new Result("conv", "INPUT W", "cudnn", 2, 5, 2e-3, 0, 20, 10, 0)),
              new MachineFacts(new LinkedHashMap<>()))
          .markdown();

  @Test
  void eachLibraryHasItsFasterFormatInARow() {
    assertContains(
        "| SILU_64_8 FORWARD | 2 | 2.00 | 10 % | 4.00 * | 2.00 | 3.00 | 1.50 | 20.0 | 10.0 | 25 % |");
  }

  @Test
  void aFormatWithFewerForksThanAnotherDoesNotCount() {
    Result lucky = new Result("gemm", "W", "libtorch", 2, 2, 1e-3, 0, 20, 10, 90);
    Result whole = new Result("gemm", "W", "libtorch-channels-last", 2, 5, 3e-3, 0, 20, 10, 95);
    assertTrue(table(lucky, whole).contains("| W | 2 |  |  | 3.00 * |"), () -> table(lucky, whole));
    assertTrue(table(lucky).contains("| W | 2 |  |  | 1.00 |"), () -> table(lucky));
  }

  @Test
  void oneForkHasNoSpreadAndNoMedian() {
    String one = table(new Result("gemm", "W", "cpu", 2, 1, 1e-3, 0, 20, 10, 0));
    assertTrue(one.contains("| W | 2 | 1.00 |  | 20.0 |"), one);
    assertTrue(one.contains("\nOf one fork each. "), one);
  }

  @Test
  void itSaysOverHowManyForksItsMediansAre() {
    assertContains("\nMedians over 5 forks. ");
    String stopped =
        table(
            new Result("gemm", "W", "cpu", 2, 3, 1e-3, 0, 20, 10, 0),
            new Result("gemm", "V", "cpu", 2, 2, 1e-3, 0, 20, 10, 0));
    assertTrue(stopped.contains("\nMedians over 2 to 3 forks. "), stopped);
  }

  @Test
  void itSaysHowALimitCanBePassed() {
    assertContains("It passes 100 %");
  }

  private static String table(Result... results) {
    return new Report(List.of(results), new MachineFacts(new LinkedHashMap<>())).markdown();
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
    assertContains("| gemm | 2048 | cuda | 2.00 | cublas | 1.50 | 0.75 |");
    assertContains("| gemm | 2048 | cuda-tf32 | 0.500 | cublas-tf32 | 0.250 | 0.50 |");
    assertContains("| gemm | 2048 | cuda:1-tf32 | 0.800 | cublas:1-tf32 | 0.600 | 0.75 |");
    assertContains("| conv | INPUT W | cuda | 4.00 | cudnn | 2.00 | 0.50 |");
    assertContains("| 2048 | 2 | 4.00 | 10 % | 20.0 | 10.0 | 25 % |");
  }

  @Test
  void whatRanOnAGpuAloneIsNoRowOfTheCpu() {
    assertTrue(TABLE.lines().noneMatch(line -> line.startsWith("| INPUT W ")), TABLE);
  }

  @Test
  void workThatMemoryLimitsIsComparedWithTheCopyOfItsDevice() {
    assertContains("| norm | SILU_64_8 FORWARD | cuda | 0.500 | 2.00 | 4.00 | 10.0 | 20 % |");
    assertContains("| gemm | 2048 | cuda | 2.00 | 4.00 | 2.00 | 10.0 |  |");
  }

  private static void assertContains(String line) {
    assertTrue(TABLE.contains(line), () -> line + " is not in\n" + TABLE);
  }
}
