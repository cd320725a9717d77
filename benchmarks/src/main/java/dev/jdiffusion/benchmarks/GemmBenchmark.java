package dev.jdiffusion.benchmarks;

import dev.jdiffusion.benchmarks.work.Workload;
import org.openjdk.jmh.annotations.Param;

/**
 * How fast is a matrix product, by size and shape? The tall ones are those of the annotated U-Net
 * at batch 128, the last one the gradient of a weight.
 */
public class GemmBenchmark extends SideBySide {
  /** Rows, inner extent and columns; {@code :tn} if the first matrix is transposed. */
  @Param({
    "128x128x128",
    "256x256x256",
    "512x512x512",
    "1024x1024x1024",
    "2048x2048x2048",
    "4096x4096x4096",
    "100352x28x384",
    "100352x128x28",
    "25088x56x384",
    "6272x112x384",
    "28x100352x384:tn"
  })
  public String shape;

  @Override
  protected Workload workload() {
    String[] extents = shape.split("[x:]");
    return new Workload.MatMul(
        Integer.parseInt(extents[0]),
        Integer.parseInt(extents[1]),
        Integer.parseInt(extents[2]),
        shape.endsWith(":tn") || shape.endsWith(":tt"),
        shape.endsWith(":nt") || shape.endsWith(":tt"));
  }
}
