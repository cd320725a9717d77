package dev.jdiffusion.tensor.cpu;

import dev.jdiffusion.tensor.Tensor;
import dev.jdiffusion.tensor.ops.GroupNorm.Spec;
import org.jspecify.annotations.Nullable;

/**
 * Where images, blocks, chunks, channels and groups lie, and the tiles that both directions need.
 */
final class GroupNormGeometry {
  /** Tiles of a block: the unit of a sum, and of work where there are too few images to share. */
  private static final int BLOCK_TILES = 32;

  /** About as many elements are taken through all steps before the next ones. */
  private static final int CHUNK = 2048;

  final int images;
  final int length;
  final int channels;
  final int groups;
  final int perGroup;
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
    tile = TiledLoops.tile(channels);
    blockLength = BLOCK_TILES * tile;
    blocks = (length + blockLength - 1) / blockLength;
    chunk = Math.max(CHUNK / tile, 1) * tile;
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
    TiledLoops.repeat(tiles, tileAt, channels, tile);
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
    for (int c = 0; c < channels; c++) {
      int group = image * groups + c / perGroup;
      double gain = 1;
      double shift = 0;
      if (scaleShift != null) {
        gain += scaleShift[scaleShiftAt + image * 2 * channels + c];
        shift = scaleShift[scaleShiftAt + (image * 2 + 1) * channels + c];
      }
      double slope = (double) rstd[rstdAt + group] * gamma[gammaAt + c];
      double center = mean[meanAt + group];
      if (bias != null) {
        center -= bias[biasAt + image * channels + c];
      }
      tiles[scaleTile + c] = (float) (slope * gain);
      tiles[shiftTile + c] = (float) ((beta[betaAt + c] - center * slope) * gain + shift);
    }
    TiledLoops.repeat(tiles, scaleTile, channels, tile);
    TiledLoops.repeat(tiles, shiftTile, channels, tile);
  }
}
