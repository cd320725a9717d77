package dev.jdiffusion.cuda;

import java.util.List;

/** What {@link CudaDriverProbe} found. */
public sealed interface CudaDriver {

  /**
   * A working driver.
   *
   * @param version the newest CUDA version that the driver supports, for example {@code 12.6}
   * @param devices the GPUs, in the driver's order; never empty
   */
  record Available(String version, List<CudaDevice> devices) implements CudaDriver {
    public Available {
      devices = List.copyOf(devices);
    }
  }

  /**
   * No driver, or one that cannot be used.
   *
   * @param reason one line that names what is missing or what failed
   */
  record Unavailable(String reason) implements CudaDriver {}
}
