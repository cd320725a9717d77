package dev.jdiffusion.diffusion.train;

import dev.jdiffusion.diffusion.UserError;
import dev.jdiffusion.diffusion.config.RunConfig;
import dev.jdiffusion.diffusion.image.LossPlot;
import dev.jdiffusion.diffusion.progress.Progress;
import dev.jdiffusion.diffusion.progress.StopRequest;
import dev.jdiffusion.diffusion.sample.Painter;
import dev.jdiffusion.diffusion.sample.PictureFiles;
import dev.jdiffusion.nn.ParameterStore;
import dev.jdiffusion.tensor.Backend;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * What a training draws: grids from the averaged weights, always from the same noise so that they
 * can be compared, a film of the denoising, and the plot of the losses.
 */
final class RunPictures {
  /** Pictures drawn at a time: a forward pass needs little memory, but not none. */
  private static final int BATCH = 64;

  /** A drawing that takes longer is announced. */
  private static final double LONG_SECONDS = 60;

  /** The compiler makes the first steps slow. */
  private static final int STEPS_BEFORE_ESTIMATE = 4;

  private final RunFolder folder;
  private final RunConfig config;
  private final Trainer trainer;
  private final Painter painter;
  private boolean toldOfPlot;

  RunPictures(RunFolder folder, RunConfig config, Trainer trainer, Backend backend) {
    this.folder = folder;
    this.config = config;
    this.trainer = trainer;
    Painter.checkCount("--sample-count", config.sampleCount(), trainer.imageShape());
    painter =
        new Painter(
            trainer.denoiser(),
            backend,
            trainer.imageShape(),
            Painter.sampler(config.process(), config.sampler(), config.sampleSteps()));
  }

  /**
   * Draws the grid of a step.
   *
   * @param film whether to write the film, too
   * @return the grid's file; empty if somebody asked to stop
   */
  Optional<Path> drawGrid(int step, boolean film, Progress progress, StopRequest stop) {
    int count = config.sampleCount();
    Painter.Order order =
        new Painter.Order(
            config.seed(), count, BATCH, film ? painter.filmed(Math.min(count, BATCH)) : 0);
    int total = painter.totalSteps(order);
    // The first step waits for the compiler and would spoil the estimate.
    long[] afterFirst = {0};
    Optional<Painter.Drawing> drawing;
    try (ParameterStore.Use _ = trainer.averagedWeights()) {
      drawing =
          painter.draw(
              order,
              done -> {
                long now = System.nanoTime();
                afterFirst[0] = done == 1 ? now : afterFirst[0];
                double left = (total - done) * 1e-9 * (now - afterFirst[0]) / (done - 1);
                if (done == STEPS_BEFORE_ESTIMATE && left > LONG_SECONDS) {
                  progress.line(longDrawing(count, left));
                }
                progress.show(new Progress.State("drawing", done, total, List.of(), left));
                return !stop.requested();
              });
    }
    if (drawing.isEmpty()) {
      return Optional.empty();
    }
    return Optional.of(write(step, drawing.get()));
  }

  private String longDrawing(int count, double seconds) {
    return String.format(
        Locale.ROOT,
        "drawing %d pictures will take about %.0f more minutes; a smaller --sample-count or"
            + " --sample-steps takes less",
        count,
        Math.ceil(seconds / 60));
  }

  private Path write(int step, Painter.Drawing drawing) {
    Path grid = folder.samples(step);
    PictureFiles.writeGrid(grid, drawing.pixels(), trainer.imageShape());
    if (!drawing.frames().isEmpty()) {
      PictureFiles.writeFilm(folder.denoising(), drawing.frames(), trainer.imageShape());
    }
    return grid;
  }

  /**
   * Draws the plot of the losses. A machine that cannot draw text can train all the same, so a
   * failure is only told.
   */
  void plotLosses(Metrics metrics, Progress progress) {
    if (metrics.points().isEmpty()) {
      return;
    }
    try {
      LossPlot.write(folder.lossPlot(), metrics.points());
    } catch (UserError e) {
      if (!toldOfPlot) {
        progress.line("no plot of the losses: " + e.getMessage());
      }
      toldOfPlot = true;
    }
  }
}
