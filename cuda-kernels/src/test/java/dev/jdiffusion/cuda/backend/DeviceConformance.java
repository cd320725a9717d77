package dev.jdiffusion.cuda.backend;

import dev.jdiffusion.tensor.Backend;
import dev.jdiffusion.tensor.Backends;
import dev.jdiffusion.tensor.Device;
import dev.jdiffusion.tensor.conformance.BackendConformanceTest;
import java.util.List;
import org.junit.jupiter.api.DisplayName;

/**
 * Every operation on the device that {@code -Dconformance.device} names, {@code cuda} if none. The
 * build does not run it, as most machines have no GPU: {@code scripts/gpu-bundle} takes it to one.
 */
@DisplayName("A GPU")
final class DeviceConformance extends BackendConformanceTest {
  @Override
  protected List<Backend> backends() {
    return List.of(Backends.open(Device.parse(System.getProperty("conformance.device", "cuda"))));
  }
}
