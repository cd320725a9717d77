package dev.jdiffusion.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.jdiffusion.diffusion.checkpoint.Checkpoint;
import dev.jdiffusion.launcher.Interrupts;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.stream.ImageInputStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The train command as a process: what it leaves, and what survives interruption. */
class TrainProcessTest {
  private static final int STEPS = 12;
  private static final String TRAIN =
      "train " + Program.TINY + " --steps " + STEPS + " --checkpoint-every 4 --sample-every 6";

  /** An undisturbed training with one thread: what all others have to equal. */
  @TempDir private static Path shared;

  private static Path whole;

  @TempDir private Path folder;

  @BeforeAll
  static void trainUndisturbed() {
    whole = shared.resolve("whole");
    Program.Result result = Program.in(shared).run(TRAIN + " --threads 1 --out whole");
    assertEquals(0, result.code(), result.toString());
  }

  /** What does not depend on the clock. */
  private static List<String> losses(Path run) throws IOException {
    return Files.readAllLines(run.resolve("metrics.jsonl")).stream()
        .map(line -> line.replaceAll(",\"images_per_second.*", ""))
        .toList();
  }

  private static byte[] lastCheckpoint(Path run) throws IOException {
    return Files.readAllBytes(run.resolve("checkpoints/step-000012.safetensors"));
  }

  private static void assertSameTraining(Path run) throws IOException {
    assertEquals(losses(whole), losses(run));
    assertArrayEquals(lastCheckpoint(whole), lastCheckpoint(run), "final checkpoint");
    assertArrayEquals(
        Files.readAllBytes(whole.resolve("samples/step-000012.png")),
        Files.readAllBytes(run.resolve("samples/step-000012.png")),
        "final grid");
  }

  private static List<String> namesIn(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    }
  }

  @Test
  void aTrainingLeavesTheFilesOfARun() throws IOException {
    assertEquals(
        List.of(".lock", "checkpoints", "config.json", "loss.png", "metrics.jsonl", "samples"),
        namesIn(whole));
    assertEquals(
        List.of("denoising.gif", "step-000006.png", "step-000012.png"),
        namesIn(whole.resolve("samples")));
    assertEquals(
        List.of("step-000004.safetensors", "step-000008.safetensors", "step-000012.safetensors"),
        namesIn(whole.resolve("checkpoints")),
        "three are kept");
    for (String picture : List.of("loss.png", "samples/step-000006.png")) {
      assertTrue(ImageIO.read(whole.resolve(picture).toFile()).getWidth() > 8, picture);
    }
    assertEquals(4, frames(whole.resolve("samples/denoising.gif").toFile()), "noise and 3 steps");
  }

  private static int frames(File gif) throws IOException {
    ImageReader reader = ImageIO.getImageReadersBySuffix("gif").next();
    try (ImageInputStream in = ImageIO.createImageInputStream(gif)) {
      reader.setInput(in);
      return reader.getNumImages(true);
    } finally {
      reader.dispose();
    }
  }

  @Test
  void everyStepHasALineOfMetrics() throws IOException {
    List<String> lines = Files.readAllLines(whole.resolve("metrics.jsonl"));
    assertEquals(STEPS, lines.size());
    for (int i = 0; i < STEPS; i++) {
      String line = lines.get(i);
      assertTrue(
          line.matches(
              "\\{\"step\":"
                  + (i + 1)
                  + ",\"epoch\":0,\"loss\":[0-9.E-]+,\"lr\":[0-9.E-]+,\"grad_norm\":[0-9.E-]+,"
                  + "\"images_per_second\":[0-9.E-]+,\"seconds\":[0-9.E-]+}"),
          line);
    }
  }

  @Test
  void theNumberOfThreadsChangesNoBit() throws IOException {
    Program.Result result = Program.in(folder).run(TRAIN + " --threads 2 --out run");
    assertEquals(0, result.code(), result.toString());
    assertSameTraining(folder.resolve("run"));
  }

  @Test
  void anotherSeedTrainsAnotherNetwork() throws IOException {
    Program.Result result = Program.call(TRAIN + " --seed 1 --out " + folder.resolve("run"));
    assertEquals(0, result.code(), result.toString());
    assertFalse(losses(whole).equals(losses(folder.resolve("run"))));
  }

  @ParameterizedTest
  @ValueSource(strings = {"INT", "TERM"})
  void anInterruptedTrainingSavesAndContinuesBitForBit(String signal) throws IOException {
    if (signal.equals("INT")) {
      Interrupts.assumeDelivered();
    }
    Path run = folder.resolve("run");
    Program.Running training = Program.in(folder).start(TRAIN + " --out run");
    training.awaitLines(run.resolve("metrics.jsonl"), 2);
    training.signal(signal);
    Program.Result interrupted = training.end();
    assumeTrue(losses(run).size() < STEPS, "the training was faster than the signal");
    assertEquals(130, interrupted.code(), interrupted.toString());
    assertEquals(List.of(), interrupted.err());
    String last = interrupted.out().getLast();
    int step = losses(run).size();
    assertTrue(last.startsWith("interrupted after step " + step + "; saved run"), last);
    assertTrue(last.endsWith("continue with: train --resume --out run"), last);
    assertTrue(Files.exists(run.resolve("checkpoints/step-%06d.safetensors".formatted(step))));

    Program.Result resumed = Program.in(folder).run("train --resume --out run");
    assertEquals(0, resumed.code(), resumed.toString());
    assertSameTraining(run);
  }

  @Test
  void aKilledTrainingContinuesBitForBit() throws IOException {
    Path run = folder.resolve("run");
    List<String> kills = new ArrayList<>();
    String line = TRAIN + " --out run";
    for (int lines : new int[] {3, 7}) {
      Program.Running training = Program.in(folder).start(line);
      training.awaitLines(run.resolve("metrics.jsonl"), lines);
      training.signal("KILL");
      int code = training.end().code();
      kills.add("after " + losses(run).size() + " steps: exit code " + code);
      line = "train --resume --out run";
    }
    // What a kill in the middle of writing leaves.
    Files.write(run.resolve("checkpoints/step-000011.safetensors.tmp"), new byte[100]);
    Files.writeString(
        run.resolve("metrics.jsonl"),
        Files.readString(run.resolve("metrics.jsonl")) + "{\"step\":99,\"epo");
    Program.Result resumed = Program.in(folder).run(line);
    assertEquals(0, resumed.code(), kills + " " + resumed);
    assertSameTraining(run);
    assertEquals(3, namesIn(run.resolve("checkpoints")).size());
  }

  @Test
  void aSecondInterruptEndsAtOnceAndLeavesTheLastCheckpoint() throws IOException {
    Interrupts.assumeDelivered();
    Path run = folder.resolve("run");
    // Steps of many seconds, so that the second signal comes in the middle of one.
    Program.Running training =
        Program.in(folder)
            .start("train --device reference --preset annotated --batch 256 --steps 2 --out run");
    training.awaitFile(run.resolve("config.json"));
    training.signal("INT");
    training.awaitLine("stopping after this step; once more to quit without saving");
    training.signal("INT");
    Program.Result result = training.end();
    assertEquals(130, result.code(), result.toString());
    assertEquals(List.of("step-000000.safetensors"), namesIn(run.resolve("checkpoints")));
    try (Checkpoint checkpoint =
        Checkpoint.open(run.resolve("checkpoints/step-000000.safetensors"))) {
      assertEquals(0, checkpoint.position().step());
    }
  }

  @Test
  void aLongerTrainingContinuesACompleteOne() throws IOException {
    Path run = folder.resolve("run");
    assertEquals(0, Program.call(TRAIN + " --steps 5 --lr-decay constant --out " + run).code());
    Program.Result longer = Program.call("train --resume --steps 9 --out " + run);
    assertEquals(0, longer.code(), longer.toString());
    Path straight = folder.resolve("straight");
    assertEquals(
        0, Program.call(TRAIN + " --steps 9 --lr-decay constant --out " + straight).code());
    assertEquals(losses(straight), losses(run));
  }

  @Test
  void resumingACompleteTrainingDrawsItsLastPicturesAgain() throws IOException {
    Path run = folder.resolve("run");
    assertEquals(0, Program.call(TRAIN + " --out " + run).code());
    Files.delete(run.resolve("samples/step-000012.png"));
    assertEquals(0, Program.call("train --resume --out " + run).code());
    assertSameTraining(run);
  }

  @Test
  void accumulatedMicroBatchesResumeBitForBit() throws IOException {
    String line = TRAIN + " --accumulate 3 --steps 6 --out ";
    Path straight = folder.resolve("straight");
    assertEquals(0, Program.call(line + straight).code());
    Path run = folder.resolve("run");
    Program.Running training = Program.in(folder).start(line + run);
    training.awaitLines(run.resolve("metrics.jsonl"), 2);
    training.signal("KILL");
    training.end();
    assertEquals(0, Program.call("train --resume --out " + run).code());
    assertEquals(losses(straight), losses(run));
  }

  @Test
  void aDamagedNewestCheckpointIsNamedTogetherWithTheOneBefore() throws IOException {
    Path run = folder.resolve("run");
    assertEquals(0, Program.call(TRAIN + " --out " + run).code());
    Path newest = run.resolve("checkpoints/step-000012.safetensors");
    byte[] bytes = Files.readAllBytes(newest);
    Files.write(newest, Arrays.copyOf(bytes, bytes.length / 2));
    Program.Result result = Program.call("train --resume --out " + run);
    assertEquals(2, result.code());
    assertEquals(1, result.err().size());
    assertTrue(result.err().getFirst().contains("step-000012.safetensors"), result.toString());
    assertTrue(result.err().getFirst().contains("delete it to continue from"), result.toString());
    assertTrue(result.err().getFirst().contains("step-000008.safetensors"), result.toString());
    Files.delete(newest);
    assertEquals(0, Program.call("train --resume --out " + run).code());
    assertSameTraining(run);
  }

  @Test
  void aFullDiskEndsTheTrainingWithTheLastCheckpointIntact() throws IOException {
    Path run = folder.resolve("run");
    assertEquals(0, Program.call(TRAIN + " --steps 1 --out " + run).code());
    long blocks = Files.size(run.resolve("checkpoints/step-000001.safetensors")) / 512;
    String java =
        String.join("' '", Program.in(folder).command("train --resume --steps 9 --out run"));
    // No file may become longer than half a checkpoint: as if the disk were full by then.
    Program.Running training =
        Program.in(folder)
            .start(List.of("sh", "-c", "ulimit -f " + blocks / 2 + "; exec '" + java + "'"));
    Program.Result result = training.end();
    assertEquals(2, result.code(), result.toString());
    assertEquals(1, result.err().size(), result.toString());
    assertTrue(result.err().getFirst().contains("cannot write"), result.toString());
    assertTrue(
        result.err().getFirst().contains("step-000001.safetensors is the last good checkpoint"),
        result.toString());
    assertEquals(0, Program.call("train --resume --steps 9 --out " + run).code());
  }

  @Test
  void aDiskThatIsFullAtTheStartLeavesNoRun() throws IOException {
    String java = String.join("' '", Program.in(folder).command(TRAIN + " --out run"));
    Program.Result result =
        Program.in(folder).start(List.of("sh", "-c", "ulimit -f 100; exec '" + java + "'")).end();
    assertEquals(2, result.code(), result.toString());
    assertEquals(1, result.err().size(), result.toString());
    assertTrue(result.err().getFirst().contains("step-000000.safetensors"), result.toString());
    assertFalse(Files.exists(folder.resolve("run")));
    assertEquals(0, Program.in(folder).run(TRAIN + " --steps 1 --out run").code());
  }

  @Test
  void aKillWhileACheckpointIsWrittenLeavesAWholeOne() throws IOException {
    Path run = folder.resolve("run");
    Path checkpoints = run.resolve("checkpoints");
    // A network of some megabytes, so that writing it takes a while.
    String line = TRAIN + " --dim 32 --steps 400 --checkpoint-every 1 --out run";
    for (int i = 0; i < 3; i++) {
      Program.Running training = Program.in(folder).start(line);
      int next = i + 1;
      training.await(() ->
          Files.exists(checkpoints.resolve("step-%06d.safetensors".formatted(next)))
              && hasTemporary(checkpoints));
      training.signal("KILL");
      training.end();
      Path newest = Checkpoint.find(run);
      try (Checkpoint checkpoint = Checkpoint.open(newest)) {
        assertTrue(checkpoint.position().step() >= next, newest.toString());
      }
      line = "train --resume --out run";
    }
  }

  private static boolean hasTemporary(Path folder) {
    try {
      return namesIn(folder).stream().anyMatch(name -> name.endsWith(".tmp"));
    } catch (IOException | UncheckedIOException e) {
      // Files come and go while it is listed.
      return false;
    }
  }

  @Test
  void tooLittleMemoryIsNoInternalError() {
    Program.Result result =
        Program.in(folder)
            .withJvmFlags("-Xmx64m")
            .run(TRAIN + " --image-size 64 --batch 1024 --out run");
    assertEquals(2, result.code(), result.toString());
    assertEquals(1, result.err().size(), result.toString());
    assertTrue(result.err().getFirst().contains("out of memory: the heap is limited to"));
    assertTrue(result.err().getFirst().contains("smaller --batch"));
  }

  @Test
  void theLossIsShownHoweverFewStepsAreLogged() throws IOException {
    Path run = folder.resolve("run");
    Program.Result result = Program.call(TRAIN + " --log-every 100 --out " + run);
    String text = String.join("\n", result.out());
    assertTrue(text.matches("(?s).*step 1/12  loss \\d.*"), text);
    assertTrue(text.matches("(?s).*; mean loss of the last 12: \\d.*"), text);
    Files.delete(run.resolve("metrics.jsonl"));
    Program.Result again = Program.call("train --resume --out " + run);
    assertEquals(0, again.code(), again.toString());
    assertFalse(again.toString().contains("NaN"), again.toString());
    assertTrue(again.out().contains("trained 12 steps in 0:00"), again.toString());
  }

  @Test
  void whatIsWrittenToAPipeIsPlainLines() {
    Program.Result result = Program.in(folder).run(TRAIN + " --out run");
    String text = String.join("\n", result.out());
    assertTrue(text.getBytes(StandardCharsets.UTF_8).length > 0);
    assertFalse(text.contains("\r") || text.contains("\u001b"), text);
    assertTrue(text.contains("step 12/12  loss "), text);
  }
}
