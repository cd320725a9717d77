package dev.jdiffusion.diffusion.model;

import dev.jdiffusion.diffusion.UserError;
import java.util.List;

/**
 * The shape of a {@link UNet}.
 *
 * @param dim channels of the first level before its multiplier; the time embedding has four times
 *     as many features
 * @param multipliers of {@code dim}, one for each level, the finest first
 * @param channels of the pictures: 1 for grey, 3 for colour
 * @param block what the levels are built of
 * @param groups of the normalisations in ResNet blocks; ConvNeXt blocks have one group
 * @param heads of each attention
 * @param headDim features of each head
 */
public record UNetConfig(
    int dim,
    List<Integer> multipliers,
    int channels,
    Block block,
    int groups,
    int heads,
    int headDim) {

  /** The kinds of block. */
  public enum Block {
    /** {@link dev.jdiffusion.nn.ConvNeXtBlock}, with twice the channels inside. */
    CONVNEXT,
    /** {@link dev.jdiffusion.nn.ResNetBlock}, with the time added. */
    RESNET
  }

  /**
   * Checks the numbers.
   *
   * @throws UserError if they do not make a network
   */
  public UNetConfig {
    multipliers = List.copyOf(multipliers);
    if (dim < 4 || dim % 2 != 0) {
      throw new UserError("dim must be even and at least 4, got " + dim);
    }
    if (multipliers.isEmpty() || multipliers.stream().anyMatch(m -> m < 1)) {
      throw new UserError("multipliers must be one or more positive numbers, got " + multipliers);
    }
    if (channels < 1 || heads < 1 || headDim < 1) {
      throw new UserError(
          "channels, heads and features of a head must be at least 1, got %d, %d and %d"
              .formatted(channels, heads, headDim));
    }
    if (block == Block.RESNET && (groups < 1 || dim % groups != 0)) {
      throw new UserError(
          "%d groups do not divide the %d channels of a ResNet block; choose groups that divide dim"
              .formatted(groups, dim));
    }
  }

  /** The network of "The Annotated Diffusion Model": ConvNeXt blocks, four heads of 32 features. */
  public static UNetConfig annotated(int dim, List<Integer> multipliers, int channels) {
    return new UNetConfig(dim, multipliers, channels, Block.CONVNEXT, 1, 4, 32);
  }

  /** Channels after the first convolution. */
  int initialChannels() {
    return dim / 3 * 2;
  }

  /** Channels of a level. */
  int width(int level) {
    return dim * multipliers.get(level);
  }

  int levels() {
    return multipliers.size();
  }

  /**
   * Checks that the levels can halve a picture.
   *
   * @param size pixels per side
   * @throws UserError if they cannot
   */
  public void checkImageSize(int size) {
    int halvings = levels() - 1;
    if (size < 1 || halvings > 30 || size % (1 << halvings) != 0) {
      throw new UserError(
          "image size %d cannot be halved %d times by the %d levels of the network; choose a multiple of %d"
              .formatted(size, halvings, levels(), 1L << halvings));
    }
  }
}
