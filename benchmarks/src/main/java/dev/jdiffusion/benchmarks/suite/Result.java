package dev.jdiffusion.benchmarks.suite;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.TreeMap;

/**
 * One case on one device, as JMH measured it. Numbers are medians over forks of a fork's median.
 *
 * @param group such as {@code gemm}
 * @param work the benchmark's own parameters in words
 * @param device who did it; empty where there is no choice
 * @param threads 0 where there is no choice
 * @param forks how many JVMs it was measured in
 * @param seconds of one run
 * @param spread from the fastest fork to the slowest, as a part of the median
 * @param gigaflops per second
 * @param gigabytes per second
 * @param peakMegabytes resident memory; 0 if not known
 */
record Result(
    String group,
    String work,
    String device,
    int threads,
    int forks,
    double seconds,
    double spread,
    double gigaflops,
    double gigabytes,
    double peakMegabytes) {

  /**
   * Reads the file that JMH writes with {@code -rf json}.
   *
   * @throws IOException if it cannot be read, or is another one
   */
  static List<Result> read(Path json) throws IOException {
    List<Result> results = new ArrayList<>();
    for (JsonNode node : new ObjectMapper().readTree(json.toFile())) {
      boolean isOfJmh =
          node.path("benchmark").asText().contains(".")
              && !node.path("primaryMetric").path("rawData").isEmpty();
      if (!isOfJmh) {
        throw new IOException("it is not what JMH writes");
      }
      results.add(of(node));
    }
    if (results.isEmpty()) {
      throw new IOException("there are no measurements in it");
    }
    return results;
  }

  private static Result of(JsonNode node) {
    String[] path = node.path("benchmark").asText().split("\\.");
    String name = path[path.length - 2];
    TreeMap<String, String> parameters = new TreeMap<>();
    node.path("params")
        .properties()
        .forEach(e -> parameters.put(e.getKey(), e.getValue().asText()));
    String device = parameters.remove("device");
    String threads = parameters.remove("threads");
    boolean throughput = node.path("mode").asText().equals("thrpt");
    double[] forks = forks(node.path("primaryMetric"));
    double score = median(forks);
    JsonNode secondary = node.path("secondaryMetrics");
    return new Result(
        Plan.groupOf(name),
        String.join(" ", parameters.values()),
        device == null ? "" : device,
        threads == null ? 0 : Integer.parseInt(threads),
        forks.length,
        throughput ? 1 / score : score,
        (forks[forks.length - 1] - forks[0]) / score,
        median(forks(secondary.path("gigaflops"))),
        median(forks(secondary.path("gigabytes"))),
        median(forks(secondary.path("peakRss"))));
  }

  /** Sorted. */
  private static double[] forks(JsonNode metric) {
    List<Double> medians = new ArrayList<>();
    for (JsonNode fork : metric.path("rawData")) {
      double[] iterations = new double[fork.size()];
      for (int i = 0; i < iterations.length; i++) {
        iterations[i] = fork.get(i).asDouble();
      }
      medians.add(median(iterations));
    }
    double[] sorted = medians.stream().mapToDouble(Double::doubleValue).toArray();
    Arrays.sort(sorted);
    return sorted;
  }

  private static double median(double[] values) {
    if (values.length == 0) {
      return 0;
    }
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    int middle = sorted.length / 2;
    return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  }
}
