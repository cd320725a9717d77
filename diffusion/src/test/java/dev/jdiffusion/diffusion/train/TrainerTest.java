package dev.jdiffusion.diffusion.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.jdiffusion.diffusion.UserError;
import dev.jdiffusion.diffusion.checkpoint.Checkpoint;
import dev.jdiffusion.diffusion.config.Layer;
import dev.jdiffusion.diffusion.config.RunConfig;
import dev.jdiffusion.diffusion.config.Setting;
import dev.jdiffusion.diffusion.progress.Progress;
import dev.jdiffusion.diffusion.progress.StopRequest;
import dev.jdiffusion.tensor.Backend;
import dev.jdiffusion.tensor.Backends;
import dev.jdiffusion.tensor.Device;
import dev.jdiffusion.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class TrainerTest {
  private static final Backend CPU = Backends.open(Device.CPU, 2);

  @TempDir private Path folder;

  private record Lines(List<String> lines) implements Progress {
    @Override
    public void show(State state) {
      lines.add(state.what() + " " + state.done());
    }

    @Override
    public void line(String text) {
      lines.add(text);
    }

    @Override
    public void close() {
      // Nothing to end.
    }
  }

  private static Layer flags(Map<Setting, String> more) {
    Layer flags = new Layer();
    Map.ofEntries(
            Map.entry(Setting.IMAGE_SIZE, "8"),
            Map.entry(Setting.DIM, "8"),
            Map.entry(Setting.MULTIPLIERS, "1,2"),
            Map.entry(Setting.HEADS, "2"),
            Map.entry(Setting.HEAD_DIM, "4"),
            Map.entry(Setting.TIMESTEPS, "20"),
            Map.entry(Setting.SCHEDULE, "cosine"),
            Map.entry(Setting.BATCH, "4"),
            Map.entry(Setting.WARMUP_STEPS, "0"),
            Map.entry(Setting.SAMPLE_COUNT, "1"),
            Map.entry(Setting.SAMPLE_STEPS, "2"),
            Map.entry(Setting.STEPS, "20"))
        .forEach(flags::putFlag);
    more.forEach(flags::putFlag);
    return flags;
  }

  private static RunConfig config(Map<Setting, String> more) {
    return RunConfig.of(new Layer(), flags(more));
  }

  private static float[] weights(Trainer trainer) {
    float[] all = new float[0];
    for (Tensor tensor : trainer.state().values()) {
      float[] part = tensor.toFloats();
      int length = all.length;
      all = Arrays.copyOf(all, length + part.length);
      System.arraycopy(part, 0, all, length, part.length);
    }
    return all;
  }

  @Test
  void aStepWithABrokenPictureChangesNothingAndNamesTheLayer() {
    // Five batches an epoch, one picture in one of them.
    try (Trainer trainer = Trainer.start(config(Map.of()), CPU, new Pictures(20, Set.of(7)))) {
      int skipped = 0;
      for (int i = 0; i < 5; i++) {
        float[] before = weights(trainer);
        Trainer.Step step = trainer.step();
        if (step.skipped()) {
          skipped++;
          assertTrue(step.skippedBecause().contains("conv2d"), step.skippedBecause());
          assertTrue(step.skippedBecause().contains("initial"), step.skippedBecause());
          assertFalse(Double.isFinite(step.loss()));
          assertArrayEquals(before, weights(trainer));
          assertEquals(1, trainer.position().skippedInARow());
          Path file = folder.resolve("skipped.safetensors");
          trainer.save(file);
          try (Checkpoint checkpoint = Checkpoint.open(file)) {
            assertEquals(trainer.position(), checkpoint.position());
          }
        } else {
          assertFalse(Arrays.equals(before, weights(trainer)));
          assertEquals(0, trainer.position().skippedInARow());
        }
        assertEquals(i + 1, trainer.position().step());
      }
      assertEquals(1, skipped);
      assertEquals(4, trainer.position().applied());
    }
  }

  @Test
  void aBrokenWeightIsNamed() {
    try (Trainer trainer = Trainer.start(config(Map.of()), CPU, new Pictures(20, Set.of()))) {
      Tensor bias = trainer.state().get("model.finalConvolution.bias");
      bias.copyFrom(new float[] {Float.POSITIVE_INFINITY});
      Trainer.Step step = trainer.step();
      assertTrue(step.skipped());
      assertTrue(step.skippedBecause().contains("finalConvolution"), step.skippedBecause());
    }
  }

  @Test
  void brokenPicturesOnlyEndTheTrainingWithItsLastCheckpointIntact() throws IOException {
    Path run = folder.resolve("run");
    Pictures dataset = new Pictures(8, IntStream.range(0, 8).boxed().collect(Collectors.toSet()));
    Lines lines = new Lines(new ArrayList<>());
    try (StopRequest stop = StopRequest.withoutSignals()) {
      TrainingStoppedException stopped =
          assertThrows(
              TrainingStoppedException.class,
              () -> TrainingRun.run(run, flags(Map.of()), dataset, lines, stop));
      assertTrue(
          stopped.getMessage().contains("5 steps in a row without finite numbers"),
          stopped.getMessage());
      assertTrue(stopped.getMessage().contains("step-000000.safetensors is the last good"));
    }
    assertEquals(5, lines.lines.stream().filter(line -> line.contains("skipped:")).count());
    assertEquals(5, Files.readAllLines(run.resolve("metrics.jsonl")).size());
    try (Checkpoint checkpoint =
        Checkpoint.open(run.resolve("checkpoints/step-000000.safetensors"))) {
      assertEquals(0, checkpoint.position().step());
    }
  }

  @Test
  void aPictureThatCannotBeReadCostsNoStep() {
    Path run = folder.resolve("run");
    Pictures dataset = new Pictures(20, Set.of(), Set.of(7));
    try (StopRequest stop = StopRequest.withoutSignals()) {
      UserError error =
          assertThrows(
              UserError.class,
              () ->
                  TrainingRun.run(
                      run, flags(Map.of()), dataset, new Lines(new ArrayList<>()), stop));
      int done = Metrics.open(run.resolve("metrics.jsonl"), 20).points().size();
      assertTrue(
          error.getMessage().contains("picture 7 is gone; saved " + run), error.getMessage());
      assertTrue(
          Files.exists(run.resolve("checkpoints/step-%06d.safetensors".formatted(done))),
          "after step " + done);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"cpu", "reference"})
  void aCheckpointContinuesBitForBit(String device) {
    RunConfig config = config(Map.of(Setting.DEVICE, device, Setting.WEIGHT_DECAY, "0.01"));
    Backend backend = Backends.open(Device.parse(device), 2);
    Pictures dataset = new Pictures(11, Set.of(3));
    Path file = folder.resolve("step.safetensors");
    List<Trainer.Step> straight = new ArrayList<>();
    float[] end;
    try (Trainer trainer = Trainer.start(config, backend, dataset)) {
      for (int i = 0; i < 7; i++) {
        straight.add(trainer.step());
        if (i == 2) {
          trainer.save(file);
        }
      }
      end = weights(trainer);
    }
    try (Checkpoint checkpoint = Checkpoint.open(file);
        Trainer trainer = Trainer.resume(checkpoint.config(), backend, dataset, checkpoint)) {
      for (int i = 3; i < 7; i++) {
        assertEquals(straight.get(i), trainer.step());
      }
      assertArrayEquals(end, weights(trainer));
    }
  }

  @Test
  void aTrainingIsNotContinuedOnAnotherNumberOfPictures() {
    RunConfig config = config(Map.of());
    Backend backend = Backends.open(Device.CPU, 1);
    Path file = folder.resolve("step.safetensors");
    try (Trainer trainer = Trainer.start(config, backend, new Pictures(11, Set.of()))) {
      trainer.save(file);
    }
    try (Checkpoint checkpoint = Checkpoint.open(file)) {
      UserError error =
          assertThrows(
              UserError.class,
              () -> Trainer.resume(config, backend, new Pictures(12, Set.of()), checkpoint));
      assertTrue(error.getMessage().contains("was trained on 11 pictures"), error.getMessage());
    }
  }

  @Test
  void theLossFalls() {
    Map<Setting, String> more =
        Map.of(Setting.LR, "0.005", Setting.BATCH, "8", Setting.PREDICTION, "x0");
    try (Trainer trainer = Trainer.start(config(more), CPU, new Pictures(8, Set.of()))) {
      double first = 0;
      double last = 0;
      for (int i = 0; i < 60; i++) {
        double loss = trainer.step().loss();
        first += i < 10 ? loss / 10 : 0;
        last += i >= 50 ? loss / 10 : 0;
      }
      assertTrue(last < first * 0.7, "from " + first + " to " + last);
    }
  }

  /** What a training has come to. */
  private record End(Map<String, float[]> state, double lastRate) {
    boolean differs(End other, String prefix) {
      return state.entrySet().stream()
          .filter(entry -> entry.getKey().startsWith(prefix))
          .anyMatch(entry -> !Arrays.equals(entry.getValue(), other.state.get(entry.getKey())));
    }
  }

  private static End end(Map<Setting, String> more) {
    try (Trainer trainer = Trainer.start(config(more), CPU, new Pictures(20, Set.of()))) {
      double rate = 0;
      for (int i = 0; i < 4; i++) {
        rate = trainer.step().learningRate();
      }
      Map<String, float[]> state = new HashMap<>();
      trainer.state().forEach((name, tensor) -> state.put(name, tensor.toFloats()));
      return new End(state, rate);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "LR, 0.01, true, true",
    "WARMUP_STEPS, 9, true, true",
    "LR_DECAY, cosine, true, true",
    "WEIGHT_DECAY, 0.1, true, false",
    "CLIP_NORM, 0.001, true, false",
    "EMA_DECAY, 0.1, false, false",
    "FLIP, true, true, false",
    "LOSS, mse, true, false",
    "PREDICTION, v, true, false",
    "SCHEDULE, sigmoid, true, false",
    "SEED, 1, true, false"
  })
  void aSettingChangesWhatIsTrained(
      Setting setting, String value, boolean changesWeights, boolean changesRate) {
    Map<Setting, String> others =
        Map.of(
            Setting.LR_DECAY, "constant",
            Setting.WEIGHT_DECAY, "0",
            Setting.CLIP_NORM, "0",
            Setting.EMA_DECAY, "0.995",
            Setting.LOSS, "huber",
            Setting.PREDICTION, "epsilon",
            Setting.SEED, "0");
    Map<Setting, String> changed = new HashMap<>(others);
    changed.put(setting, value);
    End end = end(changed);
    End other = end(others);
    assertEquals(changesWeights, end.differs(other, "model."));
    assertTrue(end.differs(other, "ema."));
    assertEquals(changesRate, end.lastRate != other.lastRate);
  }

  @Test
  void timestepsAreDrawnFromAllAndAnewForEachMicroBatchAndSeed() {
    int[] counts = new int[20];
    for (int number = 0; number < 500; number++) {
      for (int timestep : Trainer.timesteps(3, 4, number, 20).values()) {
        counts[timestep]++;
      }
    }
    // 2,000 drawn, 100 of each expected, with a standard deviation of 10.
    for (int timestep = 0; timestep < 20; timestep++) {
      assertEquals(100, counts[timestep], 50, "timestep " + timestep);
    }
    int[] first = Trainer.timesteps(3, 8, 0, 1000).values();
    assertFalse(Arrays.equals(first, Trainer.timesteps(3, 8, 1, 1000).values()));
    assertFalse(Arrays.equals(first, Trainer.timesteps(4, 8, 0, 1000).values()));
  }

  @Test
  void aStepTakesAllItsMicroBatches() {
    Map<Setting, String> more = Map.of(Setting.ACCUMULATE, "2", Setting.BATCH, "2");
    try (Trainer two = Trainer.start(config(more), CPU, new Pictures(8, Set.of()))) {
      Trainer.Step step = two.step();
      assertEquals(4, step.images());
      assertEquals(2, two.position().cursor().batch());
      assertTrue(step.gradNorm() > 0);
    }
  }

  @Test
  void memoryDoesNotGrowFromStepToStep() {
    // One thread: with more, it is chance when one first needs scratch memory of its own.
    Backend backend = Backends.open(Device.CPU, 1);
    try (Trainer trainer = Trainer.start(config(Map.of()), backend, new Pictures(20, Set.of()))) {
      for (int i = 0; i < 3; i++) {
        trainer.step();
      }
      long allocations = backend.memory().allocations();
      long inUse = backend.memory().inUse();
      for (int i = 0; i < 50; i++) {
        trainer.step();
      }
      assertEquals(allocations, backend.memory().allocations());
      assertEquals(inUse, backend.memory().inUse());
    }
  }

  @Test
  void aRequestToStopIsHeardBetweenTwoSteps() {
    Path run = folder.resolve("run");
    try (StopRequest stop = StopRequest.withoutSignals()) {
      stop.stop();
      Lines lines = new Lines(new ArrayList<>());
      assertEquals(
          TrainingRun.End.INTERRUPTED,
          TrainingRun.run(run, flags(Map.of()), new Pictures(8, Set.of()), lines, stop));
      assertTrue(lines.lines.getLast().startsWith("interrupted after step 0; saved"));
    }
  }
}
