package dev.jdiffusion.cuda.backend;

import dev.jdiffusion.cuda.driver.GpuDevice;
import dev.jdiffusion.cuda.driver.GpuException;
import java.util.Locale;

/**
 * How the operands of matrix products and convolutions are rounded before they are multiplied. All
 * tensors, and all sums, are in single precision.
 */
enum Arithmetic {
  /** Not at all. */
  FP32,
  /** To 10 bits after the point, for tensor cores. */
  TF32,
  /** To 7 bits after the point, for tensor cores. */
  BF16;

  /** Tensor cores have known both formats since compute capability 8.0. */
  private static final int CAPABILITY = 8;

  /**
   * This, if a device has it.
   *
   * @throws GpuException if it has not
   */
  Arithmetic on(GpuDevice device) {
    if (this != FP32 && device.major() < CAPABILITY) {
      throw new GpuException(
          "%s needs compute capability %d.0; %s has %d.%d"
              .formatted(lowerName(), CAPABILITY, device.name(), device.major(), device.minor()));
    }
    return this;
  }

  /** What weight gradients are computed in: they add up many small terms, and are kept. */
  Arithmetic ofWeightGradients() {
    return this == BF16 ? TF32 : this;
  }

  /** As in names of kernels. */
  String lowerName() {
    return name().toLowerCase(Locale.ROOT);
  }
}
