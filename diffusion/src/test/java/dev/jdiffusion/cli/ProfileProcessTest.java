package dev.jdiffusion.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code train --profile}. */
class ProfileProcessTest {
  private static final String TRAIN = "train " + Program.TINY + " --steps 9 ";
  private static final Pattern SHARE = Pattern.compile(" +([0-9.]+) %.*");

  @TempDir private Path folder;

  private static double share(List<String> lines, String name) {
    String line = lines.stream().filter(l -> l.startsWith(name + "  ")).findFirst().orElseThrow();
    var share = SHARE.matcher(line);
    assertTrue(share.find(), line);
    return Double.parseDouble(share.group(1));
  }

  @Test
  void aProfileChangesNoBit() throws IOException {
    Path with = folder.resolve("with");
    Path without = folder.resolve("without");
    Program.Result profiled = Program.call(TRAIN + "--profile --out " + with);
    Program.Result plain = Program.call(TRAIN + "--out " + without);
    assertEquals(0, profiled.code(), profiled.toString());
    assertEquals(0, plain.code(), plain.toString());
    assertTrue(profiled.toString().contains("where the time went"), profiled.toString());
    assertFalse(plain.toString().contains("where the time went"), plain.toString());
    for (String file :
        List.of("config.json", "checkpoints/step-000009.safetensors", "samples/step-000009.png")) {
      assertArrayEquals(
          Files.readAllBytes(without.resolve(file)), Files.readAllBytes(with.resolve(file)), file);
    }
  }

  @Test
  void thePartsOfTheStepsAddUpToThem() {
    Program.Result result = Program.call(TRAIN + "--profile --out " + folder.resolve("run"));
    List<String> out = result.out();
    assertTrue(result.toString().contains("where the time went: 6 steps of "), result.toString());
    assertTrue(result.toString().contains(" after 3 steps to warm up"), result.toString());
    int first = 0;
    while (!out.get(first).startsWith("operation ")) {
      first++;
    }
    double onTape = 0;
    double all = 0;
    for (String line : out.subList(first + 1, out.size())) {
      if (line.startsWith("all of ")) {
        break;
      }
      String name = line.replaceAll(" {2,}.*", "");
      if (name.equals("all on the tape")) {
        onTape = all;
        assertEquals(share(out, name), onTape, 2, "of the operations:\n" + result);
      } else {
        all += share(out, name);
      }
    }
    assertEquals(100, all, 2.5, result.toString());
    assertTrue(onTape > 30, result.toString());
    for (String name :
        List.of(
            "conv2d 3x3",
            "linearAttention",
            "selfAttention gradient",
            "optimizer step",
            "gradient norm",
            "noise",
            "wait for pictures",
            "not covered")) {
      assertTrue(share(out, name) >= 0, name);
    }
  }

  @Test
  void aProfileOfLayersNamesThem() {
    Program.Result result = Program.call(TRAIN + "--profile=layers --out " + folder.resolve("run"));
    assertEquals(0, result.code(), result.toString());
    assertTrue(
        result.out().stream().anyMatch(line -> line.matches("UNet\\.down0\\.\\S+ \\S+.* %.*")),
        result.toString());
  }

  @Test
  void anInterruptedTrainingShowsItsProfileToo() {
    Path run = folder.resolve("run");
    Program.Running training =
        Program.in(folder).start("train " + Program.TINY + " --steps 100000 --profile --out run");
    training.awaitLines(run.resolve("metrics.jsonl"), 60);
    training.signal("TERM");
    Program.Result result = training.end();
    assertEquals(130, result.code(), result.toString());
    assertTrue(result.toString().contains(" after 50 steps to warm up"), result.toString());
    assertTrue(share(result.out(), "optimizer step") >= 0);
  }

  @Test
  void aTrainingWithNothingLeftToDoSaysSo() {
    Path run = folder.resolve("run");
    assertEquals(0, Program.call(TRAIN + "--out " + run).code());
    Program.Result again = Program.call("train --resume --profile --out " + run);
    assertEquals(0, again.code(), again.toString());
    assertEquals("nothing to profile: no step was taken", again.out().getLast());
  }
}
