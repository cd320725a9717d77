package dev.jdiffusion.nn;

import dev.jdiffusion.autograd.Tape;
import dev.jdiffusion.autograd.Variable;
import dev.jdiffusion.autograd.ops.Elementwise;
import dev.jdiffusion.tensor.Activation;
import dev.jdiffusion.tensor.Scope;
import org.jspecify.annotations.Nullable;

/**
 * The ConvNeXt block (Liu et al. 2022) in the form of "The Annotated Diffusion Model":
 *
 * <pre>
 * h   = depthwise7x7(x) + linear(gelu(time))
 * h   = convolution3x3(groupNorm(h))
 * h   = convolution3x3(groupNorm(gelu(h)))
 * out = h + x           (x through a 1x1 convolution where the channels change)
 * </pre>
 */
public final class ConvNeXtBlock extends ResidualBlock {
  private final @Nullable Linear time;
  private final Conv2d depthwise;
  private final GroupNorm norm1;
  private final Conv2d convolution1;
  private final GroupNorm norm2;
  private final Conv2d convolution2;
  private final @Nullable Conv2d skip;

  /**
   * @param timeDim features of the time embedding; 0 for a block without
   * @param multiplier channels between the two convolutions, as a multiple of {@code out}
   */
  public ConvNeXtBlock(int in, int out, int timeDim, int multiplier) {
    int hidden = out * Arguments.positive("ConvNeXtBlock", "multiplier", multiplier);
    time = timeDim == 0 ? null : child("time", new Linear(timeDim, in));
    depthwise = child("depthwise", Conv2d.depthwise(in, 7));
    norm1 = child("norm1", new GroupNorm(1, in));
    convolution1 = child("convolution1", Conv2d.same(in, hidden, 3));
    norm2 = child("norm2", new GroupNorm(1, hidden, Activation.GELU, Activation.NONE));
    convolution2 = child("convolution2", Conv2d.same(hidden, out, 3));
    skip = in == out ? null : child("skip", Conv2d.same(in, out, 1));
  }

  @Override
  public Variable forward(Variable x, @Nullable Variable timeEmbedding) {
    checkTime("ConvNeXtBlock", time != null, timeEmbedding);
    try (Tape.Label _ = label();
        Scope scope = Scope.open()) {
      Variable condition =
          time == null || timeEmbedding == null
              ? null
              : time.forward(Elementwise.gelu(timeEmbedding));
      Variable h = norm1.forward(depthwise.forward(x), condition, null, null);
      h = norm2.forward(convolution1.forward(h));
      Variable past = skip == null ? x : skip.forward(x);
      return convolution2.forward(h, past).keptBy(scope);
    }
  }
}
