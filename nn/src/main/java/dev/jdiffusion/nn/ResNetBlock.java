package dev.jdiffusion.nn;

import dev.jdiffusion.autograd.Tape;
import dev.jdiffusion.autograd.Variable;
import dev.jdiffusion.autograd.ops.Elementwise;
import dev.jdiffusion.autograd.ops.Layout;
import dev.jdiffusion.tensor.Activation;
import dev.jdiffusion.tensor.Scope;
import org.jspecify.annotations.Nullable;

/**
 * The ResNet block (He et al. 2016) in the form of "The Annotated Diffusion Model", with t =
 * linear(silu(time)):
 *
 * <pre>
 * h   = silu(groupNorm(convolution3x3(x))) + t                          ADD
 * h   = silu(groupNorm(convolution3x3(x)) * (1 + scale(t)) + shift(t))  SCALE_SHIFT
 * h   = silu(groupNorm(convolution3x3(h)))
 * out = h + x           (x through a 1x1 convolution where the channels change)
 * </pre>
 */
public final class ResNetBlock extends ResidualBlock {
  /** How the time embedding enters. */
  public enum Conditioning {
    /** Added to every channel. */
    ADD,
    /** Scales and shifts the first normalisation's result. */
    SCALE_SHIFT
  }

  private final Conditioning conditioning;
  private final @Nullable Linear time;
  private final Conv2d convolution1;
  private final GroupNorm norm1;
  private final Conv2d convolution2;
  private final GroupNorm norm2;
  private final @Nullable Conv2d skip;

  /**
   * @param timeDim features of the time embedding; 0 for a block without
   * @param groups of the normalisations; divides {@code out}
   */
  public ResNetBlock(int in, int out, int timeDim, int groups, Conditioning conditioning) {
    this.conditioning = conditioning;
    int timeFeatures = conditioning == Conditioning.ADD ? out : 2 * out;
    time = timeDim == 0 ? null : child("time", new Linear(timeDim, timeFeatures));
    convolution1 = child("convolution1", Conv2d.same(in, out, 3));
    norm1 = child("norm1", new GroupNorm(groups, out, Activation.NONE, Activation.SILU));
    convolution2 = child("convolution2", Conv2d.same(out, out, 3));
    norm2 = child("norm2", new GroupNorm(groups, out, Activation.NONE, Activation.SILU));
    skip = in == out ? null : child("skip", Conv2d.same(in, out, 1));
  }

  @Override
  public Variable forward(Variable x, @Nullable Variable timeEmbedding) {
    checkTime("ResNetBlock", time != null, timeEmbedding);
    try (Tape.Label _ = label();
        Scope scope = Scope.open()) {
      Variable condition =
          time == null || timeEmbedding == null
              ? null
              : time.forward(Elementwise.silu(timeEmbedding));
      Variable scaleShift = conditioning == Conditioning.SCALE_SHIFT ? condition : null;
      Variable h = norm1.forward(convolution1.forward(x), null, scaleShift, null);
      if (condition != null && conditioning == Conditioning.ADD) {
        h = Elementwise.add(h, Layout.reshape(condition, x.dim(0), 1, 1, -1));
      }
      Variable past = skip == null ? x : skip.forward(x);
      return norm2.forward(convolution2.forward(h), null, null, past).keptBy(scope);
    }
  }
}
