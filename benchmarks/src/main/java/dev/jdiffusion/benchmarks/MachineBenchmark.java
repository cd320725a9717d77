package dev.jdiffusion.benchmarks;

import dev.jdiffusion.benchmarks.work.Workload;
import org.openjdk.jmh.annotations.Param;

/**
 * What can this machine do at most? Fused multiply-adds in registers, and memory bandwidth over
 * arrays of 128 MiB. Everything else is divided by these.
 */
public class MachineBenchmark extends SideBySide {
  @Param public Workload.Machine.Limit limit;

  @Override
  protected Workload workload() {
    return new Workload.Machine(limit, 1 << 25);
  }
}
