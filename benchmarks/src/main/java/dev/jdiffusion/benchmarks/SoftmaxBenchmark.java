package dev.jdiffusion.benchmarks;

import dev.jdiffusion.benchmarks.work.Workload;
import org.openjdk.jmh.annotations.Param;

/** How fast is softmax over short rows? */
public class SoftmaxBenchmark extends SideBySide {
  /** Rows and columns. */
  @Param({"100352x32", "50176x196"})
  public String shape;

  @Override
  protected Workload workload() {
    String[] extents = shape.split("x");
    return new Workload.Softmax(Integer.parseInt(extents[0]), Integer.parseInt(extents[1]));
  }
}
