package dev.jdiffusion.launcher;

import static org.junit.jupiter.api.Assumptions.assumeFalse;

import java.io.IOException;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/** Whether a process that a test starts can be interrupted. */
public final class Interrupts {
  private Interrupts() {}

  /**
   * Skips the test where SIGINT is ignored by whatever started this JVM, such as a shell's
   * background job: processes inherit that, and a JVM leaves it so.
   */
  public static void assumeDelivered() throws IOException {
    assumeFalse(ignored(), "SIGINT is ignored by whatever started this JVM");
  }

  /** On Linux: bit 1 of the mask of ignored signals. */
  private static boolean ignored() throws IOException {
    Path status = Path.of("/proc/self/status");
    if (!Files.exists(status)) {
      return false;
    }
    try (Stream<String> lines = Files.lines(status)) {
      return lines
          .filter(line -> line.startsWith("SigIgn:"))
          .anyMatch(
              line -> new BigInteger(line.substring("SigIgn:".length()).trim(), 16).testBit(1));
    }
  }
}
