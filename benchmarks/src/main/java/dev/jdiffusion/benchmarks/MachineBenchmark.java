package dev.jdiffusion.benchmarks;

import dev.jdiffusion.benchmarks.work.Workload;
import org.openjdk.jmh.annotations.Param;

/**
 * What can this machine do at most? Fused multiply-adds in registers, and memory bandwidth over
 * arrays of 128 MiB. Everything else is divided by these.
 */
public class MachineBenchmark extends SideBySide {
  /** Of each thread: some milliseconds' work, so that starting threads does not count. */
  private static final long MULTIPLY_ADDS = 96 << 20;

  private static final long ELEMENTS = 1 << 25;

  @Param public Workload.Machine.Limit limit;

  @Override
  protected Workload workload() {
    return new Workload.Machine(
        limit, limit == Workload.Machine.Limit.FMA ? threads * MULTIPLY_ADDS : ELEMENTS);
  }
}
