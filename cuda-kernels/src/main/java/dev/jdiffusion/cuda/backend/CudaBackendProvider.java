package dev.jdiffusion.cuda.backend;

import dev.jdiffusion.cuda.driver.GpuDriver;
import dev.jdiffusion.cuda.driver.GpuException;
import dev.jdiffusion.cuda.emulator.EmulatorDriver;
import dev.jdiffusion.cuda.jcuda.JCudaDriver;
import dev.jdiffusion.tensor.Backend;
import dev.jdiffusion.tensor.BackendProvider;
import dev.jdiffusion.tensor.BackendUnavailableException;
import dev.jdiffusion.tensor.Device;
import dev.jdiffusion.tensor.Precision;
import dev.jdiffusion.tensor.Products;
import java.util.List;

/** Opens {@code cuda} (the first GPU), {@code cuda:N} and {@code cuda:emulator}. */
public final class CudaBackendProvider implements BackendProvider {
  static final String EMULATOR = "emulator";

  @Override
  public String kind() {
    return "cuda";
  }

  @Override
  public Backend open(Device device, int threads) {
    return open(device, threads, Precision.FP32);
  }

  @Override
  public Backend open(Device device, int threads, Precision precision) {
    return open(device, threads, precision, Vendor.NONE);
  }

  @Override
  public Backend open(Device device, int threads, Precision precision, Products products) {
    return switch (products) {
      case OWN -> open(device, threads, precision);
      case VENDOR ->
          VendorProducts.open(device, threads, precision, List.of(VendorProducts.values()));
    };
  }

  static Backend open(Device device, int threads, Precision precision, Vendor vendor) {
    if (device.index().equals(EMULATOR)) {
      return new CudaBackend(device, new EmulatorDriver(threads), precision, null, vendor);
    }
    try {
      return open(device, JCudaDriver.open(ordinal(device)), precision, vendor);
    } catch (GpuException e) {
      // NVIDIA's libraries do not run there.
      String instead =
          vendor.equals(Vendor.NONE)
              ? "; cuda:emulator runs the same kernels, slowly, and needs no GPU"
              : "";
      throw new BackendUnavailableException(e.getMessage() + instead);
    }
  }

  private static Backend open(Device device, GpuDriver driver, Precision precision, Vendor vendor) {
    try {
      return new CudaBackend(device, driver, precision, null, vendor);
    } catch (GpuException e) {
      driver.close();
      throw e;
    }
  }

  private static int ordinal(Device device) {
    if (device.index().isEmpty()) {
      return 0;
    }
    if (!device.index().matches("\\d{1,4}")) {
      throw new BackendUnavailableException(
          "'" + device.index() + "' is neither the number of a GPU nor 'emulator'");
    }
    return Integer.parseInt(device.index());
  }
}
