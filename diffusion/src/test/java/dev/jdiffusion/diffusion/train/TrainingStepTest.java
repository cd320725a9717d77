package dev.jdiffusion.diffusion.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.jdiffusion.autograd.Profiler;
import dev.jdiffusion.autograd.Variable;
import dev.jdiffusion.diffusion.checkpoint.Checkpoint;
import dev.jdiffusion.diffusion.config.Layer;
import dev.jdiffusion.diffusion.config.RunConfig;
import dev.jdiffusion.diffusion.config.Setting;
import dev.jdiffusion.diffusion.model.UNet;
import dev.jdiffusion.diffusion.process.DiffusionProcess;
import dev.jdiffusion.diffusion.process.Prediction;
import dev.jdiffusion.diffusion.schedule.NoiseSchedule;
import dev.jdiffusion.nn.Conv2d;
import dev.jdiffusion.nn.Dropout;
import dev.jdiffusion.nn.Module;
import dev.jdiffusion.nn.ParameterStore;
import dev.jdiffusion.nn.optim.AdamOptimizer;
import dev.jdiffusion.tensor.Backend;
import dev.jdiffusion.tensor.Backends;
import dev.jdiffusion.tensor.Device;
import dev.jdiffusion.tensor.IntTensor;
import dev.jdiffusion.tensor.Recorder;
import dev.jdiffusion.tensor.Recording;
import dev.jdiffusion.tensor.RecordingRefusedException;
import dev.jdiffusion.tensor.Shape;
import dev.jdiffusion.tensor.ops.Loss.Kind;
import dev.jdiffusion.tensor.ops.RandomFill.DeviceKey;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BinaryOperator;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Recorded steps on the emulator of a GPU, beside steps operation by operation. */
class TrainingStepTest {
  private final List<String> notices = new ArrayList<>();

  private static Backend emulator() {
    return Backends.open(new Device("cuda", "emulator"), 2);
  }

  private static RunConfig config(Map<Setting, String> more) {
    Map<Setting, String> all =
        new HashMap<>(
            Map.of(
                Setting.IMAGE_SIZE, "8",
                Setting.DIM, "8",
                Setting.MULTIPLIERS, "1,2",
                Setting.HEADS, "2",
                Setting.HEAD_DIM, "4",
                Setting.TIMESTEPS, "20",
                Setting.BATCH, "2",
                Setting.WARMUP_STEPS, "3",
                Setting.STEPS, "20"));
    all.putAll(more);
    Layer flags = new Layer();
    all.forEach(flags::putFlag);
    return RunConfig.of(new Layer(), flags);
  }

  private Trainer trainer(RunConfig config, Backend backend, Integer... broken) {
    Trainer trainer = Trainer.start(config, backend, new Pictures(12, Set.of(broken)));
    trainer.tell(notices::add);
    return trainer;
  }

  private static void assertSameState(Trainer expected, Trainer actual) {
    expected
        .state()
        .forEach((name, tensor) ->
            assertArrayEquals(
                tensor.toFloats(),
                Objects.requireNonNull(actual.state().get(name)).toFloats(),
                name));
  }

  @ParameterizedTest
  @CsvSource({"1, convnext", "2, resnet"})
  void recordedStepsHaveTheBitsOfDirectOnes(int accumulate, String block) {
    RunConfig config =
        config(Map.of(Setting.ACCUMULATE, String.valueOf(accumulate), Setting.BLOCK, block));
    try (Trainer direct = trainer(config, emulator());
        Trainer recorded = trainer(config, emulator())) {
      direct.training().stopRecording("as the test wishes");
      assertEquals(
          List.of("the device is given each step operation by operation: as the test wishes"),
          notices);
      for (int step = 0; step < 5; step++) {
        assertEquals(direct.step(), recorded.step());
      }
      assertSameState(direct, recorded);
      assertEquals(0, direct.training().recordings());
      assertEquals(1, recorded.training().recordings());
    }
    assertEquals(1, notices.size());
  }

  @Test
  void aTrainingGoesOnFromACheckpointWithTheSameBits(@TempDir Path folder) {
    RunConfig config = config(Map.of());
    Path file = folder.resolve("step.safetensors");
    try (Trainer whole = trainer(config, emulator(), 7);
        Trainer interrupted = trainer(config, emulator(), 7)) {
      for (int step = 0; step < 3; step++) {
        assertEquals(whole.step(), interrupted.step());
      }
      interrupted.save(file);
      try (Checkpoint checkpoint = Checkpoint.open(file);
          Trainer resumed =
              Trainer.resume(config, emulator(), new Pictures(12, Set.of(7)), checkpoint)) {
        for (int step = 3; step < 7; step++) {
          assertEquals(whole.step(), resumed.step());
        }
        assertSameState(whole, resumed);
        assertEquals(1, resumed.training().recordings());
      }
    }
  }

  @Test
  void asksTheDriverForNothingAfterTheSecondStep() {
    Backend backend = emulator();
    try (Trainer trainer = trainer(config(Map.of()), backend)) {
      trainer.step();
      trainer.step();
      assertEquals(1, trainer.training().recordings());
      long allocations = backend.memory().allocations();
      long inUse = backend.memory().inUse();
      long handedOut = backend.memory().handedOut();
      for (int step = 0; step < 3; step++) {
        trainer.step();
      }
      // Not even a tensor: all that is done is in the recording.
      assertEquals(handedOut, backend.memory().handedOut());
      assertEquals(allocations, backend.memory().allocations());
      assertEquals(inUse, backend.memory().inUse());
    }
  }

  @Test
  void aBrokenPictureInARecordedStepIsFoundAsInADirectOne() {
    RunConfig config = config(Map.of());
    try (Trainer direct = trainer(config, emulator(), 7);
        Trainer recorded = trainer(config, emulator(), 7)) {
      direct.training().stopRecording("as the test wishes");
      int skipped = 0;
      for (int step = 0; step < 6; step++) {
        Trainer.Step expected = direct.step();
        assertEquals(expected, recorded.step());
        skipped += expected.skipped() ? 1 : 0;
      }
      assertEquals(1, skipped);
      assertSameState(direct, recorded);
    }
  }

  @Test
  void aProfileEndsTheRecordingAndSaysSo() {
    Backend backend = emulator();
    try (Trainer trainer = trainer(config(Map.of()), backend)) {
      trainer.step();
      trainer.step();
      trainer.profile(new Profiler(backend, Profiler.Grouping.OPERATIONS));
      trainer.step();
      assertEquals(0, trainer.training().recordings());
    }
    assertEquals(
        List.of(
            "the device is given each step operation by operation: the profile times every one of"
                + " them"),
        notices);
  }

  /** A batch with numbers from a seed. */
  private static TrainingStep.Batch batch(int size, int seed) {
    Shape shape = Shape.of(size, 8, 8, 1);
    float[] pictures = new float[shape.size()];
    SplittableRandom numbers = new SplittableRandom(seed);
    for (int i = 0; i < pictures.length; i++) {
      pictures[i] = (float) numbers.nextDouble(-1, 1);
    }
    int[] timesteps = numbers.ints(size, 0, 20).toArray();
    return new TrainingStep.Batch(pictures, shape, IntTensor.of(timesteps), seed);
  }

  private record Results(
      List<TrainingStep.Outcome> outcomes, List<float[]> weights, int recordings) {
    void assertSame(Results actual) {
      assertEquals(outcomes, actual.outcomes);
      for (int i = 0; i < weights.size(); i++) {
        assertArrayEquals(weights.get(i), actual.weights.get(i), "batch " + i);
      }
    }
  }

  /** What batches of two sizes in turns give. */
  private Results results(boolean recorded) {
    Backend backend = emulator();
    return results(backend, recorded ? backend.recorder() : Optional.empty());
  }

  private Results results(Backend backend, Optional<Recorder> recorder) {
    UNet model = new UNet(config(Map.of()).unet());
    return results(backend, recorder, model, model::forward, model::waves);
  }

  private Results results(
      Backend backend,
      Optional<Recorder> recorder,
      Module model,
      BinaryOperator<Variable> network,
      Function<IntTensor, double[]> waves) {
    DiffusionProcess process =
        new DiffusionProcess(NoiseSchedule.cosine(20), Prediction.V, Kind.HUBER);
    TrainingStep.Noise noise =
        (number, out) -> backend.random().normal(new DeviceKey(1, 2, number), out);
    List<TrainingStep.Outcome> outcomes = new ArrayList<>();
    List<float[]> weights = new ArrayList<>();
    try (ParameterStore store = ParameterStore.forTraining(model, backend)) {
      store.initialize(1);
      try (TrainingStep step =
          new TrainingStep(
              backend,
              new TrainingStep.Task(model, 3, network, waves, process, noise),
              new AdamOptimizer(store, AdamOptimizer.Settings.adamW(0.1).clippedTo(0.5)),
              1,
              recorder,
              notices::add)) {
        for (int i = 0; i < 7; i++) {
          outcomes.add(step.run(List.of(batch(i % 2 == 0 ? 1 : 3, i)), 0.01 / (1 + i)));
          weights.add(store.values().toFloats());
        }
        return new Results(outcomes, weights, step.recordings());
      }
    }
  }

  /** A network of two layers, one of which drops. */
  private static final class Dropping extends Module {
    private final Conv2d convolution = child("convolution", Conv2d.same(1, 1, 3));
    private final Dropout dropout = child("dropout", new Dropout(0.5));

    Variable forward(Variable x, Variable waves) {
      return dropout.forward(convolution.forward(x));
    }
  }

  private Results dropping(boolean recorded) {
    Backend backend = emulator();
    Dropping model = new Dropping();
    return results(
        backend,
        recorded ? backend.recorder() : Optional.empty(),
        model,
        model::forward,
        timesteps -> new double[timesteps.values().length]);
  }

  @Test
  void recordedStepsDropOtherElementsInEachRepetition() {
    Results recorded = dropping(true);
    dropping(false).assertSame(recorded);
    assertEquals(2, recorded.recordings());
    assertTrue(notices.isEmpty(), notices.toString());
  }

  @Test
  void twoShapesHaveARecordingEach() {
    Results direct = results(false);
    Results recorded = results(true);
    assertEquals(0, direct.recordings());
    assertEquals(2, recorded.recordings());
    direct.assertSame(recorded);
    assertTrue(notices.isEmpty(), notices.toString());
  }

  @Test
  void whereNothingCanBeRecordedItSaysWhyOnceAndGoesOn() {
    Results direct = results(false);
    Results refused =
        results(
            emulator(),
            Optional.of(work -> {
              throw new RecordingRefusedException("the moon is full");
            }));
    direct.assertSame(refused);
    assertEquals(
        List.of("the device is given each step operation by operation: the moon is full"), notices);
  }

  /** A recorder whose second recording is the first that is not given up at once. */
  private static Recorder forgetful(Recorder recorder) {
    AtomicInteger made = new AtomicInteger();
    return work -> {
      Recording recording = recorder.record(work);
      boolean kept = made.incrementAndGet() > 1;
      return new Recording() {
        private boolean replayed;

        @Override
        public boolean replay() {
          boolean here = kept || !replayed;
          replayed = true;
          return here && recording.replay();
        }

        @Override
        public void close() {
          recording.close();
        }
      };
    };
  }

  @Test
  void aRecordingThatTheDeviceGaveUpIsMadeAgain() {
    Results direct = results(false);
    Backend backend = emulator();
    Results recorded = results(backend, backend.recorder().map(TrainingStepTest::forgetful));
    direct.assertSame(recorded);
    assertEquals(1, notices.size(), notices.toString());
    assertTrue(notices.getFirst().contains("short of memory"), notices.toString());
  }
}
