package dev.jdiffusion.tensor.cpu;

import dev.jdiffusion.tensor.Backend;
import dev.jdiffusion.tensor.Backends;
import dev.jdiffusion.tensor.Device;
import dev.jdiffusion.tensor.conformance.BackendConformanceTest;
import java.util.List;

/** The build runs it with vectors of 128, 256 and 512 bits. */
final class CpuConformanceTest extends BackendConformanceTest {
  @Override
  protected List<Backend> backends() {
    return List.of(
        Backends.open(Device.CPU, 1), Backends.open(Device.CPU, 2), Backends.open(Device.CPU, 3));
  }
}
