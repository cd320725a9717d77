package dev.jdiffusion.benchmarks;

import dev.jdiffusion.benchmarks.work.Workload;
import org.openjdk.jmh.annotations.Param;

/**
 * How fast is a step of Adam with moving average over the parameters of the annotated U-Net, and of
 * one twelve times as large?
 */
public class OptimizerBenchmark extends SideBySide {
  private static final int TENSORS = 120;

  @Param({"3000000", "36000000"})
  public int parameters;

  @Override
  protected Workload workload() {
    return new Workload.Optimizer(parameters, parameters / TENSORS);
  }
}
