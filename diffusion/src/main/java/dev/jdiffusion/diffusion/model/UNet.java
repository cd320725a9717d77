package dev.jdiffusion.diffusion.model;

import dev.jdiffusion.autograd.Tape;
import dev.jdiffusion.autograd.Variable;
import dev.jdiffusion.autograd.ops.Elementwise;
import dev.jdiffusion.autograd.ops.Layout;
import dev.jdiffusion.diffusion.UserError;
import dev.jdiffusion.nn.Conv2d;
import dev.jdiffusion.nn.ConvNeXtBlock;
import dev.jdiffusion.nn.ConvTranspose2d;
import dev.jdiffusion.nn.GroupNorm;
import dev.jdiffusion.nn.Linear;
import dev.jdiffusion.nn.LinearAttention;
import dev.jdiffusion.nn.Module;
import dev.jdiffusion.nn.MultiHeadAttention;
import dev.jdiffusion.nn.ResNetBlock;
import dev.jdiffusion.nn.ResidualBlock;
import dev.jdiffusion.nn.SinusoidalTimeEmbedding;
import dev.jdiffusion.tensor.IntTensor;
import dev.jdiffusion.tensor.Scope;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * The U-Net of "The Annotated Diffusion Model" (Rogge and Rasul 2022), after Ho et al. 2020 and
 * Ronneberger et al. 2015.
 *
 * <pre>
 * time:   sinusoids -> linear -> gelu -> linear
 * x       7x7 convolution
 * down    for each level: block, block, linear attention -> skip; 4x4 convolution of stride 2
 * middle  block, attention, block
 * up      for each level but the finest: concat with the skip, block, block, linear attention,
 *         4x4 transposed convolution of stride 2
 * out     block without time, 1x1 convolution
 * </pre>
 *
 * <p>Every attention is normalised before and carried past: {@code x + attention(groupNorm(x))}.
 * The coarsest level is not halved, and the finest level's skip is not used, as in the original.
 */
public final class UNet extends Module {
  private static final int CONVNEXT_MULTIPLIER = 2;

  /** All values lie in one array; half of the longest leaves room for the gaps between them. */
  private static final long MOST_PARAMETERS = Integer.MAX_VALUE / 2;

  private final UNetConfig config;
  private final SinusoidalTimeEmbedding sinusoids;
  private final Linear time1;
  private final Linear time2;
  private final Conv2d initial;
  private final List<Down> downs = new ArrayList<>();
  private final ResidualBlock middle1;
  private final GroupNorm middleNorm;
  private final MultiHeadAttention middleAttention;
  private final ResidualBlock middle2;
  private final List<Up> ups = new ArrayList<>();
  private final ResidualBlock finalBlock;
  private final Conv2d finalConvolution;

  /** Declares the network; {@link dev.jdiffusion.nn.ParameterStore} gives it memory. */
  public UNet(UNetConfig config) {
    this.config = config;
    int dim = config.dim();
    int timeDim = 4 * dim;
    sinusoids = new SinusoidalTimeEmbedding(dim, 1);
    time1 = child("time1", new Linear(dim, timeDim));
    time2 = child("time2", new Linear(timeDim, timeDim));
    initial = child("initial", Conv2d.same(config.channels(), config.initialChannels(), 7));

    int width = config.initialChannels();
    for (int level = 0; level < config.levels(); level++) {
      downs.add(child("down" + level, new Down(config, level, width, timeDim)));
      width = config.width(level);
    }
    middle1 = child("middle1", block(config, width, width, timeDim));
    middleNorm = child("middleNorm", new GroupNorm(1, width));
    middleAttention =
        child("middleAttention", new MultiHeadAttention(width, config.heads(), config.headDim()));
    middle2 = child("middle2", block(config, width, width, timeDim));
    for (int level = config.levels() - 1; level > 0; level--) {
      ups.add(child("up" + level, new Up(config, level, timeDim)));
    }
    finalBlock = child("finalBlock", block(config, config.width(0), dim, 0));
    finalConvolution = child("finalConvolution", Conv2d.same(dim, config.channels(), 1));
  }

  /**
   * Declares the network that somebody asked for.
   *
   * @throws UserError if it is too large for any memory
   */
  public static UNet of(UNetConfig config) {
    String reason;
    try {
      UNet net = new UNet(config);
      if (net.parameterCount() <= MOST_PARAMETERS) {
        return net;
      }
      reason = String.format(Locale.ROOT, "%,d parameters", net.parameterCount());
    } catch (IllegalArgumentException e) {
      reason = String.valueOf(e.getMessage());
    }
    throw new UserError(
        "the network of dim %d and multipliers %s is too large (%s); choose smaller ones"
            .formatted(config.dim(), config.multipliers(), reason));
  }

  /** What it was built from. */
  public UNetConfig config() {
    return config;
  }

  /**
   * Predicts what the training asked for, such as the noise in noisy pictures.
   *
   * @param x {@code [N, H, W, channels]}, with H and W that the levels can halve
   * @param timesteps {@code [N]}, from 0
   * @return of x's shape
   */
  public Variable forward(Variable x, IntTensor timesteps) {
    if (timesteps.shape().rank() != 1 || timesteps.shape().dim(0) != x.dim(0)) {
      throw new IllegalArgumentException(
          "UNet: timesteps " + timesteps.shape() + " do not match pictures " + x.shape());
    }
    try (Scope scope = Scope.open()) {
      return forward(x, sinusoids.forward(x.backend(), timesteps)).keptBy(scope);
    }
  }

  /**
   * How the network is told of timesteps: sine and cosine waves, which the host computes.
   *
   * @param timesteps {@code [N]}, from 0
   * @return the elements of {@code [N, dim]}
   */
  public double[] waves(IntTensor timesteps) {
    return sinusoids.waves(timesteps);
  }

  /**
   * The prediction from what is on the device already.
   *
   * @param x {@code [N, H, W, channels]}, with H and W that the levels can halve
   * @param waves {@code [N, dim]}, see {@link #waves}
   * @return of x's shape
   */
  public Variable forward(Variable x, Variable waves) {
    config.checkImageSize(x.dim(1));
    config.checkImageSize(x.dim(2));
    try (Tape.Label _ = label();
        Scope scope = Scope.open()) {
      Variable time = time2.forward(Elementwise.gelu(time1.forward(waves)));

      Variable h = initial.forward(x);
      Deque<Variable> skips = new ArrayDeque<>();
      for (Down down : downs) {
        Variable skip = down.forward(h, time);
        skips.push(skip);
        h = down.halve(skip);
      }
      h = middle1.forward(h, time);
      h = middleAttention.forward(middleNorm.forward(h), h);
      h = middle2.forward(h, time);
      for (Up up : ups) {
        h = up.forward(h, skips.pop(), time);
      }
      h = finalBlock.forward(h, null);
      return finalConvolution.forward(h).keptBy(scope);
    }
  }

  private static ResidualBlock block(UNetConfig config, int in, int out, int timeDim) {
    return switch (config.block()) {
      case CONVNEXT -> new ConvNeXtBlock(in, out, timeDim, CONVNEXT_MULTIPLIER);
      case RESNET ->
          new ResNetBlock(in, out, timeDim, config.groups(), ResNetBlock.Conditioning.ADD);
    };
  }

  /** A level on the way down. */
  private static final class Down extends Module {
    private final ResidualBlock block1;
    private final ResidualBlock block2;
    private final GroupNorm norm;
    private final LinearAttention attention;
    private final @Nullable Conv2d downsample;

    Down(UNetConfig config, int level, int in, int timeDim) {
      int width = config.width(level);
      block1 = child("block1", block(config, in, width, timeDim));
      block2 = child("block2", block(config, width, width, timeDim));
      norm = child("norm", new GroupNorm(1, width));
      attention = child("attention", new LinearAttention(width, config.heads(), config.headDim()));
      boolean coarsest = level == config.levels() - 1;
      downsample = coarsest ? null : child("downsample", new Conv2d(width, width, 4, 2, 1, 1));
    }

    /** From {@code [N, H, W, in]} to {@code [N, H, W, width]}. */
    Variable forward(Variable x, Variable time) {
      try (Tape.Label _ = label();
          Scope scope = Scope.open()) {
        Variable h = block2.forward(block1.forward(x, time), time);
        return attention.forward(norm.forward(h), h).keptBy(scope);
      }
    }

    /** To half the height and width; the coarsest level stays as it is. */
    Variable halve(Variable x) {
      try (Tape.Label _ = label()) {
        return downsample == null ? x : downsample.forward(x);
      }
    }
  }

  /** A level on the way up. */
  private static final class Up extends Module {
    private final ResidualBlock block1;
    private final ResidualBlock block2;
    private final GroupNorm norm;
    private final LinearAttention attention;
    private final ConvTranspose2d upsample;

    Up(UNetConfig config, int level, int timeDim) {
      int in = config.width(level);
      int out = config.width(level - 1);
      block1 = child("block1", block(config, 2 * in, out, timeDim));
      block2 = child("block2", block(config, out, out, timeDim));
      norm = child("norm", new GroupNorm(1, out));
      attention = child("attention", new LinearAttention(out, config.heads(), config.headDim()));
      upsample = child("upsample", new ConvTranspose2d(out, out, 4, 2, 1, 0, 1));
    }

    /** From {@code [N, H, W, in]} to {@code [N, 2H, 2W, out]}. */
    Variable forward(Variable x, Variable skip, Variable time) {
      try (Tape.Label _ = label();
          Scope scope = Scope.open()) {
        Variable h = Layout.concat(-1, x, skip);
        h = block2.forward(block1.forward(h, time), time);
        h = attention.forward(norm.forward(h), h);
        return upsample.forward(h).keptBy(scope);
      }
    }
  }
}
