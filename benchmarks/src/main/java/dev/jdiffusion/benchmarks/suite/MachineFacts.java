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
import java.util.Optional;
import java.util.Properties;
import java.util.SequencedMap;

/** Where and when results were measured: what a table needs beside what JMH writes. */
record MachineFacts(SequencedMap<String, String> values) {
  /** Names the commit of the code, where the script that starts a run could find it. */
  private static final String COMMIT = "jdiffusion.benchmarks.commit";

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
    String commit = System.getProperty(COMMIT, "");
    if (!commit.isEmpty()) {
      facts.put("commit", commit);
    }
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
    Path cpuinfo = Path.of("/proc/cpuinfo");
    try {
      return processor(Files.exists(cpuinfo) ? Files.readString(cpuinfo) : "");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * A processor's name, with the numbers that tell generations apart: virtual machines give all of
   * a vendor's the same name.
   *
   * @param cpuinfo as Linux has it; empty on other systems
   */
  static String processor(String cpuinfo) {
    String name = field(cpuinfo, "model name").orElse(System.getProperty("os.arch"));
    List<String> numbers = new ArrayList<>();
    field(cpuinfo, "vendor_id").ifPresent(numbers::add);
    field(cpuinfo, "cpu family").ifPresent(family -> numbers.add("family " + family));
    field(cpuinfo, "model").ifPresent(model -> numbers.add("model " + model));
    return numbers.isEmpty() ? name : name + " (" + String.join(" ", numbers) + ")";
  }

  private static double memory() {
    Path meminfo = Path.of("/proc/meminfo");
    try {
      String text = Files.exists(meminfo) ? Files.readString(meminfo) : "";
      return field(text, "MemTotal")
          .map(kilobytes -> Double.parseDouble(kilobytes.replaceAll("[^0-9]", "")) * 1024)
          .orElse(0.0);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The first value of a {@code name : value} file of the Linux kernel. */
  private static Optional<String> field(String text, String name) {
    return text.lines()
        .map(line -> line.split(":", 2))
        .filter(parts -> parts.length == 2 && parts[0].strip().equals(name))
        .map(parts -> parts[1].strip())
        .findFirst();
  }
}
