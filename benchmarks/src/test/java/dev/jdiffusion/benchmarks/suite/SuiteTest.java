package dev.jdiffusion.benchmarks.suite;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SuiteTest {
  @TempDir private Path folder;

  /** What is said of arguments that are wrong. */
  private static String error(String... arguments) {
    StringWriter said = new StringWriter();
    int code = Suite.commandLine().setErr(new PrintWriter(said)).execute(arguments);
    List<String> lines = said.toString().lines().toList();
    assertEquals(2, code, said::toString);
    assertEquals(1, lines.size(), said::toString);
    return lines.getFirst();
  }

  @ParameterizedTest
  @CsvSource({
    "--threads, 0, it takes at least 1",
    "--threads, x, is not an int",
    "--forks, 0, it takes at least 1",
    "--forks, -3, it takes at least 1",
    "--devices, xyz, no device 'xyz'; there are",
    "--devices, 'cpu,cpuu', no device 'cpuu'; there are",
    "--only, nothing, no case has 'nothing' in its name",
    "--table, /nonexistent.json, there is no file /nonexistent.json",
    "--table, X.md, it takes the .json file",
    "--no-such, 1, Unknown option"
  })
  void whatIsWrongIsSaidInOneLine(String option, String value, String expected) {
    String said = error(option + "=" + value);
    assertTrue(said.contains(expected), said);
  }

  @Test
  void aGroupThatDoesNotExistIsNamedWithThoseThatDo() {
    assertTrue(error("gem").startsWith("no group 'gem'; there are machine, gemm,"));
  }

  @Test
  void resultsNeedAFolderThatCanBeWritten() throws IOException {
    Path file = Files.createFile(folder.resolve("file"));
    String said = error("--results=" + file, "machine");
    assertTrue(said.startsWith("--results " + file + ": no files can be written there"), said);
  }

  @Test
  void aTableNeedsMeasurementsAndFacts() throws IOException {
    Path json = Files.writeString(folder.resolve("a.json"), "[ ]");
    assertTrue(
        error("--table=" + json).endsWith("there is no file " + folder.resolve("a.properties")));
    Files.createFile(folder.resolve("a.properties"));
    assertTrue(error("--table=" + json).endsWith("there are no measurements in it"));
    Files.writeString(json, "[{}]");
    assertTrue(error("--table=" + json).endsWith("it is not what JMH writes"));
    Files.writeString(json, "no JSON");
    assertTrue(error("--table=" + json).contains("JsonParseException"));
  }

  @Test
  void aRunOfNothingWritesNothing() throws IOException {
    // No build has so many GPUs.
    String said = error("--results=" + folder, "--devices=cuda:9999", "machine");
    assertTrue(said.startsWith("nothing to run"), said);
    try (var files = Files.list(folder)) {
      assertEquals(List.of(), files.toList());
    }
  }
}
