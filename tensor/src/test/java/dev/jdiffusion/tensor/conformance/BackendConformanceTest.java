package dev.jdiffusion.tensor.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.jdiffusion.tensor.Backend;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/**
 * Runs all cases on some backends; extend it for each kind of device.
 *
 * <p>While working on one family, {@code -Dconformance.cases=conv2d} runs the cases whose names
 * start so.
 */
public abstract class BackendConformanceTest {
  /** The backends to test, such as one for each number of threads. */
  protected abstract List<Backend> backends();

  /** How far the backends round the operands of products, relative to them. */
  protected double operandRounding() {
    return 0;
  }

  /** How the names of the cases start that are run. */
  protected List<String> prefixes() {
    return List.of(System.getProperty("conformance.cases", ""));
  }

  @TestFactory
  final Stream<DynamicTest> agreesWithTheReference() {
    List<Backend> backends = backends();
    Recorder recorder = new Recorder();
    List<String> prefixes = prefixes();
    Stream<DynamicTest> cases =
        Cases.all().stream()
            .filter(each -> prefixes.stream().anyMatch(each.name()::startsWith))
            .map(each ->
                DynamicTest.dynamicTest(
                    each.name(), () -> each.verify(backends, recorder, operandRounding())));
    // Last, when all cases have run.
    DynamicTest complete =
        DynamicTest.dynamicTest(
            "every operation of the contract has a case that passes",
            () -> assertEquals(Set.of(), recorder.missing(), "operations without a case"));
    return prefixes.contains("") ? Stream.concat(cases, Stream.of(complete)) : cases;
  }
}
