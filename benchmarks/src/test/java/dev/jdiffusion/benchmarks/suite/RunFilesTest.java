package dev.jdiffusion.benchmarks.suite;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RunFilesTest {
  @TempDir private Path folder;

  @Test
  void allFilesOfARunStandUnderOneName() {
    RunFiles files = RunFiles.of(Path.of("results", "a.json"));
    assertEquals(Path.of("results", "a.json"), files.json());
    assertEquals(Path.of("results", "a.properties"), files.facts());
    assertEquals(Path.of("results", "a.md"), files.table());
    assertEquals(Path.of("a.log"), RunFiles.of(Path.of("a.json")).log());
  }

  @Test
  void aNameIsTakenIfAnyOfItsFilesIsThere() throws IOException {
    assertEquals("day", RunFiles.unused(folder, "day").name());
    Files.createFile(folder.resolve("day.log"));
    assertEquals("day-2", RunFiles.unused(folder, "day").name());
    Files.createFile(folder.resolve("day-2.properties"));
    assertEquals("day-3", RunFiles.unused(folder, "day").name());
  }
}
