package dev.jdiffusion.diffusion.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.jdiffusion.autograd.Profiler;
import dev.jdiffusion.diffusion.config.Layer;
import dev.jdiffusion.diffusion.config.RunConfig;
import dev.jdiffusion.diffusion.config.Setting;
import dev.jdiffusion.diffusion.data.ImageDataset;
import dev.jdiffusion.diffusion.model.UNet;
import dev.jdiffusion.nn.ParameterStore;
import dev.jdiffusion.tensor.Backend;
import dev.jdiffusion.tensor.Backends;
import dev.jdiffusion.tensor.Device;
import dev.jdiffusion.tensor.IntTensor;
import dev.jdiffusion.tensor.Recorder;
import dev.jdiffusion.tensor.Recording;
import dev.jdiffusion.tensor.RecordingRefusedException;
import dev.jdiffusion.tensor.Scope;
import dev.jdiffusion.tensor.Shape;
import dev.jdiffusion.tensor.Tensor;
import dev.jdiffusion.tensor.ops.Loss.Kind;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Recorded steps on the emulator of a GPU, beside steps operation by operation. */
class GradientPassTest {
  private final List<String> notices = new ArrayList<>();

  private static Backend emulator() {
    return Backends.open(new Device("cuda", "emulator"), 2);
  }

  /** Grey pictures of 8x8 pixels, one of which may have a pixel that is no number. */
  private record Pictures(int size, int broken) implements ImageDataset {
    @Override
    public String name() {
      return "pictures";
    }

    @Override
    public int height() {
      return 8;
    }

    @Override
    public int width() {
      return 8;
    }

    @Override
    public int channels() {
      return 1;
    }

    @Override
    public List<String> classNames() {
      return List.of();
    }

    @Override
    public int label(int index) {
      return -1;
    }

    @Override
    public void read(int index, float[] target, int offset) {
      for (int i = 0; i < 64; i++) {
        target[offset + i] = (i / 8 + i + index) % 3 - 1f;
      }
      if (index == broken) {
        target[offset + 5] = Float.NaN;
      }
    }

    @Override
    public void close() {
      // Nothing is open.
    }
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

  private Trainer trainer(RunConfig config, Backend backend, int broken) {
    Trainer trainer = Trainer.start(config, backend, new Pictures(12, broken));
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
    try (Trainer direct = trainer(config, emulator(), -1);
        Trainer recorded = trainer(config, emulator(), -1)) {
      direct.pass().stopRecording("as the test wishes");
      assertEquals(
          List.of("the device is given each step operation by operation: as the test wishes"),
          notices);
      for (int step = 0; step < 5; step++) {
        assertEquals(direct.step(), recorded.step());
      }
      assertSameState(direct, recorded);
      assertEquals(0, direct.pass().recordings());
      assertEquals(1, recorded.pass().recordings());
    }
    assertEquals(1, notices.size());
  }

  @Test
  void asksTheDriverForNothingAfterTheSecondStep() {
    Backend backend = emulator();
    try (Trainer trainer = trainer(config(Map.of()), backend, -1)) {
      trainer.step();
      trainer.step();
      assertEquals(1, trainer.pass().recordings());
      long allocations = backend.memory().allocations();
      long inUse = backend.memory().inUse();
      for (int step = 0; step < 3; step++) {
        trainer.step();
      }
      assertEquals(allocations, backend.memory().allocations());
      assertEquals(inUse, backend.memory().inUse());
    }
  }

  @Test
  void aBrokenPictureInARecordedStepIsFoundAsInADirectOne() {
    RunConfig config = config(Map.of());
    try (Trainer direct = trainer(config, emulator(), 7);
        Trainer recorded = trainer(config, emulator(), 7)) {
      direct.pass().stopRecording("as the test wishes");
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
    try (Trainer trainer = trainer(config(Map.of()), backend, -1)) {
      trainer.step();
      trainer.step();
      trainer.profile(new Profiler(backend, Profiler.Grouping.OPERATIONS));
      trainer.step();
      assertEquals(0, trainer.pass().recordings());
    }
    assertEquals(
        List.of(
            "the device is given each step operation by operation: the profile times every one of"
                + " them"),
        notices);
  }

  /** A batch with numbers from a seed. */
  private static GradientPass.Batch batch(Backend backend, UNet model, int size, long seed) {
    Shape shape = Shape.of(size, 8, 8, 1);
    float[] noisy = new float[shape.size()];
    float[] target = new float[shape.size()];
    int[] timesteps = new int[size];
    SplittableRandom numbers = new SplittableRandom(seed);
    for (int i = 0; i < noisy.length; i++) {
      noisy[i] = (float) numbers.nextDouble(-1, 1);
      target[i] = (float) numbers.nextDouble(-1, 1);
    }
    for (int i = 0; i < size; i++) {
      timesteps[i] = numbers.nextInt(20);
    }
    return new GradientPass.Batch(
        Tensor.of(backend, shape, noisy),
        model.waves(backend, IntTensor.of(timesteps)).value(),
        Tensor.of(backend, shape, target));
  }

  private record Results(List<Double> losses, List<float[]> gradients, int recordings) {}

  /** What batches of two sizes in turns give. */
  private Results results(boolean recorded) {
    Backend backend = emulator();
    return results(backend, recorded ? backend.recorder() : Optional.empty());
  }

  private Results results(Backend backend, Optional<Recorder> recorder) {
    UNet model = new UNet(config(Map.of()).unet());
    List<Double> losses = new ArrayList<>();
    List<float[]> gradients = new ArrayList<>();
    try (ParameterStore store = ParameterStore.forTraining(model, backend);
        GradientPass pass = new GradientPass(model::forward, Kind.HUBER, recorder, notices::add)) {
      store.initialize(1);
      for (int i = 0; i < 7; i++) {
        try (Scope _ = Scope.open()) {
          losses.add(pass.run(batch(backend, model, i % 2 == 0 ? 1 : 3, i)));
          gradients.add(store.gradients().toFloats());
        }
      }
      return new Results(losses, gradients, pass.recordings());
    }
  }

  @Test
  void twoShapesHaveARecordingEach() {
    Results direct = results(false);
    Results recorded = results(true);
    assertEquals(0, direct.recordings());
    assertEquals(2, recorded.recordings());
    assertEquals(direct.losses(), recorded.losses());
    for (int i = 0; i < direct.gradients().size(); i++) {
      assertArrayEquals(direct.gradients().get(i), recorded.gradients().get(i), "batch " + i);
    }
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
    assertEquals(direct.losses(), refused.losses());
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
    Results recorded = results(backend, backend.recorder().map(GradientPassTest::forgetful));
    assertEquals(direct.losses(), recorded.losses());
    for (int i = 0; i < direct.gradients().size(); i++) {
      assertArrayEquals(direct.gradients().get(i), recorded.gradients().get(i), "batch " + i);
    }
    assertEquals(1, notices.size(), notices.toString());
    assertTrue(notices.getFirst().contains("short of memory"), notices.toString());
  }
}
