package dev.jdiffusion.tensor;

/** Pointwise non-linearities that normalisation can fuse. */
public enum Activation {
  /** The identity. */
  NONE,
  /** {@code max(x, 0)}. */
  RELU,
  /** {@code x * sigmoid(x)}; Elfwing et al. 2017, also called swish. */
  SILU,
  /** {@code x * Phi(x)} with the exact error function; Hendrycks and Gimpel 2016. */
  GELU
}
