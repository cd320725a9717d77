package dev.jdiffusion.diffusion.model;

import dev.jdiffusion.autograd.Tape;
import dev.jdiffusion.autograd.Variable;
import dev.jdiffusion.autograd.ops.Elementwise;
import dev.jdiffusion.autograd.ops.Layout;
import dev.jdiffusion.autograd.ops.Upsampling;
import dev.jdiffusion.diffusion.UserError;
import dev.jdiffusion.nn.Conv2d;
import dev.jdiffusion.nn.Dropout;
import dev.jdiffusion.nn.GroupNorm;
import dev.jdiffusion.nn.Linear;
import dev.jdiffusion.nn.Module;
import dev.jdiffusion.nn.MultiHeadAttention;
import dev.jdiffusion.nn.SinusoidalTimeEmbedding;
import dev.jdiffusion.tensor.Activation;
import dev.jdiffusion.tensor.IntTensor;
import dev.jdiffusion.tensor.Scope;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The U-Net with which Ho, Jain and Abbeel, "Denoising Diffusion Probabilistic Models" (2020),
 * painted CIFAR-10: 35,746,307 parameters.
 *
 * <pre>
 * time    sinusoids -> linear -> silu -> linear
 * x       3x3 convolution -> skip
 * down    for each of four levels: twice (block, attention -> skip); 3x3 convolution of stride 2 -> skip
 * middle  block, attention, block
 * up      for each level: three times (concat with the last skip, block, attention);
 *         nearest neighbours twice as large, 3x3 convolution
 * out     groupNorm, silu, 3x3 convolution
 * </pre>
 *
 * <p>Only the second level, 16x16 pixels of a 32x32 picture, and the middle have attention. The
 * halving convolution has one row and column of zeros on every side, where the authors' has them at
 * the end only.
 */
public final class DdpmUNet extends Module {
  private static final int GROUPS = 32;
  private static final int[] MULTIPLIERS = {1, 2, 2, 2};
  private static final int BLOCKS = 2;
  private static final int ATTENTION_LEVEL = 1;
  private static final int CHANNELS = 3;
  private static final int SMALLEST_SIZE = 1 << (MULTIPLIERS.length - 1);

  private final SinusoidalTimeEmbedding sinusoids;
  private final Linear time1;
  private final Linear time2;
  private final Conv2d initial;
  private final List<Down> downs = new ArrayList<>();
  private final Block middle1;
  private final Attention middleAttention;
  private final Block middle2;
  private final List<Up> ups = new ArrayList<>();
  private final GroupNorm finalNorm;
  private final Conv2d finalConvolution;

  /** The network for CIFAR-10, with the authors' dropout of 0.1 while training. */
  public DdpmUNet() {
    this(128, 0.1);
  }

  /**
   * Declares the network; {@link dev.jdiffusion.nn.ParameterStore} gives it memory.
   *
   * @param dim channels of the first level, a multiple of 32; 128 for CIFAR-10
   * @param dropout probability while training
   */
  public DdpmUNet(int dim, double dropout) {
    int timeDim = 4 * dim;
    sinusoids = new SinusoidalTimeEmbedding(dim, 1);
    time1 = child("time1", new Linear(dim, timeDim));
    time2 = child("time2", new Linear(timeDim, timeDim));
    initial = child("initial", Conv2d.same(CHANNELS, dim, 3));

    Deque<Integer> skips = new ArrayDeque<>();
    skips.push(dim);
    int width = dim;
    for (int level = 0; level < MULTIPLIERS.length; level++) {
      downs.add(child("down" + level, new Down(level, width, dim, timeDim, dropout)));
      width = dim * MULTIPLIERS[level];
      for (int i = 0; i < BLOCKS; i++) {
        skips.push(width);
      }
      if (level < MULTIPLIERS.length - 1) {
        skips.push(width);
      }
    }
    middle1 = child("middle1", new Block(width, width, timeDim, dropout));
    middleAttention = child("middleAttention", new Attention(width));
    middle2 = child("middle2", new Block(width, width, timeDim, dropout));
    for (int level = MULTIPLIERS.length - 1; level >= 0; level--) {
      ups.add(child("up" + level, new Up(level, width, skips, dim, timeDim, dropout)));
      width = dim * MULTIPLIERS[level];
    }
    finalNorm = child("finalNorm", new GroupNorm(GROUPS, dim, Activation.NONE, Activation.SILU));
    finalConvolution = child("finalConvolution", Conv2d.same(dim, CHANNELS, 3));
  }

  /**
   * Predicts the noise in noisy pictures.
   *
   * @param x {@code [N, H, W, 3]}, with H and W that are multiples of 8
   * @param timesteps {@code [N]}, from 0
   * @return of x's shape
   * @throws UserError if the pictures cannot be halved three times
   */
  public Variable forward(Variable x, IntTensor timesteps) {
    if (timesteps.shape().rank() != 1 || timesteps.shape().dim(0) != x.dim(0)) {
      throw new IllegalArgumentException(
          "DdpmUNet: timesteps " + timesteps.shape() + " do not match pictures " + x.shape());
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
   * @param x {@code [N, H, W, 3]}, with H and W that are multiples of 8
   * @param waves {@code [N, dim]}, see {@link #waves}
   * @return of x's shape
   * @throws UserError if the pictures cannot be halved three times
   */
  public Variable forward(Variable x, Variable waves) {
    if (x.dim(1) % SMALLEST_SIZE != 0 || x.dim(2) % SMALLEST_SIZE != 0) {
      throw new UserError(
          "pictures of %dx%d cannot be halved %d times; choose a multiple of %d"
              .formatted(x.dim(1), x.dim(2), MULTIPLIERS.length - 1, SMALLEST_SIZE));
    }
    try (Tape.Label _ = label();
        Scope scope = Scope.open()) {
      Variable time = time2.forward(Elementwise.silu(time1.forward(waves)));
      // Every block begins its projection of the time with this.
      time = Elementwise.silu(time);

      Deque<Variable> skips = new ArrayDeque<>();
      Variable h = initial.forward(x);
      skips.push(h);
      for (Down down : downs) {
        h = down.forward(h, time, skips);
      }
      h = middle1.forward(h, time);
      h = middleAttention.forward(h);
      h = middle2.forward(h, time);
      for (Up up : ups) {
        h = up.forward(h, time, skips);
      }
      return finalConvolution.forward(finalNorm.forward(h)).keptBy(scope);
    }
  }

  /** A level on the way down. */
  private static final class Down extends Module {
    private final List<Block> blocks = new ArrayList<>();
    private final List<Attention> attentions = new ArrayList<>();
    private final @Nullable Conv2d downsample;

    Down(int level, int in, int dim, int timeDim, double dropout) {
      int width = dim * MULTIPLIERS[level];
      for (int i = 0; i < BLOCKS; i++) {
        blocks.add(child("block" + i, new Block(i == 0 ? in : width, width, timeDim, dropout)));
        if (level == ATTENTION_LEVEL) {
          attentions.add(child("attention" + i, new Attention(width)));
        }
      }
      boolean coarsest = level == MULTIPLIERS.length - 1;
      downsample = coarsest ? null : child("downsample", new Conv2d(width, width, 3, 2, 1, 1));
    }

    /** Pushes what it computes; the last of it is the result. */
    Variable forward(Variable x, Variable time, Deque<Variable> skips) {
      try (Tape.Label _ = label()) {
        Variable h = x;
        for (int i = 0; i < blocks.size(); i++) {
          h = blocks.get(i).forward(h, time);
          if (!attentions.isEmpty()) {
            h = attentions.get(i).forward(h);
          }
          skips.push(h);
        }
        if (downsample != null) {
          h = downsample.forward(h);
          skips.push(h);
        }
        return h;
      }
    }
  }

  /** A level on the way up. */
  private static final class Up extends Module {
    private final List<Block> blocks = new ArrayList<>();
    private final List<Attention> attentions = new ArrayList<>();
    private final @Nullable Conv2d upsample;

    /** Pops the channels of its skips. */
    Up(int level, int in, Deque<Integer> skips, int dim, int timeDim, double dropout) {
      int width = dim * MULTIPLIERS[level];
      for (int i = 0; i < BLOCKS + 1; i++) {
        int joined = (i == 0 ? in : width) + skips.pop();
        blocks.add(child("block" + i, new Block(joined, width, timeDim, dropout)));
        if (level == ATTENTION_LEVEL) {
          attentions.add(child("attention" + i, new Attention(width)));
        }
      }
      upsample = level == 0 ? null : child("upsample", Conv2d.same(width, width, 3));
    }

    Variable forward(Variable x, Variable time, Deque<Variable> skips) {
      try (Tape.Label _ = label();
          Scope scope = Scope.open()) {
        Variable h = x;
        for (int i = 0; i < blocks.size(); i++) {
          h = blocks.get(i).forward(Layout.concat(-1, h, skips.pop()), time);
          if (!attentions.isEmpty()) {
            h = attentions.get(i).forward(h);
          }
        }
        if (upsample != null) {
          h = upsample.forward(Upsampling.upsampleNearest(h, 2));
        }
        return h.keptBy(scope);
      }
    }
  }

  /**
   * A residual block that normalises before it convolves.
   *
   * <pre>
   * h   = convolution3x3(silu(groupNorm(x))) + linear(silu(time))
   * h   = convolution3x3(dropout(silu(groupNorm(h))))
   * out = h + x           (x through a 1x1 convolution where the channels change)
   * </pre>
   */
  private static final class Block extends Module {
    private final GroupNorm norm1;
    private final Conv2d convolution1;
    private final Linear time;
    private final GroupNorm norm2;
    private final Dropout dropout;
    private final Conv2d convolution2;
    private final @Nullable Conv2d skip;

    Block(int in, int out, int timeDim, double probability) {
      norm1 = child("norm1", new GroupNorm(GROUPS, in, Activation.NONE, Activation.SILU));
      convolution1 = child("convolution1", Conv2d.same(in, out, 3));
      time = child("time", new Linear(timeDim, out));
      norm2 = child("norm2", new GroupNorm(GROUPS, out, Activation.NONE, Activation.SILU));
      dropout = child("dropout", new Dropout(probability));
      convolution2 = child("convolution2", Conv2d.same(out, out, 3));
      skip = in == out ? null : child("skip", Conv2d.same(in, out, 1));
    }

    /** From {@code [N, H, W, in]} to {@code [N, H, W, out]}; silu was applied to the time. */
    Variable forward(Variable x, Variable activeTime) {
      try (Tape.Label _ = label();
          Scope scope = Scope.open()) {
        Variable h = convolution1.forward(norm1.forward(x));
        h = dropout.forward(norm2.forward(h, time.forward(activeTime), null, null));
        Variable past = skip == null ? x : skip.forward(x);
        return convolution2.forward(h, past).keptBy(scope);
      }
    }
  }

  /** {@code x + attention(groupNorm(x))} with one head as wide as the level. */
  private static final class Attention extends Module {
    private final GroupNorm norm;
    private final MultiHeadAttention attention;

    Attention(int width) {
      norm = child("norm", new GroupNorm(GROUPS, width));
      attention = child("attention", new MultiHeadAttention(width, 1, width, true));
    }

    Variable forward(Variable x) {
      try (Tape.Label _ = label();
          Scope scope = Scope.open()) {
        return attention.forward(norm.forward(x), x).keptBy(scope);
      }
    }
  }
}
