package dev.jdiffusion.benchmarks;

import org.openjdk.jmh.annotations.AuxCounters;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/** Counts what was done, so that JMH prints GFLOP/s and GB/s beside runs per second. */
@State(Scope.Thread)
@AuxCounters(AuxCounters.Type.OPERATIONS)
public class Work {
  /** Billions of floating-point operations; a fused multiply-add counts as two. */
  public double gigaflops;

  /** Billions of bytes of the least memory traffic: inputs read once, outputs written once. */
  public double gigabytes;
}
