package dev.jdiffusion.benchmarks;

import dev.jdiffusion.benchmarks.work.Workload;
import org.openjdk.jmh.annotations.Param;

/** How fast is a function of each element of an array larger than the caches? */
public class ElementwiseBenchmark extends SideBySide {
  @Param public Workload.Elementwise.Function function;

  @Override
  protected Workload workload() {
    return new Workload.Elementwise(function, 128 * 28 * 28 * 112);
  }
}
