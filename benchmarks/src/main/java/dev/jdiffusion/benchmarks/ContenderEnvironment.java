package dev.jdiffusion.benchmarks;

import dev.jdiffusion.benchmarks.work.Contenders;
import java.io.File;
import java.util.Collection;
import java.util.List;
import org.openjdk.jmh.infra.BenchmarkParams;
import org.openjdk.jmh.profile.ExternalProfiler;
import org.openjdk.jmh.results.BenchmarkResult;
import org.openjdk.jmh.results.Result;

/**
 * Starts each fork in the environment of its device: {@code -prof
 * dev.jdiffusion.benchmarks.ContenderEnvironment}. Forks inherit the environment of the JVM that
 * runs JMH, so {@code env} is put before their command, as profilers like {@code perf} put
 * themselves there: contenders with different environments can then stand beside each other in one
 * run.
 */
public final class ContenderEnvironment implements ExternalProfiler {
  private static final String DEVICE = "device";

  @Override
  public Collection<String> addJVMInvokeOptions(BenchmarkParams params) {
    return params.getParamsKeys().contains(DEVICE)
        ? Contenders.environment(params.getParam(DEVICE)).command(System.getenv())
        : List.of();
  }

  @Override
  public Collection<String> addJVMOptions(BenchmarkParams params) {
    return List.of();
  }

  @Override
  public void beforeTrial(BenchmarkParams benchmarkParams) {
    // The environment is part of the command.
  }

  @Override
  public Collection<? extends Result<?>> afterTrial(
      BenchmarkResult benchmarkResult, long pid, File out, File err) {
    return List.of();
  }

  @Override
  public boolean allowPrintOut() {
    return true;
  }

  @Override
  public boolean allowPrintErr() {
    return true;
  }

  @Override
  public String getDescription() {
    return "environment that the libraries of a device are meant to run in";
  }
}
