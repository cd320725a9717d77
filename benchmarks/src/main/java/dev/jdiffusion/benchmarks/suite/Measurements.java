package dev.jdiffusion.benchmarks.suite;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jdiffusion.benchmarks.Answers;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import org.openjdk.jmh.results.BenchmarkResult;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.results.format.ResultFormatFactory;
import org.openjdk.jmh.results.format.ResultFormatType;

/** What JMH measured so far; the forks of a case come in one by one. */
final class Measurements {
  /** Flags that only say where a run keeps its temporary files. */
  private static final List<String> OF_THIS_RUN =
      List.of("-D" + Answers.FOLDER, Rounds.CLASS_ARCHIVE, Rounds.MAKE_CLASS_ARCHIVE);

  private static final ObjectMapper MAPPER = new ObjectMapper();

  private final SequencedMap<String, RunResult> results = new LinkedHashMap<>();

  /** Adds a fork to those of the same case on the same device. */
  void add(RunResult fork) {
    results.merge(
        fork.getParams().id(),
        fork,
        (before, now) -> {
          List<BenchmarkResult> forks = new ArrayList<>(before.getBenchmarkResults());
          forks.addAll(now.getBenchmarkResults());
          return new RunResult(now.getParams(), forks);
        });
  }

  boolean isEmpty() {
    return results.isEmpty();
  }

  /** Writes them as JMH does, without what is of this machine's file system only. */
  void write(Path json) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (PrintStream out = new PrintStream(bytes, true, StandardCharsets.UTF_8)) {
      ResultFormatFactory.getInstance(ResultFormatType.JSON, out).writeOut(results.values());
    }
    JsonNode tree = MAPPER.readTree(bytes.toByteArray());
    tree.forEach(result -> clean((ObjectNode) result));
    // In one go under its name: a run may be stopped at any time.
    Path part = json.resolveSibling(json.getFileName() + ".part");
    MAPPER.writerWithDefaultPrettyPrinter().writeValue(part.toFile(), tree);
    Files.move(part, json, StandardCopyOption.REPLACE_EXISTING);
  }

  static void clean(ObjectNode result) {
    result.remove("jvm");
    Iterator<JsonNode> flags = result.path("jvmArgs").iterator();
    while (flags.hasNext()) {
      String flag = flags.next().asText();
      if (OF_THIS_RUN.stream().anyMatch(flag::startsWith)) {
        flags.remove();
      }
    }
    // JMH ran them one at a time.
    result.put("forks", result.path("primaryMetric").path("rawData").size());
  }
}
