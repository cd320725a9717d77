package dev.jdiffusion.diffusion.train;

import dev.jdiffusion.autograd.Profiler;
import dev.jdiffusion.diffusion.AtomicFiles;
import dev.jdiffusion.diffusion.Devices;
import dev.jdiffusion.diffusion.UserError;
import dev.jdiffusion.diffusion.checkpoint.Checkpoint;
import dev.jdiffusion.diffusion.config.Layer;
import dev.jdiffusion.diffusion.config.RunConfig;
import dev.jdiffusion.diffusion.data.DatasetOptions;
import dev.jdiffusion.diffusion.data.Datasets;
import dev.jdiffusion.diffusion.data.ImageDataset;
import dev.jdiffusion.diffusion.model.UNet;
import dev.jdiffusion.diffusion.progress.Progress;
import dev.jdiffusion.diffusion.progress.StopRequest;
import dev.jdiffusion.tensor.Backend;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalDouble;
import org.jspecify.annotations.Nullable;

/**
 * A training from the command to the last picture: the {@link Trainer}'s steps, and what they leave
 * in the {@link RunFolder}.
 */
public final class TrainingRun implements AutoCloseable {
  /** So many steps in a row without a finite gradient are no accident. */
  static final int MOST_SKIPPED_IN_A_ROW = 5;

  private static final double SPEED_MEMORY = 0.9;

  private final RunFolder folder;
  private final RunConfig config;
  private final ImageDataset dataset;
  private final Backend backend;
  private final Trainer trainer;
  private final Metrics metrics;
  private final RecentLosses losses = new RecentLosses();
  private final RunPictures pictures;
  private final Progress progress;
  private final StopRequest stop;
  private final Optional<StepProfile> profile;
  private int saved = -1;
  private int drawn = -1;
  private int measured;
  private double secondsPerStep;

  /** How a training ended. */
  public enum End {
    /** All steps are done. */
    COMPLETE,
    /** Somebody asked it to stop; everything is saved. */
    INTERRUPTED
  }

  /**
   * What somebody asked for.
   *
   * @param out empty for the folder named after dataset and preset
   * @param profile what makes up a row of the table that shows where the time went; empty for no
   *     table
   */
  public record Request(
      Optional<Path> out,
      boolean resume,
      Layer file,
      Layer flags,
      Optional<Profiler.Grouping> profile) {}

  private TrainingRun(
      RunFolder folder,
      RunConfig config,
      ImageDataset dataset,
      @Nullable Checkpoint checkpoint,
      Optional<Profiler.Grouping> profiled,
      Progress progress,
      StopRequest stop) {
    this.folder = folder;
    this.config = config;
    this.dataset = dataset;
    this.progress = progress;
    this.stop = stop;
    backend = Devices.open(config.device(), config.threads(), config.precision(), config.matMul());
    trainer =
        checkpoint == null
            ? Trainer.start(config, backend, dataset)
            : Trainer.resume(config, backend, dataset, checkpoint);
    trainer.tell(progress::line);
    metrics = Metrics.open(folder.metrics(), trainer.position().step());
    pictures = new RunPictures(folder, config, trainer, backend);
    if (checkpoint != null) {
      saved = trainer.position().step();
    }
    int steps = Math.max(0, trainer.totalSteps() - trainer.position().step());
    profile = profiled.map(grouping -> new StepProfile(backend, grouping, steps));
    profile.map(StepProfile::profiler).ifPresent(trainer::profile);
  }

  /**
   * Runs a training.
   *
   * @throws UserError if the request or something in its way has to be put right
   * @throws TrainingStoppedException if the numbers went wrong for good
   */
  public static End run(Request request, Progress progress, StopRequest stop) {
    Path root = root(request);
    if (!request.resume) {
      // Before any folder is made or any picture read: what is wrong with the network.
      RunConfig config = RunConfig.of(request.file, request.flags);
      UNet.of(config.unet());
      config.process();
    }
    try (RunFolder folder =
            request.resume ? RunFolder.resume(root, progress::line) : RunFolder.create(root);
        Opened opened = request.resume ? Opened.newest(folder, request) : Opened.fresh(request);
        ImageDataset dataset =
            Datasets.open(
                opened.config.dataset(),
                new DatasetOptions(
                    opened.config.imageSize(), opened.config.channels(), progress::line));
        TrainingRun run =
            new TrainingRun(
                folder,
                opened.config,
                dataset,
                opened.checkpoint,
                request.profile,
                progress,
                stop)) {
      return run.toItsEnd();
    }
  }

  /** Runs a new training on pictures that are at hand. */
  static End run(
      Path root, Layer flags, ImageDataset dataset, Progress progress, StopRequest stop) {
    try (RunFolder folder = RunFolder.create(root);
        TrainingRun run =
            new TrainingRun(
                folder,
                RunConfig.of(new Layer(), flags),
                dataset,
                null,
                Optional.empty(),
                progress,
                stop)) {
      return run.toItsEnd();
    }
  }

  /** The folder that a request means. */
  public static Path root(Request request) {
    return request.out.orElseGet(() -> RunConfig.of(request.file, request.flags).defaultFolder());
  }

  /** The configuration of a run, and the checkpoint that it goes on from. */
  private record Opened(RunConfig config, @Nullable Checkpoint checkpoint)
      implements AutoCloseable {
    static Opened fresh(Request request) {
      return new Opened(RunConfig.of(request.file, request.flags), null);
    }

    /**
     * A damaged newest checkpoint is an error, not a reason to go on from an older one: that would
     * silently repeat the steps in between.
     */
    static Opened newest(RunFolder folder, Request request) {
      Path newest = folder.checkpoints().newest().orElseThrow();
      Checkpoint checkpoint;
      try {
        checkpoint = Checkpoint.open(newest);
      } catch (UserError e) {
        String advice =
            folder
                .checkpoints()
                .before(newest)
                .map(older -> "; delete it to continue from " + older)
                .orElse("; there is no older one: start again with another --out");
        throw new UserError(e.getMessage() + advice, e);
      }
      RunConfig config =
          checkpoint
              .config()
              .resumedWith(request.file, folder.root())
              .resumedWith(request.flags, folder.root());
      return new Opened(config, checkpoint);
    }

    @Override
    public void close() {
      if (checkpoint != null) {
        checkpoint.close();
      }
    }
  }

  private End toItsEnd() {
    announce();
    if (saved < 0) {
      checkFreeSpace();
      // Proves that checkpoints can be written, and leaves one to resume from at any time.
      save();
      writeConfig();
    } else {
      writeConfig();
    }
    int total = trainer.totalSteps();
    while (trainer.position().step() < total) {
      if (stop.requested()) {
        return interrupted();
      }
      step();
    }
    save();
    progress.line(lossSummary());
    if (!draw(true)) {
      return interrupted();
    }
    // A run resumed with fewer steps than it has is further than its total.
    int reached = trainer.position().step();
    progress.line("pictures: " + folder.samples(reached) + ", " + folder.denoising());
    progress.line(
        "draw more with: java -jar diffusion.jar sample --checkpoint "
            + folder.checkpoints().at(reached));
    showProfile();
    return End.COMPLETE;
  }

  private void announce() {
    progress.line(
        String.format(
            Locale.ROOT,
            "%s on %s: %,d pictures of %dx%d, %s, U-Net of %,d parameters",
            config.preset(),
            config.dataset(),
            dataset.size(),
            dataset.height(),
            dataset.width(),
            dataset.channels() == 1 ? "grey" : "colour",
            trainer.parameterCount()));
    progress.line("device: " + backend.description());
    dataset.notices().forEach(progress::line);
    if (dataset.size() < config.batch()) {
      progress.line(
          "the dataset has only "
              + dataset.size()
              + " pictures: batches have so many, not "
              + config.batch());
    }
    int step = trainer.position().step();
    progress.line(
        (step == 0 ? "writing to " : "continuing after step " + step + " in ")
            + folder.root()
            + ", "
            + trainer.totalSteps()
            + " steps");
  }

  private void checkFreeSpace() {
    // One more than are kept: the newest is complete before the oldest goes.
    long needed = Checkpoint.bytes(trainer.state()) * (config.keepCheckpoints() + 1L);
    try {
      long free = Files.getFileStore(folder.root()).getUsableSpace();
      if (free < needed) {
        throw new UserError(
            String.format(
                Locale.ROOT,
                "%s: has %.1f MB of free space, checkpoints will need %.1f MB; make room, keep"
                    + " fewer (--keep-checkpoints) or choose another --out",
                folder.root(),
                free / 1e6,
                needed / 1e6));
      }
    } catch (IOException e) {
      throw new UserError(folder.root() + ": " + RunFolder.reason(e), e);
    }
  }

  private void writeConfig() {
    AtomicFiles.write(folder.config(), config.toJson().getBytes(StandardCharsets.UTF_8));
  }

  private void step() {
    profile.ifPresent(StepProfile::stepBegins);
    long start = System.nanoTime();
    Trainer.Step step;
    try {
      step = trainer.step();
    } catch (UserError e) {
      // A picture could not be read: the state is that after the step before.
      save();
      throw new UserError(
          e.getMessage()
              + "; saved "
              + folder.checkpoints().at(saved)
              + ", continue from it with --resume",
          e);
    }
    double seconds = (System.nanoTime() - start) * 1e-9;
    profile.ifPresent(StepProfile::stepEnds);
    measured++;
    // The first step waits for the compiler and would spoil the estimate.
    double memory = Math.min(SPEED_MEMORY, Math.max(0, measured - 2) / (double) measured);
    secondsPerStep = measured == 1 ? seconds : memory * secondsPerStep + (1 - memory) * seconds;
    int number = step.step();
    boolean last = number == trainer.totalSteps();
    metrics.passTime(seconds);
    losses.add(step.loss());
    if (number % config.logEvery() == 0 || last || step.skipped()) {
      metrics.add(
          new Metrics.Line(
              number,
              step.epoch(),
              step.loss(),
              step.learningRate(),
              step.gradNorm(),
              step.images() / seconds,
              step.skippedBecause()));
    }
    if (step.skipped()) {
      progress.line("step " + number + " skipped: " + step.skippedBecause());
      stopIfHopeless(step);
    }
    show(step);
    // While steps are skipped nothing is learned, and the weights may be what is to blame.
    if (isDue(number, config.checkpointEvery()) && !step.skipped()) {
      save();
    }
    if (isDue(number, config.sampleEvery()) && !last) {
      draw(false);
    }
  }

  private static boolean isDue(int step, int every) {
    return every > 0 && step % every == 0;
  }

  private void stopIfHopeless(Trainer.Step step) {
    if (trainer.position().skippedInARow() < MOST_SKIPPED_IN_A_ROW) {
      return;
    }
    metrics.close();
    throw new TrainingStoppedException(
        "training stopped after "
            + MOST_SKIPPED_IN_A_ROW
            + " steps in a row without finite numbers, the last because of a "
            + step.skippedBecause()
            + "; "
            + folder.checkpoints().at(saved)
            + " is the last good checkpoint: continue from it with --resume and a lower --lr");
  }

  private void show(Trainer.Step step) {
    List<String> details = new ArrayList<>();
    losses.mean().ifPresent(mean -> details.add(String.format(Locale.ROOT, "loss %.4f", mean)));
    details.add(String.format(Locale.ROOT, "%.0f images/s", step.images() / secondsPerStep));
    details.add("epoch " + (step.epoch() + 1));
    details.add(String.format(Locale.ROOT, "lr %.2g", step.learningRate()));
    int total = trainer.totalSteps();
    progress.show(
        new Progress.State(
            "step", step.step(), total, details, (total - step.step()) * secondsPerStep));
  }

  private String lossSummary() {
    String trained =
        "trained "
            + trainer.position().step()
            + " steps in "
            + Progress.duration(metrics.seconds());
    OptionalDouble mean = losses.mean();
    return mean.isEmpty()
        ? trained
        : String.format(
            Locale.ROOT,
            "%s; mean loss of the last %d: %.4f",
            trained,
            losses.count(),
            mean.getAsDouble());
  }

  /** Writes a checkpoint, unless the present state is on disk. */
  private void save() {
    int step = trainer.position().step();
    if (saved == step) {
      return;
    }
    try {
      trainer.save(folder.checkpoints().at(step));
    } catch (UserError e) {
      throw saved < 0
          ? e
          : new UserError(
              e.getMessage()
                  + "; "
                  + folder.checkpoints().at(saved)
                  + " is the last good checkpoint: make room and continue with --resume",
              e);
    }
    saved = step;
    folder.checkpoints().prune(config.keepCheckpoints());
    profile.ifPresent(each -> each.between("checkpoints"));
  }

  /**
   * Draws the grid of the present step and the plot of the losses.
   *
   * @return whether nobody asked to stop meanwhile
   */
  private boolean draw(boolean film) {
    int step = trainer.position().step();
    pictures.plotLosses(metrics, progress);
    if (drawn != step) {
      Optional<Path> grid = pictures.drawGrid(step, film, progress, stop);
      if (grid.isEmpty()) {
        return false;
      }
      drawn = step;
    }
    profile.ifPresent(each -> each.between("pictures"));
    return true;
  }

  private End interrupted() {
    save();
    pictures.plotLosses(metrics, progress);
    progress.line(
        "interrupted after step "
            + trainer.position().step()
            + "; saved "
            + folder.checkpoints().at(saved)
            + "; continue with: train --resume --out "
            + folder.root());
    showProfile();
    return End.INTERRUPTED;
  }

  private void showProfile() {
    profile.ifPresent(each -> each.table(progress.columns()).forEach(progress::line));
  }

  @Override
  public void close() {
    metrics.close();
    trainer.close();
  }
}
