package dev.jdiffusion.cuda.backend;

import dev.jdiffusion.tensor.Backend;
import dev.jdiffusion.tensor.conformance.BackendConformanceTest;
import java.util.List;

/** Run with {@code -Dtest=FamiliesOnEmulator -Dconformance.cases=PREFIX}. */
final class FamiliesOnEmulator extends BackendConformanceTest {
  @Override
  protected List<Backend> backends() {
    return List.of(Families.onEmulator(2));
  }
}
