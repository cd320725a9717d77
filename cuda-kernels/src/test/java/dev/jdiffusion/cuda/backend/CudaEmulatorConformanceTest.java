package dev.jdiffusion.cuda.backend;

import dev.jdiffusion.tensor.Backend;
import dev.jdiffusion.tensor.Backends;
import dev.jdiffusion.tensor.Device;
import dev.jdiffusion.tensor.conformance.BackendConformanceTest;
import java.util.List;
import org.junit.jupiter.api.DisplayName;

/** Every operation, by the PTX that a GPU gets, with all checks of the emulator. */
@DisplayName("cuda:emulator")
final class CudaEmulatorConformanceTest extends BackendConformanceTest {
  @Override
  protected List<Backend> backends() {
    return List.of(Backends.open(new Device("cuda", "emulator")));
  }
}
