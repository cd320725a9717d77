package dev.jdiffusion.diffusion.sample;

import dev.jdiffusion.diffusion.image.AnimatedGif;
import dev.jdiffusion.diffusion.image.ImageGrid;
import dev.jdiffusion.diffusion.image.PixelImage;
import dev.jdiffusion.tensor.Shape;
import java.nio.file.Path;
import java.util.List;

/** Writes drawn pictures: NHWC floats in [-1, 1] of pictures of a shape {@code [H, W, C]}. */
public final class PictureFiles {
  private static final int FRAME_MILLIS = 60;
  private static final int LAST_FRAME_MILLIS = 2500;

  private PictureFiles() {}

  /** Writes pictures side by side into a PNG file. */
  public static void writeGrid(Path file, float[] pixels, Shape imageShape) {
    grid(pixels, imageShape).writePng(file);
  }

  /** Writes grids, one a frame, into a GIF file. */
  public static void writeFilm(Path file, List<float[]> frames, Shape imageShape) {
    AnimatedGif.write(
        file,
        frames.stream().map(frame -> grid(frame, imageShape)).toList(),
        FRAME_MILLIS,
        LAST_FRAME_MILLIS);
  }

  private static PixelImage grid(float[] pixels, Shape imageShape) {
    return ImageGrid.of(
        pixels,
        pixels.length / imageShape.size(),
        imageShape.dim(0),
        imageShape.dim(1),
        imageShape.dim(2));
  }
}
