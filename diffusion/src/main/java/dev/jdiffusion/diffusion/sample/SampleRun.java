package dev.jdiffusion.diffusion.sample;

import dev.jdiffusion.diffusion.AtomicFiles;
import dev.jdiffusion.diffusion.Devices;
import dev.jdiffusion.diffusion.UserError;
import dev.jdiffusion.diffusion.checkpoint.Checkpoint;
import dev.jdiffusion.diffusion.config.RunConfig;
import dev.jdiffusion.diffusion.model.UNet;
import dev.jdiffusion.diffusion.process.DiffusionProcess;
import dev.jdiffusion.diffusion.progress.Progress;
import dev.jdiffusion.nn.ParameterStore;
import dev.jdiffusion.tensor.Backend;
import dev.jdiffusion.tensor.Precision;
import dev.jdiffusion.tensor.Products;
import dev.jdiffusion.tensor.Shape;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/** Draws pictures from a checkpoint alone: it carries the configuration of its network. */
public final class SampleRun {
  /** Names of files in these formats end so. */
  private static final Set<String> FORMATS =
      Set.of("png", "jpg", "jpeg", "gif", "bmp", "webp", "tif", "tiff");

  private SampleRun() {}

  /**
   * What somebody asked for.
   *
   * @param checkpoint a checkpoint or the folder of a run
   * @param steps denoising steps; empty for as many as in training
   * @param sampler {@code ddpm} or {@code ddim}; empty for ddpm, ddim where steps are left out
   * @param averaged whether to use the weights' moving average instead of the last weights
   * @param batch pictures at a time; changes no picture
   * @param device empty for the one that trained the network
   */
  public record Request(
      Path checkpoint,
      int count,
      Optional<Integer> steps,
      Optional<String> sampler,
      long seed,
      boolean averaged,
      int batch,
      Path out,
      Optional<Path> gif,
      Optional<String> device,
      int threads,
      Precision precision,
      Products matMul) {}

  /**
   * Draws and writes the files.
   *
   * @throws UserError if the request or something in its way has to be put right
   */
  public static void run(Request request, Progress progress) {
    checkFiles(request.out, request.gif);
    try (Checkpoint checkpoint = Checkpoint.open(Checkpoint.find(request.checkpoint))) {
      RunConfig config = checkpoint.config();
      UNet model = checkpoint.network();
      Backend backend =
          Devices.open(
              request.device.orElse(config.device()),
              request.threads,
              request.precision,
              request.matMul);
      try (ParameterStore store = ParameterStore.forInference(model, backend)) {
        checkpoint.read(request.averaged ? "ema." : "model.", store.views(store.values()));
        draw(request, config, backend, model, progress);
      }
    }
  }

  private static void draw(
      Request request, RunConfig config, Backend backend, UNet model, Progress progress) {
    DiffusionProcess process = config.process();
    int steps = request.steps.orElse(config.timesteps());
    String name = request.sampler.orElse(steps < config.timesteps() ? "ddim" : "ddpm");
    Shape imageShape = Shape.of(config.imageSize(), config.imageSize(), config.channels());
    Painter.checkCount("--count", request.count, imageShape);
    Painter painter =
        new Painter(model::forward, backend, imageShape, Painter.sampler(process, name, steps));
    Painter.Order order =
        new Painter.Order(
            request.seed,
            request.count,
            request.batch,
            request.gif.isPresent() ? painter.filmed(request.count) : 0);
    int total = painter.totalSteps(order);
    progress.line(
        String.format(
            Locale.ROOT,
            "drawing %d pictures of %dx%d with %s in %d steps on %s",
            request.count,
            config.imageSize(),
            config.imageSize(),
            name,
            steps,
            backend.description()));
    // The first step waits for the compiler and would spoil the estimate.
    long[] afterFirst = {0};
    Painter.Drawing drawing =
        painter
            .draw(
                order,
                done -> {
                  long now = System.nanoTime();
                  afterFirst[0] = done == 1 ? now : afterFirst[0];
                  double perStep = (now - afterFirst[0]) * 1e-9 / (done - 1);
                  progress.show(
                      new Progress.State("step", done, total, List.of(), (total - done) * perStep));
                  return true;
                })
            .orElseThrow();
    PictureFiles.writeGrid(request.out, drawing.pixels(), imageShape);
    progress.line("pictures: " + request.out);
    request.gif.ifPresent(gif -> {
      PictureFiles.writeFilm(gif, drawing.frames(), imageShape);
      progress.line("film: " + gif);
    });
  }

  /** Found out before the drawing, which may take minutes. */
  private static void checkFiles(Path out, Optional<Path> gif) {
    checkExtension("--out", out, "png");
    Path grid = checkWritable(out);
    gif.ifPresent(file -> {
      checkExtension("--gif", file, "gif");
      if (checkWritable(file).equals(grid)) {
        throw new UserError("--out and --gif are the same file, " + out + "; name two");
      }
    });
  }

  /** Any name will do, but not one that promises another format than the file is going to have. */
  private static void checkExtension(String flag, Path file, String format) {
    String name = String.valueOf(file.getFileName());
    String extension = name.substring(name.lastIndexOf('.') + 1).toLowerCase(Locale.ROOT);
    if (FORMATS.contains(extension) && !extension.equals(format)) {
      throw new UserError(
          "%s %s: is written as %s; name a file that ends in .%s"
              .formatted(flag, file, format.toUpperCase(Locale.ROOT), format));
    }
  }

  /** Returns the one path among all to the same file. */
  private static Path checkWritable(Path file) {
    Path real = AtomicFiles.destination(file).toAbsolutePath();
    Path folder = real.getParent();
    if (folder == null) {
      throw new UserError(file + ": is a folder; name a file in it");
    }
    if (!Files.isDirectory(folder)) {
      throw new UserError(file + ": there is no folder " + folder + "; make it first");
    }
    if (!Files.isWritable(folder)) {
      throw new UserError(file + ": the folder " + folder + " cannot be written to");
    }
    try {
      return folder.toRealPath().resolve(real.getFileName());
    } catch (IOException e) {
      throw UserError.io("cannot read " + folder, e, "check its permissions");
    }
  }
}
