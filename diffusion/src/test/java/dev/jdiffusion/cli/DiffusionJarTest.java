package dev.jdiffusion.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.jdiffusion.launcher.Interrupts;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The jar as a user starts it, with nothing beside it: launcher, training, signals, drawing. */
class DiffusionJarTest {
  private static final String TRAIN =
      "train " + Program.TINY + " --steps 12 --checkpoint-every 4 --sample-every 0 ";

  @TempDir private Path folder;

  private Program.Running start(String line) {
    return Program.in(folder).start(Program.jarCommand(line));
  }

  private Program.Result run(String line) {
    return start(line).end();
  }

  private byte[] checkpoint(String run) throws IOException {
    return Files.readAllBytes(folder.resolve(run + "/checkpoints/step-000012.safetensors"));
  }

  @Test
  void trainInterruptKillResumeAndSample() throws IOException {
    Interrupts.assumeDelivered();
    Program.Result whole = run(TRAIN + "--out whole");
    assertEquals(0, whole.code(), whole.toString());
    assertEquals(List.of(), whole.err(), "not even the JVM's warning");

    Path metrics = folder.resolve("run/metrics.jsonl");
    Program.Running interrupted = start(TRAIN + "--out run");
    interrupted.awaitLines(metrics, 2);
    interrupted.signal("INT");
    Program.Result first = interrupted.end();
    assertEquals(130, first.code(), first.toString());
    assertTrue(first.out().getLast().startsWith("interrupted after step"), first.toString());

    int before = Files.readAllLines(metrics).size();
    Program.Running killed = start("train --resume --out run");
    killed.awaitLines(metrics, before + 2);
    // Of the launcher only: the program notices, saves and ends by itself.
    killed.signal("KILL");
    killed.end();

    Program.Result resumed = run("train --resume --out run");
    assertEquals(0, resumed.code(), resumed.toString());
    assertArrayEquals(checkpoint("whole"), checkpoint("run"));

    Program.Result sampled = run("sample --checkpoint run --count 4 --gif film.gif");
    assertEquals(0, sampled.code(), sampled.toString());
    assertTrue(Files.size(folder.resolve("sample.png")) > 0);
    assertTrue(Files.size(folder.resolve("film.gif")) > 0);
  }

  @Test
  void badInputIsOneLineAndExitCodeTwo() {
    Program.Result result = run("train --preset qick");
    assertEquals(2, result.code(), result.toString());
    assertEquals(List.of(), result.out());
    assertEquals(
        List.of(
            "diffusion: unknown preset 'qick', use one of annotated, quick; did you mean quick?"),
        result.err());
  }

  @Test
  void infoNamesTheVersionAndTheVectors() {
    Program.Result result = run("info");
    assertEquals(0, result.code(), result.toString());
    String text = String.join("\n", result.out());
    assertTrue(text.matches("(?s).*program +JDiffusion \\d.*"), text);
    assertTrue(text.contains("-bit vectors"), text);
  }

  @Test
  void theJarHoldsTheKernelsOfTheEmulatedGpu() {
    Program.Result result =
        run(
            "train "
                + Program.TINY
                + " --steps 1 --sample-every 0 --device cuda:emulator --out emulated");
    assertEquals(0, result.code(), result.toString());
    assertEquals(List.of(), result.err(), "not even the JVM's warning");
    assertTrue(Files.exists(folder.resolve("emulated/metrics.jsonl")));
  }
}
