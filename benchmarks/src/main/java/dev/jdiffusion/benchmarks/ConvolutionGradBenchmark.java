package dev.jdiffusion.benchmarks;

import dev.jdiffusion.benchmarks.work.Workload;
import org.openjdk.jmh.annotations.Param;

/** How fast is one gradient of a convolution of 128 pictures alone, without that of the bias? */
public class ConvolutionGradBenchmark extends SideBySide {
  @Param({"WINDOW3_28_64", "WINDOW3_14_128", "WINDOW3_7_256", "WINDOW1_28_64", "DEPTHWISE7_28_56"})
  public ConvolutionBenchmark.Layer layer;

  @Param public Workload.ConvolutionGrad.Gradient gradient;

  @Override
  protected Workload workload() {
    return new Workload.ConvolutionGrad(layer.work(Workload.Pass.BACKWARD), gradient);
  }
}
