package dev.jdiffusion.tensor.reference;

import dev.jdiffusion.tensor.Backend;
import dev.jdiffusion.tensor.Backends;
import dev.jdiffusion.tensor.Device;
import dev.jdiffusion.tensor.conformance.BackendConformanceTest;
import java.util.List;

/**
 * The reference agrees with itself: proves that the suite is complete and that its cases are well
 * formed.
 */
final class ReferenceConformanceTest extends BackendConformanceTest {
  @Override
  protected List<Backend> backends() {
    return List.of(Backends.open(Device.REFERENCE));
  }
}
