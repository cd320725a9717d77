package dev.jdiffusion.benchmarks;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import org.openjdk.jmh.infra.BenchmarkParams;
import org.openjdk.jmh.infra.IterationParams;
import org.openjdk.jmh.profile.InternalProfiler;
import org.openjdk.jmh.results.AggregationPolicy;
import org.openjdk.jmh.results.IterationResult;
import org.openjdk.jmh.results.Result;
import org.openjdk.jmh.results.ScalarResult;

/**
 * The most memory that the process ever held in RAM, Java heap and native libraries together:
 * {@code -prof dev.jdiffusion.benchmarks.PeakMemory}. Linux only; elsewhere it reports nothing.
 */
public final class PeakMemory implements InternalProfiler {
  /** The name of the result, in millions of bytes. */
  public static final String LABEL = "peakRss";

  private static final Path STATUS = Path.of("/proc/self/status");

  @Override
  public String getDescription() {
    return "peak resident memory of the process (VmHWM)";
  }

  @Override
  public void beforeIteration(BenchmarkParams benchmark, IterationParams iteration) {
    // The kernel keeps the maximum.
  }

  @Override
  public Collection<? extends Result<?>> afterIteration(
      BenchmarkParams benchmark, IterationParams iteration, IterationResult result) {
    if (!Files.exists(STATUS)) {
      return List.of();
    }
    try {
      return Files.readAllLines(STATUS).stream()
          .filter(line -> line.startsWith("VmHWM:"))
          .map(line -> Long.parseLong(line.replaceAll("[^0-9]", "")) * 1024 * 1e-6)
          .map(megabytes -> new ScalarResult(LABEL, megabytes, "MB", AggregationPolicy.MAX))
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
