package dev.jdiffusion.tensor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import dev.jdiffusion.tensor.conformance.CaseDigests;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A vector's width is fixed when the JVM starts, so each width has its own. */
final class VectorWidthTest {
  @Test
  void anyVectorWidthGivesTheSameBits(@TempDir Path folder)
      throws IOException, InterruptedException {
    Map<String, String> narrow = digests(128, folder);
    assertFalse(narrow.isEmpty());
    assertEquals("", CaseDigests.difference(narrow, digests(256, folder)), "256 bits against 128");
    assertEquals("", CaseDigests.difference(narrow, digests(512, folder)), "512 bits against 128");
  }

  private static Map<String, String> digests(int bits, Path folder)
      throws IOException, InterruptedException {
    Path file = folder.resolve(bits + ".txt");
    Path log = folder.resolve(bits + ".log");
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--add-modules",
                "jdk.incubator.vector",
                "-XX:Tier3DelayOn=1000000",
                "-Djdiffusion.vectorBits=" + bits,
                "-cp",
                System.getProperty(
                    "surefire.test.class.path", System.getProperty("java.class.path")),
                CaseDigests.class.getName(),
                "cpu",
                "2",
                file.toString())
            .redirectErrorStream(true)
            .redirectOutput(log.toFile())
            .start();
    try {
      assertEquals(0, process.waitFor(), () -> "at " + bits + " bits: " + read(log));
    } finally {
      process.destroyForcibly();
    }
    return CaseDigests.read(file);
  }

  private static String read(Path log) {
    try {
      return Files.readString(log);
    } catch (IOException e) {
      return e.toString();
    }
  }
}
