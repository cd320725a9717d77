package dev.jdiffusion.tensor;

import java.util.Locale;

/** Whose code computes matrix products and convolutions. */
public enum Products {
  /** This project's kernels. */
  OWN,
  /**
   * The libraries of the device's maker: cuBLAS and cuDNN. They promise the same bits for the same
   * version on the same device only.
   */
  VENDOR;

  /** As people write it. */
  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
