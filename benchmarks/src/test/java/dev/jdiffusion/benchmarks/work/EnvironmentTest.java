package dev.jdiffusion.benchmarks.work;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class EnvironmentTest {
  private static final Environment ENVIRONMENT =
      new Environment(List.of("BLAS_", "MALLOC_"), Map.of("BLAS_KERNEL", "wide"));

  @Test
  void variablesAreSetAndOthersOfTheirKindAreRemoved() {
    Map<String, String> variables =
        new HashMap<>(Map.of("BLAS_KERNEL", "old", "MALLOC_ARENA", "1", "HOME", "/root"));
    assertFalse(ENVIRONMENT.isThatOf(variables));
    ENVIRONMENT.applyTo(variables);
    assertEquals(Map.of("BLAS_KERNEL", "wide", "HOME", "/root"), variables);
    assertTrue(ENVIRONMENT.isThatOf(variables));
  }

  @Test
  void theCommandBringsAnEnvironmentAboutThatIsNotThereYet() {
    assertEquals(
        List.of("env", "--unset=BLAS_KERNEL", "--unset=MALLOC_ARENA", "BLAS_KERNEL=wide"),
        ENVIRONMENT.command(Map.of("MALLOC_ARENA", "1", "HOME", "/root", "BLAS_KERNEL", "old")));
    assertEquals(List.of(), ENVIRONMENT.command(Map.of("BLAS_KERNEL", "wide", "HOME", "/root")));
  }

  @Test
  void anyEnvironmentWillDoForOurDevices() {
    assertEquals(List.of(), Contenders.environment("cpu").command(Map.of("MALLOC_ARENA", "1")));
  }
}
