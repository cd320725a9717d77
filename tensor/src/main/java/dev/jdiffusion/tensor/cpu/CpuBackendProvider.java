package dev.jdiffusion.tensor.cpu;

import dev.jdiffusion.tensor.Backend;
import dev.jdiffusion.tensor.BackendProvider;
import dev.jdiffusion.tensor.BackendUnavailableException;
import dev.jdiffusion.tensor.Device;
import java.util.Set;

/** Opens the CPU backend, after checking what it needs; touches no vector class before. */
public final class CpuBackendProvider implements BackendProvider {
  @Override
  public String kind() {
    return Device.CPU.kind();
  }

  @Override
  public Backend open(Device device, int threads) {
    if (!device.index().isEmpty()) {
      throw new BackendUnavailableException(
          "device '" + device + "': there is only one cpu, without a number");
    }
    if (ModuleLayer.boot().findModule("jdk.incubator.vector").isEmpty()) {
      throw new BackendUnavailableException(
          "device 'cpu' needs the module jdk.incubator.vector: start Java with --add-modules jdk.incubator.vector");
    }
    String bits = System.getProperty("jdiffusion.vectorBits");
    if (bits != null && !Set.of("128", "256", "512").contains(bits)) {
      throw new BackendUnavailableException(
          "jdiffusion.vectorBits must be 128, 256 or 512, is '" + bits + "'");
    }
    return new CpuBackend(threads);
  }
}
