package dev.jdiffusion.tensor.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class KernelGeneratorTest {
  @ParameterizedTest
  @MethodSource("names")
  void theCommittedKernelsAreWhatTheGeneratorWrites(String name) throws IOException {
    Path file = Path.of("src/main/java/dev/jdiffusion/tensor/cpu", name + ".java");
    assertEquals(Files.readString(file), KernelGenerator.source(name));
  }

  static Iterable<String> names() {
    return KernelGenerator.NAMES;
  }
}
