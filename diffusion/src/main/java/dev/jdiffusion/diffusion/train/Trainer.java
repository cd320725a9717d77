package dev.jdiffusion.diffusion.train;

import dev.jdiffusion.autograd.Cost;
import dev.jdiffusion.autograd.NonFiniteFinder;
import dev.jdiffusion.autograd.Observer;
import dev.jdiffusion.autograd.Profiler;
import dev.jdiffusion.diffusion.checkpoint.Checkpoint;
import dev.jdiffusion.diffusion.checkpoint.Position;
import dev.jdiffusion.diffusion.config.RunConfig;
import dev.jdiffusion.diffusion.data.BatchLoader;
import dev.jdiffusion.diffusion.data.ImageDataset;
import dev.jdiffusion.diffusion.model.UNet;
import dev.jdiffusion.diffusion.process.Denoiser;
import dev.jdiffusion.diffusion.process.DiffusionProcess;
import dev.jdiffusion.diffusion.process.RandomPurpose;
import dev.jdiffusion.nn.ParameterStore;
import dev.jdiffusion.nn.optim.AdamOptimizer;
import dev.jdiffusion.nn.optim.EmaSchedule;
import dev.jdiffusion.nn.optim.LearningRateSchedule;
import dev.jdiffusion.tensor.Backend;
import dev.jdiffusion.tensor.IntTensor;
import dev.jdiffusion.tensor.Philox;
import dev.jdiffusion.tensor.RandomKey;
import dev.jdiffusion.tensor.Shape;
import dev.jdiffusion.tensor.Tensor;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SequencedMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The training itself (Ho et al. 2020, algorithm 1): a network, an optimizer, and steps that make
 * the network better at telling noise from picture.
 *
 * <pre>
 * repeat
 *   x0 ~ dataset,  t ~ Uniform{0 .. T-1},  noise ~ N(0, I)
 *   take an Adam step on the gradient of  loss(network(addNoise(x0, noise, t), t), target)
 * </pre>
 *
 * <p>t and noise come from (seed, number of the micro-batch, place in the batch), so the {@link
 * Position} says all there is to know about the state of randomness.
 */
final class Trainer implements AutoCloseable {
  /**
   * What a step did.
   *
   * @param step counts from 1
   * @param epoch the pass over the dataset that its pictures belong to, from 0
   * @param loss mean over the step's pictures
   * @param gradNorm length of the gradient before clipping; NaN where the loss had none
   * @param images how many pictures it saw
   * @param skippedBecause empty, or which layer first had a number that is not finite, so that the
   *     weights stayed as they were
   */
  record Step(
      int step,
      long epoch,
      double loss,
      double learningRate,
      double gradNorm,
      int images,
      String skippedBecause) {
    boolean skipped() {
      return !skippedBecause.isEmpty();
    }
  }

  private static final System.Logger LOG = System.getLogger(Trainer.class.getName());

  private final RunConfig config;
  private final Backend backend;
  private final Shape imageShape;
  private final UNet model;
  private final DiffusionProcess process;
  private final ParameterStore store;
  private final AdamOptimizer optimizer;
  private final LearningRateSchedule rates;
  private final BatchLoader loader;
  private final TrainingStep training;
  private final int totalSteps;
  private final int pictures;
  private Position position;
  private @Nullable Profiler profiler;
  private Consumer<String> notices = line -> LOG.log(System.Logger.Level.INFO, line);

  private Trainer(RunConfig config, Backend backend, ImageDataset dataset, Position position) {
    this.config = config;
    this.backend = backend;
    this.position = position;
    pictures = dataset.size();
    imageShape = Shape.of(dataset.height(), dataset.width(), dataset.channels());
    model = new UNet(config.unet());
    process = config.process();
    store = ParameterStore.forTraining(model, backend);
    store.initialize(config.seed());
    optimizer = new AdamOptimizer(store, settings(config));
    training =
        new TrainingStep(
            backend,
            new TrainingStep.Task(
                model, config.seed(), model::forward, model::waves, process, this::drawNoise),
            optimizer,
            config.accumulate(),
            backend.recorder(),
            line -> notices.accept(line));
    loader =
        new BatchLoader(dataset, config.batch(), config.seed(), config.flip(), position.cursor());
    totalSteps = totalSteps(config, loader.batchesPerEpoch());
    rates =
        new LearningRateSchedule(
            config.learningRate(),
            config.cosineDecay() ? 0 : config.learningRate(),
            config.warmupSteps(),
            totalSteps);
  }

  /** A training at its start. */
  static Trainer start(RunConfig config, Backend backend, ImageDataset dataset) {
    return new Trainer(config, backend, dataset, Position.START);
  }

  /** A training that goes on where a checkpoint was written. */
  static Trainer resume(
      RunConfig config, Backend backend, ImageDataset dataset, Checkpoint checkpoint) {
    checkpoint.requirePictures(dataset.size());
    // Before memory is taken for what the configuration in the file says.
    checkpoint.network();
    Trainer trainer = new Trainer(config, backend, dataset, checkpoint.position());
    try {
      checkpoint.read("", trainer.optimizer.state());
      trainer.optimizer.restoreSteps(checkpoint.position().applied());
      return trainer;
    } catch (RuntimeException e) {
      trainer.close();
      throw e;
    }
  }

  private static AdamOptimizer.Settings settings(RunConfig config) {
    AdamOptimizer.Settings settings =
        config.weightDecay() > 0
            ? AdamOptimizer.Settings.adamW(config.weightDecay())
            : AdamOptimizer.Settings.adam();
    if (config.clipNorm() > 0) {
      settings = settings.clippedTo(config.clipNorm());
    }
    return settings.averagedBy(new EmaSchedule(config.emaDecay()));
  }

  private static int totalSteps(RunConfig config, int batchesPerEpoch) {
    if (config.steps().isPresent()) {
      return config.steps().getAsInt();
    }
    long microBatches = (long) config.epochs().orElseThrow() * batchesPerEpoch;
    return Math.clamp(microBatches / config.accumulate(), 1, 999_999_999);
  }

  /** The number of steps that the whole training takes. */
  int totalSteps() {
    return totalSteps;
  }

  Position position() {
    return position;
  }

  long parameterCount() {
    return model.parameterCount();
  }

  /** The network as samplers see it. */
  Denoiser denoiser() {
    return model::forward;
  }

  Shape imageShape() {
    return imageShape;
  }

  /** Lets the network compute with the averaged weights until the result is closed. */
  ParameterStore.Use averagedWeights() {
    return store.use(optimizer.average());
  }

  /** All tensors that continue the training. */
  SequencedMap<String, Tensor> state() {
    return optimizer.state();
  }

  /** Writes the present state. */
  void save(Path file) {
    Checkpoint.write(file, config, position, pictures, optimizer.state());
  }

  /** Lets a profiler see where the time of all further steps goes. */
  void profile(Profiler watching) {
    profiler = watching;
    training.stopRecording("the profile times every one of them");
  }

  /** Tells somebody what happens besides the steps, in lines for people. */
  void tell(Consumer<String> listener) {
    notices = listener;
  }

  /** How steps are computed. */
  TrainingStep training() {
    return training;
  }

  /** Takes one step. */
  Step step() {
    if (profiler == null) {
      return step(Observer.NONE);
    }
    profiler.begin();
    Step step = step(profiler);
    profiler.end();
    return step;
  }

  private Step step(Observer observer) {
    int step = position.step();
    double rate = rates.at(step);
    long epoch = position.cursor().epoch();
    BatchLoader.Cursor following = position.cursor();
    List<TrainingStep.Batch> batches = new ArrayList<>();
    int images = 0;
    for (int i = 0; i < config.accumulate(); i++) {
      BatchLoader.Batch batch = loader.next();
      observer.outside("wait for pictures", Cost.NONE);
      // The loader's arrays are good until the next batch only.
      float[] pixels = config.accumulate() > 1 ? batch.images().clone() : batch.images();
      int number = Math.addExact(Math.multiplyExact(step, config.accumulate()), i);
      batches.add(
          new TrainingStep.Batch(
              pixels,
              Shape.of(batch.size(), imageShape.dim(0), imageShape.dim(1), imageShape.dim(2)),
              timesteps(config.seed(), batch.size(), number, process.schedule().timesteps()),
              number));
      epoch = batch.cursor().epoch();
      following = batch.following();
      images += batch.size();
    }
    TrainingStep.Outcome outcome = training.run(batches, rate, observer);
    boolean applied = outcome.applied();
    double norm = Double.isFinite(outcome.loss()) ? outcome.gradientNorm() : Double.NaN;
    String reason = applied ? "" : diagnose(batches, observer);
    position =
        new Position(
            step + 1, optimizer.steps(), following, applied ? 0 : position.skippedInARow() + 1);
    return new Step(step + 1, epoch, outcome.loss(), rate, norm, images, reason);
  }

  private void drawNoise(Tensor number, Tensor out) {
    backend.random().normal(RandomPurpose.TRAINING_NOISE.key(config.seed(), number), out);
  }

  /**
   * Those of the micro-batch of a number. The host draws them: it looks up by them what the device
   * is told instead.
   *
   * @param end the timesteps of the process, of which each is drawn with the same probability
   */
  static IntTensor timesteps(long seed, int count, int number, int end) {
    RandomKey key = RandomPurpose.TRAINING_TIMESTEP.key(seed, number);
    int[] timesteps = new int[count];
    int[] words = new int[Philox.BLOCK];
    for (int i = 0; i < count; i++) {
      Philox.block(key, i, 0, words);
      timesteps[i] = (int) ((double) Philox.uniform(words[0]) * end);
    }
    return IntTensor.of(timesteps);
  }

  /** Repeats a failed step, which gives the same numbers, and looks for the first that is wrong. */
  private String diagnose(List<TrainingStep.Batch> batches, Observer observer) {
    try {
      for (TrainingStep.Batch batch : batches) {
        NonFiniteFinder finder = new NonFiniteFinder();
        training.gradient(batch, finder);
        if (finder.found().isPresent()) {
          return finder.found().get();
        }
      }
      return "the sum of the squared gradients is too large for this device";
    } finally {
      store.zeroGradients();
      observer.outside("search for what is not finite", Cost.NONE);
    }
  }

  @Override
  public void close() {
    loader.close();
    training.close();
    store.close();
  }
}
