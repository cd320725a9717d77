package dev.jdiffusion.cuda.backend;

import dev.jdiffusion.cuda.driver.GpuDriver;
import dev.jdiffusion.cuda.emulator.EmulatorDriver;
import dev.jdiffusion.cuda.jcuda.JCudaDriver;
import dev.jdiffusion.tensor.Device;

/**
 * The device that tests of kernels run on: the emulator, or the one that {@code
 * -Dconformance.device} names, such as {@code cuda}, where {@code scripts/gpu-bundle} takes them.
 */
final class TestDevice {
  private static final String EMULATOR = "emulator";

  static final Device DEVICE =
      Device.parse(System.getProperty("conformance.device", "cuda:" + EMULATOR));

  private TestDevice() {}

  /** Whether it checks all accesses, and has little memory. */
  static boolean isEmulator() {
    return DEVICE.index().equals(EMULATOR);
  }

  /** Opens it. */
  static GpuDriver open() {
    String index = DEVICE.index();
    return isEmulator()
        ? new EmulatorDriver(2)
        : JCudaDriver.open(index.isEmpty() ? 0 : Integer.parseInt(index));
  }

  /** Whether it has tensor cores for every precision. */
  static boolean hasTensorCores(GpuDriver driver) {
    return driver.device().major() >= CudaBackend.TENSOR_CORES;
  }
}
