package dev.jdiffusion.benchmarks.suite;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MachineFactsTest {
  @TempDir private Path folder;

  @Test
  void aProcessorIsNamedWithItsFamilyAndModel() {
    assertEquals(
        "AMD EPYC (AuthenticAMD family 25 model 1)",
        MachineFacts.processor(
            """
            processor\t: 0
            vendor_id\t: AuthenticAMD
            cpu family\t: 25
            model\t\t: 1
            model name\t: AMD EPYC
            """));
    assertEquals(System.getProperty("os.arch"), MachineFacts.processor(""));
  }

  @Test
  void whatIsWrittenIsReadInTheSameOrder() throws IOException {
    SequencedMap<String, String> values = new LinkedHashMap<>();
    List.of("date", "processor", "memory", "os", "jdk", "commit", "device.cpu", "device.cuda:1")
        .forEach(key -> values.put(key, "the " + key));
    Path file = folder.resolve("facts.properties");
    new MachineFacts(values).write(file);
    assertEquals(List.copyOf(values.entrySet()), List.copyOf(read(file).entrySet()));
  }

  @Test
  void factsOfEarlierRunsNeedNoCommit() throws IOException {
    Path file = folder.resolve("facts.properties");
    Files.writeString(file, "date = 2026-11-20\nprocessor = AMD EPYC, 2 cores\n");
    assertEquals(
        List.of("date", "processor", "memory", "os", "jdk"), List.copyOf(read(file).keySet()));
    assertEquals("AMD EPYC, 2 cores", read(file).get("processor"));
  }

  private static SequencedMap<String, String> read(Path file) throws IOException {
    return MachineFacts.read(file).values();
  }
}
