package dev.jdiffusion.diffusion;

import dev.jdiffusion.tensor.Backend;
import dev.jdiffusion.tensor.BackendUnavailableException;
import dev.jdiffusion.tensor.Backends;
import dev.jdiffusion.tensor.Device;
import dev.jdiffusion.tensor.Precision;
import dev.jdiffusion.tensor.Products;

/** Opens the device that somebody named. */
public final class Devices {
  private Devices() {}

  /**
   * Opens a device, and names all flags that were asked for where it cannot.
   *
   * @param name {@code cpu}, {@code cuda:0} and so on
   * @throws UserError if there is no such device, or this machine cannot run it
   */
  public static Backend open(String name, int threads, Precision precision, Products products) {
    try {
      return Backends.open(Device.parse(name), threads, precision, products);
    } catch (BackendUnavailableException | IllegalArgumentException e) {
      String asked =
          "--device "
              + name
              + (precision == Precision.FP32 ? "" : " --precision " + precision)
              + (products == Products.OWN ? "" : " --matmul " + products);
      throw new UserError(asked + ": " + e.getMessage() + "; the command info tells more", e);
    }
  }
}
