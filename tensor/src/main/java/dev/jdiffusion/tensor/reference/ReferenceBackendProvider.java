package dev.jdiffusion.tensor.reference;

import dev.jdiffusion.tensor.Backend;
import dev.jdiffusion.tensor.BackendProvider;
import dev.jdiffusion.tensor.BackendUnavailableException;
import dev.jdiffusion.tensor.Device;

/** Opens the device {@code reference}, which exists on every machine. */
public final class ReferenceBackendProvider implements BackendProvider {
  @Override
  public String kind() {
    return Device.REFERENCE.kind();
  }

  @Override
  public Backend open(Device device, int threads) {
    if (!device.index().isEmpty()) {
      throw new BackendUnavailableException(
          "no device '" + device + "': there is one reference device, 'reference'");
    }
    return new ReferenceBackend();
  }
}
