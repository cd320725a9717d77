package dev.jdiffusion.tensor;

import java.util.Locale;

/**
 * How a device rounds the operands of matrix products and convolutions before it multiplies them.
 * Tensors stay as they are, and so do sums, weights, statistics and everything else.
 */
public enum Precision {
  /** Not at all. */
  FP32,
  /** To 10 bits after the point. */
  TF32,
  /** To 7 bits after the point; in weight gradients to those of {@link #TF32}. */
  BF16;

  /** As people write it. */
  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
