package dev.jdiffusion.nn;

import dev.jdiffusion.autograd.Variable;
import org.jspecify.annotations.Nullable;

/** What U-Nets are built of: a few convolutions around which the input is carried past. */
public abstract sealed class ResidualBlock extends Module permits ConvNeXtBlock, ResNetBlock {
  /**
   * @param x {@code [N, H, W, in]}
   * @param time {@code [N, timeDim]}; null in a block that was made without time
   * @return {@code [N, H, W, out]}
   */
  public abstract Variable forward(Variable x, @Nullable Variable time);

  static void checkTime(String block, boolean expected, @Nullable Variable time) {
    if (expected != (time != null)) {
      throw new IllegalArgumentException(
          block + (expected ? ": needs a time embedding" : ": was made without a time embedding"));
    }
  }
}
