package dev.jdiffusion.benchmarks.suite;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.SequencedMap;

/** Where and when results were measured: what a table needs beside what JMH writes. */
record MachineFacts(SequencedMap<String, String> values) {

  /** This machine, today. */
  static MachineFacts collect(Map<String, DeviceProbe.Answer> devices) {
    SequencedMap<String, String> facts = new LinkedHashMap<>();
    facts.put("date", LocalDate.now(ZoneOffset.UTC).toString());
    facts.put(
        "processor", processor() + ", " + Runtime.getRuntime().availableProcessors() + " cores");
    facts.put("memory", Math.round(memory() / 1e9) + " GB");
    facts.put(
        "os",
        System.getProperty("os.name")
            + " "
            + System.getProperty("os.version")
            + " "
            + System.getProperty("os.arch"));
    facts.put(
        "jdk", System.getProperty("java.vendor") + " " + System.getProperty("java.vm.version"));
    devices.forEach((device, answer) -> {
      if (answer.opens()) {
        facts.put("device." + device, answer.text());
      }
    });
    return new MachineFacts(facts);
  }

  void write(Path file) throws IOException {
    List<String> lines = new ArrayList<>();
    // By hand: Properties writes a time of day and escapes colons.
    values.forEach((key, value) -> lines.add(key.replace(":", "\\:") + " = " + value));
    Files.write(file, lines);
  }

  static MachineFacts read(Path file) throws IOException {
    Properties properties = new Properties();
    try (var reader = Files.newBufferedReader(file)) {
      properties.load(reader);
    }
    SequencedMap<String, String> facts = new LinkedHashMap<>();
    for (String key : List.of("date", "processor", "memory", "os", "jdk")) {
      facts.put(key, properties.getProperty(key, "unknown"));
    }
    properties.stringPropertyNames().stream()
        .filter(key -> !facts.containsKey(key))
        .sorted()
        .forEach(key -> facts.put(key, properties.getProperty(key)));
    return new MachineFacts(facts);
  }

  private static String processor() {
    return field(Path.of("/proc/cpuinfo"), "model name");
  }

  private static double memory() {
    String kilobytes = field(Path.of("/proc/meminfo"), "MemTotal").replaceAll("[^0-9]", "");
    return kilobytes.isEmpty() ? 0 : Double.parseDouble(kilobytes) * 1024;
  }

  /** The first value of a {@code name : value} file of the Linux kernel. */
  private static String field(Path file, String name) {
    if (!Files.exists(file)) {
      return System.getProperty("os.arch");
    }
    try (var lines = Files.lines(file)) {
      return lines
          .filter(line -> line.startsWith(name))
          .map(line -> line.substring(line.indexOf(':') + 1).strip())
          .findFirst()
          .orElse("unknown");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
