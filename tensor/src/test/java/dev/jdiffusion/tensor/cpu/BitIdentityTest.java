package dev.jdiffusion.tensor.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.jdiffusion.tensor.Backends;
import dev.jdiffusion.tensor.Device;
import dev.jdiffusion.tensor.conformance.CaseDigests;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Results have the same bits for any number of threads, in every case of the conformance suite. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class BitIdentityTest {
  private Map<String, String> oneThread = Map.of();

  @BeforeAll
  void runWithOneThread() {
    oneThread = CaseDigests.of(Backends.open(Device.CPU, 1));
  }

  @ParameterizedTest(name = "{0} threads give the bits of one")
  @ValueSource(ints = {1, 2, 3, 8})
  void anyNumberOfThreadsGivesTheSameBits(int threads) {
    assertEquals(
        "", CaseDigests.difference(oneThread, CaseDigests.of(Backends.open(Device.CPU, threads))));
  }
}
