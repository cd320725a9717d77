package dev.jdiffusion.benchmarks;

import dev.jdiffusion.benchmarks.work.Workload;
import org.openjdk.jmh.annotations.Param;

/**
 * What can this machine do at most? Fused multiply-adds in registers, and memory bandwidth over
 * arrays of 128 MiB. Everything else is divided by these.
 */
public class MachineBenchmark extends SideBySide {
  /** Most of a millisecond on one core, so that starting threads does not count. */
  private static final int MULTIPLY_ADDS = 192 << 20;

  private static final int ELEMENTS = 1 << 25;

  @Param public Workload.Machine.Limit limit;

  @Override
  protected Workload workload() {
    return new Workload.Machine(
        limit, limit == Workload.Machine.Limit.FMA ? MULTIPLY_ADDS : ELEMENTS);
  }
}
