package dev.jdiffusion.tensor.cpu;

import dev.jdiffusion.tensor.Tensor;
import dev.jdiffusion.tensor.ops.GroupNorm.Spec;
import org.jspecify.annotations.Nullable;

/**
 * Where images, blocks, chunks, channels and groups lie, and the tiles that both directions need.
 */
final class GroupNormGeometry {
  /**
   * About the length of a block: a unit of work where there are too few images to share, and of
   * sums in single precision.
   */
  private static final int BLOCK = 8192;

  /** Longer tiles than this are not summed in registers: too many passes. */
  private static final int LONGEST_STRIPED = 1024;

  /** About as many elements are taken through all steps before the next ones. */
  private static final int CHUNK = 2048;

  private static final int SAMPLE = 512;

  final int images;
  final int length;
  final int channels;
  final int groups;
  final int perGroup;

  /** Coefficients are repeated to this length. */
  final int period;

  /** Sums of channels have this length, a multiple of the period. */
  final int tile;

  final int blockLength;
  final int blocks;
  final int chunk;

  GroupNormGeometry(Tensor x, Spec spec) {
    images = x.dim(0);
    length = x.size() / images;
    channels = x.dim(-1);
    groups = spec.groups();
    perGroup = channels / groups;
    period = TiledLoops.period(channels);
    int striped = TiledLoops.multiple(channels, TiledSums.WIDEST_STRIP);
    tile = striped <= LONGEST_STRIPED ? striped : TiledLoops.tile(channels);
    blockLength = Math.max(BLOCK / tile, 1) * tile;
    blocks = Math.ceilDiv(length, blockLength);
    chunk = Math.max(CHUNK / tile, 1) * tile;
  }

  /** As many of an image's first elements as tell about where its mean is. */
  int sample() {
    return Math.min(length, Math.max(SAMPLE / tile, 1) * tile);
  }

  int blockEnd(int block) {
    return Math.min(length, (block + 1) * blockLength);
  }

  double elementsOfGroup() {
    return (double) length / groups;
  }

  static float @Nullable [] arrayOrNull(@Nullable Tensor tensor) {
    return tensor == null ? null : FloatStorage.array(tensor);
  }

  static int offset(@Nullable Tensor tensor) {
    return tensor == null ? 0 : tensor.offset();
  }

  /** Subtracts the image's channel bias from the first channels of a tile. */
  void subtractBias(float[] bias, int biasAt, int image, float[] tiles, int tileAt) {
    for (int c = 0; c < channels; c++) {
      tiles[tileAt + c] -= bias[biasAt + image * channels + c];
    }
  }

  /** The tile of an image's channel bias. */
  void loadBias(float[] bias, int biasAt, int image, float[] tiles, int tileAt) {
    System.arraycopy(bias, biasAt + image * channels, tiles, tileAt, channels);
    TiledLoops.repeat(tiles, tileAt, channels, period);
  }

  /**
   * The tiles A and B of {@code v = u A + B}, or, with a bias, of {@code v = (u + bias) A' + B'}
   * with {@code A = A', B = B' + bias A'}.
   */
  void loadScaleAndShift(
      int image,
      float @Nullable [] bias,
      int biasAt,
      float[] gamma,
      int gammaAt,
      float[] beta,
      int betaAt,
      float @Nullable [] scaleShift,
      int scaleShiftAt,
      float[] mean,
      int meanAt,
      float[] rstd,
      int rstdAt,
      float[] tiles,
      int scaleTile,
      int shiftTile) {
    for (int g = 0; g < groups; g++) {
      double factor = rstd[rstdAt + image * groups + g];
      double groupMean = mean[meanAt + image * groups + g];
      for (int c = g * perGroup; c < (g + 1) * perGroup; c++) {
        double gain = 1;
        double shift = 0;
        if (scaleShift != null) {
          gain += scaleShift[scaleShiftAt + image * 2 * channels + c];
          shift = scaleShift[scaleShiftAt + (image * 2 + 1) * channels + c];
        }
        double slope = factor * gamma[gammaAt + c];
        double center = groupMean;
        if (bias != null) {
          center -= bias[biasAt + image * channels + c];
        }
        tiles[scaleTile + c] = (float) (slope * gain);
        tiles[shiftTile + c] = (float) ((beta[betaAt + c] - center * slope) * gain + shift);
      }
    }
    TiledLoops.repeat(tiles, scaleTile, channels, period);
    TiledLoops.repeat(tiles, shiftTile, channels, period);
  }
}
