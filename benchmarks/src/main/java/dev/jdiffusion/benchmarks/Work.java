package dev.jdiffusion.benchmarks;

import org.openjdk.jmh.annotations.AuxCounters;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/** Counts arithmetic, so that JMH prints GFLOP/s beside calls per second. */
@State(Scope.Thread)
@AuxCounters(AuxCounters.Type.OPERATIONS)
public class Work {
  /** Billions of floating-point operations done; a fused multiply-add counts as two. */
  public double gigaflops;
}
