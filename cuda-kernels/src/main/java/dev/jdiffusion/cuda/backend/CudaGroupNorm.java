package dev.jdiffusion.cuda.backend;

import dev.jdiffusion.tensor.Activation;
import dev.jdiffusion.tensor.Scope;
import dev.jdiffusion.tensor.Shape;
import dev.jdiffusion.tensor.Tensor;
import dev.jdiffusion.tensor.ops.GroupNorm;
import org.jspecify.annotations.Nullable;

/**
 * Group normalisation in passes over the whole image, each of as many blocks as there are chunks of
 * pixels and tiles of channels, and small kernels between them that combine what the chunks found.
 * Forward: statistics, moments, apply. Backward: sums of gradients, their combinations, dX.
 */
final class CudaGroupNorm implements GroupNorm {
  private static final String FILE = "group_norm";

  /** Of a pass over an image. */
  private static final int THREADS = 256;

  /** Pixels of one of these threads. */
  private static final int PIXELS = 8;

  /** Channels of a tile, at most: more of them would leave fewer pixels to a chunk. */
  private static final int MOST_COLUMNS = 64;

  private static final int LANES = 32;

  /** Of the kernels that combine partial sums of groups. */
  private static final int COMBINING = 128;

  private final Kernels kernels;

  CudaGroupNorm(Kernels kernels) {
    this.kernels = kernels;
  }

  @Override
  public void forward(
      Tensor x,
      @Nullable Tensor channelBias,
      Tensor gamma,
      Tensor beta,
      @Nullable Tensor scaleShift,
      @Nullable Tensor residual,
      Spec spec,
      Tensor out,
      Tensor mean,
      Tensor rstd) {
    Grid grid = Grid.of(x);
    int pre = spec.preActivation().ordinal();
    int post = spec.postActivation().ordinal();
    try (Scope scope = Scope.open()) {
      Tensor partial = grid.partial(x, 2);
      grid.launch(
          kernels
              .get(
                  FILE,
                  spec.preActivation() == Activation.NONE
                      ? "group_norm_statistics_plain"
                      : "group_norm_statistics_any")
              .with(x)
              .with(channelBias)
              .with(partial)
              .with(grid.pixels)
              .with(grid.channels)
              .with(grid.chunks)
              .with(pre));
      kernels
          .get(FILE, "group_norm_moments")
          .with(partial)
          .with(mean)
          .with(rstd)
          .with(grid.pixels)
          .with(grid.channels)
          .with(spec.groups())
          .with(grid.chunks)
          .with(grid.pixelsPerChunk())
          .with((float) spec.epsilon())
          .launch(grid.images * spec.groups(), COMBINING);
    }
    grid.launch(
        kernels
            .get(FILE, "group_norm_apply_" + variant(spec))
            .with(x)
            .with(channelBias)
            .with(gamma)
            .with(beta)
            .with(scaleShift)
            .with(residual)
            .with(mean)
            .with(rstd)
            .with(out)
            .with(grid.pixels)
            .with(grid.channels)
            .with(spec.groups())
            .with(grid.chunks)
            .with(pre)
            .with(post));
  }

  @Override
  public void backward(
      Tensor x,
      @Nullable Tensor channelBias,
      Tensor gamma,
      Tensor beta,
      @Nullable Tensor scaleShift,
      Spec spec,
      Tensor mean,
      Tensor rstd,
      Tensor dOut,
      Tensor dX,
      @Nullable Tensor dChannelBias,
      Tensor dGamma,
      Tensor dBeta,
      @Nullable Tensor dScaleShift) {
    Grid grid = Grid.of(x);
    if (grid.images == 0) {
      return;
    }
    int pre = spec.preActivation().ordinal();
    int post = spec.postActivation().ordinal();
    int tilesOfLanes = Kernels.blocks(grid.channels, LANES);
    try (Scope scope = Scope.open()) {
      Tensor partial = grid.partial(x, 2);
      grid.launch(
          kernels
              .get(FILE, "group_norm_gradient_sums_" + variant(spec))
              .with(x)
              .with(channelBias)
              .with(gamma)
              .with(beta)
              .with(scaleShift)
              .with(mean)
              .with(rstd)
              .with(dOut)
              .with(partial)
              .with(grid.pixels)
              .with(grid.channels)
              .with(spec.groups())
              .with(grid.chunks)
              .with(pre)
              .with(post));
      Tensor channelSums = Tensor.empty(x.backend(), Shape.of(grid.images, 2, grid.channels));
      kernels
          .get(FILE, "group_norm_channel_sums")
          .with(partial)
          .with(gamma)
          .with(beta)
          .with(channelSums)
          .with(dScaleShift)
          .with(grid.channels)
          .with(grid.chunks)
          .launch(grid.images * tilesOfLanes, THREADS);
      Tensor groupMeans = Tensor.empty(x.backend(), Shape.of(grid.images, spec.groups(), 2));
      kernels
          .get(FILE, "group_norm_group_means")
          .with(channelSums)
          .with(gamma)
          .with(scaleShift)
          .with(groupMeans)
          .with(grid.images)
          .with(grid.pixels)
          .with(grid.channels)
          .with(spec.groups())
          .launch(Kernels.blocks((long) grid.images * spec.groups(), COMBINING / LANES), COMBINING);
      kernels
          .get(FILE, "group_norm_parameters")
          .with(channelSums)
          .with(scaleShift)
          .with(dGamma)
          .with(dBeta)
          .with(grid.images)
          .with(grid.channels)
          .launch(tilesOfLanes, THREADS);
      @Nullable Tensor biasPartial = dChannelBias == null ? null : grid.partial(x, 1);
      grid.launch(
          kernels
              .get(FILE, "group_norm_input_grad_" + variant(spec))
              .with(x)
              .with(channelBias)
              .with(gamma)
              .with(beta)
              .with(scaleShift)
              .with(mean)
              .with(rstd)
              .with(dOut)
              .with(groupMeans)
              .with(dX)
              .with(biasPartial)
              .with(grid.pixels)
              .with(grid.channels)
              .with(spec.groups())
              .with(grid.chunks)
              .with(pre)
              .with(post));
      if (biasPartial != null) {
        kernels
            .get(FILE, "group_norm_bias_sums")
            .with(biasPartial)
            .with(dChannelBias)
            .with(grid.channels)
            .with(grid.chunks)
            .launch(grid.images * tilesOfLanes, THREADS);
      }
    }
  }

  /** Of the kernels that know their activations when they are compiled, the one that fits. */
  private static String variant(Spec spec) {
    if (spec.preActivation() != Activation.NONE) {
      return "any";
    }
    return switch (spec.postActivation()) {
      case NONE -> "plain";
      case SILU -> "silu";
      case RELU, GELU -> "any";
    };
  }

  /**
   * How a pass over images is cut.
   *
   * @param columns threads of a block side by side on the channels
   * @param chunks of the pixels of an image
   */
  private record Grid(int images, int pixels, int channels, int columns, int chunks) {
    static Grid of(Tensor x) {
      int pixels = x.shape().sizeOf(1, x.shape().rank() - 1);
      int channels = x.dim(-1);
      // Tiles of one width: hardly a thread is without a channel, and where one tile is enough,
      // the threads of a block read what lies behind one another.
      int tiles = Math.max(1, Kernels.blocks(channels, MOST_COLUMNS));
      int columns = Math.max(1, Kernels.blocks(channels, tiles));
      int perChunk = THREADS / columns * PIXELS;
      return new Grid(x.dim(0), pixels, channels, columns, Kernels.blocks(pixels, perChunk));
    }

    int rows() {
      return THREADS / columns;
    }

    int pixelsPerChunk() {
      return rows() * PIXELS;
    }

    /** {@code [N, chunks, values, C]}. */
    Tensor partial(Tensor x, int values) {
      return Tensor.empty(x.backend(), Shape.of(images, chunks, values, channels));
    }

    void launch(Kernel kernel) {
      int blocks = images * chunks * Kernels.blocks(channels, columns);
      kernel.launch(blocks, 1, 1, columns, rows(), 0);
    }
  }
}
