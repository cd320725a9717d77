package dev.jdiffusion.diffusion.sample;

import dev.jdiffusion.diffusion.UserError;
import dev.jdiffusion.diffusion.process.DdimSampler;
import dev.jdiffusion.diffusion.process.DdpmSampler;
import dev.jdiffusion.diffusion.process.Denoiser;
import dev.jdiffusion.diffusion.process.DiffusionProcess;
import dev.jdiffusion.diffusion.process.Sampler;
import dev.jdiffusion.diffusion.process.Sampling;
import dev.jdiffusion.diffusion.process.Timesteps;
import dev.jdiffusion.tensor.Backend;
import dev.jdiffusion.tensor.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.IntPredicate;

/** Draws pictures, a batch at a time, and remembers how the first of them emerged. */
public final class Painter {
  /** Frames of a film, the first and the last included. */
  private static final int MOST_FRAMES = 60;

  /** A film of 64 small grey pictures is a file of 12 MB, more than a page or a mail shows. */
  private static final long MOST_FILMED = 16;

  /** Numbers in all frames of a film together: 256 MB. */
  private static final long MOST_FILM_VALUES = 1 << 26;

  /** Numbers in a grid with its borders, for which an array must have room. */
  private static final long MOST_GRID_VALUES = 2_000_000_000;

  private final Denoiser model;
  private final Backend backend;
  private final Shape imageShape;
  private final Sampler sampler;

  /**
   * @param imageShape {@code [H, W, C]}
   */
  public Painter(Denoiser model, Backend backend, Shape imageShape, Sampler sampler) {
    this.model = model;
    this.backend = backend;
    this.imageShape = imageShape;
    this.sampler = sampler;
  }

  /**
   * Checks that pictures fit one grid.
   *
   * @param option that says how many there are
   * @throws UserError if they do not
   */
  public static void checkCount(String option, int count, Shape imageShape) {
    int height = imageShape.dim(0);
    int width = imageShape.dim(1);
    int channels = imageShape.dim(2);
    long most = MOST_GRID_VALUES / ((height + 1L) * (width + 1L) * channels);
    if (count > most) {
      throw new UserError(
          String.format(
              Locale.ROOT,
              "%s %d: so many pictures of %dx%dx%d do not fit one grid; at most %d do",
              option,
              count,
              height,
              width,
              channels,
              most));
    }
  }

  /**
   * The sampler of a name.
   *
   * @param name {@code ddpm} or {@code ddim}
   * @param steps at most the timesteps of the process
   */
  public static Sampler sampler(DiffusionProcess process, String name, int steps) {
    int[] timesteps = Timesteps.TRAILING.list(steps, process.schedule().timesteps());
    return switch (name) {
      case "ddpm" -> new DdpmSampler(process.schedule(), process.prediction(), timesteps);
      case "ddim" -> new DdimSampler(process.schedule(), process.prediction(), timesteps, true);
      default -> throw new IllegalArgumentException("no sampler is called " + name);
    };
  }

  /**
   * What to draw.
   *
   * @param batch pictures at a time; changes no picture
   * @param filmed how many of the pictures to remember step by step
   */
  public record Order(long seed, int count, int batch, int filmed) {}

  /**
   * What was drawn.
   *
   * @param pixels {@code [count, H, W, C]}, in [-1, 1]
   * @param frames the filmed pictures from noise to the end, each like {@code pixels}
   */
  public record Drawing(float[] pixels, List<float[]> frames) {}

  /**
   * Draws.
   *
   * @param goOn told of each finished denoising step of all batches, counted from 1; says whether
   *     to go on
   * @return empty if the drawing was given up
   */
  public Optional<Drawing> draw(Order order, IntPredicate goOn) {
    int length = imageShape.size();
    int steps = sampler.timesteps().length;
    float[] pixels = new float[Math.multiplyExact(order.count, length)];
    List<float[]> frames = new ArrayList<>();
    int[] frameSteps = order.filmed == 0 ? new int[0] : frameSteps(steps);
    for (int _ : frameSteps) {
      frames.add(new float[order.filmed * length]);
    }
    boolean[] stopped = {false};
    for (int first = 0; first < order.count && !stopped[0]; first += order.batch) {
      int count = Math.min(order.batch, order.count - first);
      int filmed = Math.clamp(order.filmed - first, 0, count);
      int start = first;
      int stepsBefore = first / order.batch * steps;
      float[] drawn =
          Sampling.sample(
              model,
              backend,
              sampler,
              imageShape,
              order.seed,
              first,
              count,
              (done, x) -> {
                for (int frame = 0; frame < frameSteps.length && filmed > 0; frame++) {
                  if (frameSteps[frame] == done) {
                    System.arraycopy(
                        x.toFloats(), 0, frames.get(frame), start * length, filmed * length);
                  }
                }
                stopped[0] = done > 0 && !goOn.test(stepsBefore + done);
                return !stopped[0];
              });
      System.arraycopy(drawn, 0, pixels, first * length, drawn.length);
    }
    return stopped[0] ? Optional.empty() : Optional.of(new Drawing(pixels, frames));
  }

  /** Denoising steps of {@link #draw} for an order, over all batches. */
  public int totalSteps(Order order) {
    return (order.count + order.batch - 1) / order.batch * sampler.timesteps().length;
  }

  /**
   * How many of {@code wanted} pictures, at least one, a film can show without filling the heap or
   * making a huge file.
   */
  public int filmed(int wanted) {
    long perPicture = (long) imageShape.size() * frameSteps(sampler.timesteps().length).length;
    return Math.clamp(Math.min(MOST_FILMED, MOST_FILM_VALUES / perPicture), 1, wanted);
  }

  /** The numbers of done steps, 0 to all, at which a frame is taken. */
  private static int[] frameSteps(int steps) {
    int frames = Math.min(steps + 1, MOST_FRAMES);
    int[] at = new int[frames];
    for (int i = 0; i < frames; i++) {
      at[i] = (int) ((long) i * steps / Math.max(1, frames - 1));
    }
    return at;
  }
}
