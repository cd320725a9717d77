package dev.jdiffusion.diffusion.data;

import dev.jdiffusion.diffusion.UserError;
import java.util.function.Consumer;

/**
 * How to open a dataset.
 *
 * @param imageSize the side length of the pictures, or 0 for the dataset's own
 * @param channels 1 for grey, 3 for colour, or 0 for the dataset's own
 * @param progress told in a line about what takes long: downloads, decoding many images
 */
public record DatasetOptions(int imageSize, int channels, Consumer<String> progress) {
  /** The dataset's own size and channels, nothing told. */
  public static final DatasetOptions DEFAULTS = new DatasetOptions(0, 0, line -> {});

  private static final int MAX_IMAGE_SIZE = 1024;

  /** Checks the ranges. */
  public DatasetOptions {
    if (imageSize != 0 && (imageSize < 8 || imageSize > MAX_IMAGE_SIZE)) {
      throw new UserError("image size " + imageSize + ": must be between 8 and " + MAX_IMAGE_SIZE);
    }
    if (channels != 0 && channels != 1 && channels != 3) {
      throw new UserError("channels " + channels + ": must be 1 (grey) or 3 (colour)");
    }
  }

  /** These options with another image size. */
  public DatasetOptions withImageSize(int newImageSize) {
    return new DatasetOptions(newImageSize, channels, progress);
  }

  /** These options with other channels. */
  public DatasetOptions withChannels(int newChannels) {
    return new DatasetOptions(imageSize, newChannels, progress);
  }
}
