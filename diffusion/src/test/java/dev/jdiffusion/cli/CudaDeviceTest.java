package dev.jdiffusion.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.jdiffusion.cuda.CudaDevice;
import dev.jdiffusion.cuda.CudaDriver;
import dev.jdiffusion.cuda.CudaDriverProbe;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The devices named cuda: the emulator everywhere, and clear words where there is no GPU. */
class CudaDeviceTest {
  private static final double TOLERANCE = 1e-4;
  private static final String GROUP_NORM = "/dev/jdiffusion/cuda/ptx/sm_75/group_norm.ptx";

  @TempDir private Path folder;

  private static void assertRefused(Program.Result result, String part) {
    assertEquals(2, result.code(), result.toString());
    assertEquals(1, result.err().size(), result.toString());
    assertTrue(result.err().getFirst().contains(part), result.toString());
  }

  private List<Double> losses(String run) throws IOException {
    Pattern loss = Pattern.compile("\"loss\":([-+0-9.eE]+)");
    return Files.readAllLines(folder.resolve(run + "/metrics.jsonl")).stream()
        .map(loss::matcher)
        .filter(Matcher::find)
        .map(found -> Double.parseDouble(found.group(1)))
        .toList();
  }

  @Test
  void trainingOnTheEmulatorFollowsTheCpuAndCanBeSampledThere() throws IOException {
    String train = "train " + Program.TINY + " --steps 3 --log-every 1 --sample-every 0 --out ";
    for (String device : List.of("cpu", "cuda:emulator")) {
      Program.Result result =
          Program.in(folder)
              .run(train + device.substring(device.indexOf(':') + 1) + " --device " + device);
      assertEquals(0, result.code(), result.toString());
      assertEquals(List.of(), result.err(), result.toString());
    }
    List<Double> expected = losses("cpu");
    List<Double> actual = losses("emulator");
    assertEquals(3, expected.size());
    assertEquals(3, actual.size());
    for (int step = 0; step < 3; step++) {
      assertEquals(
          expected.get(step),
          actual.get(step),
          TOLERANCE * expected.get(step),
          "step " + (step + 1) + ": " + expected + " and " + actual);
    }
    Program.Result sampled =
        Program.in(folder)
            .run("sample --checkpoint emulator --count 2 --steps 2 --device cuda:emulator");
    assertEquals(0, sampled.code(), sampled.toString());
    assertTrue(Files.size(folder.resolve("sample.png")) > 0);
  }

  @Test
  void everyPrecisionTrainsNearlyAsWell() throws IOException {
    String train = "train " + Program.TINY + " --steps 2 --log-every 1 --sample-every 0";
    Program.in(folder).run(train + " --out cpu");
    double expected = losses("cpu").getLast();
    for (String precision : List.of("tf32", "bf16")) {
      Program.Result result =
          Program.in(folder)
              .run(
                  train
                      + " --device cuda:emulator --precision "
                      + precision
                      + " --out "
                      + precision);
      assertEquals(0, result.code(), result.toString());
      double actual = losses(precision).getLast();
      assertEquals(expected, actual, 0.02 * expected, precision);
    }
  }

  @Test
  void withoutADriverCudaIsRefusedWithTheReason() {
    CudaDriver driver = CudaDriverProbe.probe();
    assumeTrue(driver instanceof CudaDriver.Unavailable, "skipped: there is a GPU");
    String reason = ((CudaDriver.Unavailable) driver).reason();
    Path out = folder.resolve("out");
    assertRefused(Program.call("train --device cuda --out " + out), reason);
    assertRefused(
        Program.call("train --device cuda --matmul vendor --out " + out),
        "--device cuda --matmul vendor: cuda is unavailable: " + reason);
    assertFalse(Files.exists(out), "a folder was left");
    Program.Result info = Program.call("info");
    assertEquals(0, info.code(), info.toString());
    assertEquals(
        1, info.out().stream().filter(line -> line.contains(reason)).count(), info.toString());
  }

  @Test
  void infoNamesTheEmulator() {
    Program.Result info = Program.call("info");
    assertTrue(
        info.out().stream().anyMatch(line -> line.startsWith("  cuda:emulator ")), info.toString());
  }

  @Test
  void aGpuThatDoesNotExistIsRefusedWithTheReason() {
    assertRefused(
        Program.call("train --device cuda:9999 --out " + folder.resolve("out")),
        switch (CudaDriverProbe.probe()) {
          case CudaDriver.Unavailable(String reason) -> "cuda is unavailable: " + reason;
          case CudaDriver.Available _ -> "there is no cuda:9999, only ";
        });
  }

  @ParameterizedTest
  @ValueSource(strings = {"first", "-1"})
  void whatIsNoNumberOfAGpuIsRefused(String index) {
    assertRefused(
        Program.call("train --device cuda:" + index + " --out " + folder.resolve("out")),
        "'" + index + "' is neither the number of a GPU nor 'emulator'");
  }

  @Test
  void withTooLittleDeviceMemoryOneLineSaysHowMuchAndTheLastCheckpointIsWhole() {
    // The emulated device has a quarter of the heap, and needs three quarters for it, of which a
    // large young generation would leave too little.
    Program.Result result =
        Program.in(folder)
            .withJvmFlags("-Xmx192m", "-Xmn16m")
            .run(
                "train "
                    + Program.TINY.replace("--batch 4", "--batch 4096")
                    + " --steps 2 --device cuda:emulator --out run");
    assertEquals(2, result.code(), result.toString());
    assertEquals(1, result.err().size(), result.toString());
    String line = result.err().getFirst();
    Pattern amounts =
        Pattern.compile(
            "is out of memory: asked for [\\d.,]+ MB, [\\d.,]+ MB in use here, .*"
                + " [\\d.,]+ MB of [\\d.,]+ MB free; use a smaller --batch");
    assertTrue(amounts.matcher(line).find(), line);
    Program.Result sampled =
        Program.in(folder).run("sample --checkpoint run --count 1 --steps 1 --device cpu");
    assertEquals(0, sampled.code(), sampled.toString());
  }

  /**
   * Trains with other PTX for group norm than the program's, and expects one line on it.
   *
   * @return the line
   */
  private String refusalOf(String ptx) throws IOException {
    // What is behind the boot class path is found before what is on the class path.
    Path broken = folder.resolve("broken" + GROUP_NORM);
    Files.createDirectories(broken.getParent());
    Files.writeString(broken, ptx);
    Program.Result result =
        Program.in(folder)
            .withJvmFlags("-Xbootclasspath/a:" + folder.resolve("broken"))
            .run("train " + Program.TINY + " --steps 1 --device cuda:emulator --out run");
    assertEquals(2, result.code(), result.toString());
    assertEquals(1, result.err().size(), result.toString());
    assertFalse(Files.exists(folder.resolve("run/error.log")), "this is no internal error");
    return result.err().getFirst();
  }

  @Test
  void ptxThatDoesNotAssembleIsNamedInOneLine() throws IOException {
    String line = refusalOf(".version 6.3\n.target sm_75\n.address_size 64\nnonsense\n");
    assertTrue(line.contains("group_norm: the PTX cannot be read: line 4"), line);
  }

  @Test
  void anInstructionThatIsFoundBadOnlyWhenItsKernelIsUsedIsNamedInOneLine() throws IOException {
    String ptx;
    try (InputStream in =
        Objects.requireNonNull(CudaDevice.class.getResourceAsStream(GROUP_NORM))) {
      ptx = new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
    String line = refusalOf(ptx.replace("mad.lo.s32", "dp4a.u32.u32"));
    assertTrue(line.contains("group_norm, group_norm_"), line);
    assertTrue(line.contains("dp4a.u32.u32"), line);
    assertTrue(line.contains("(the PTX for sm_75)"), line);
  }
}
