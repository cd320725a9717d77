package dev.jdiffusion.benchmarks;

import dev.jdiffusion.benchmarks.work.Workload;
import dev.jdiffusion.tensor.ops.Convolution.Geometry;
import org.openjdk.jmh.annotations.Param;

/** How fast is a convolution of 128 pictures, and how fast are its gradients together? */
public class ConvolutionBenchmark extends SideBySide {
  private static final int BATCH = 128;

  /** Window, extent of the pictures, channels (inputs and outputs where they differ). */
  public enum Layer {
    WINDOW3_28_64(3, 28, 64, 64, 1, 1),
    WINDOW3_14_128(3, 14, 128, 128, 1, 1),
    WINDOW3_7_256(3, 7, 256, 256, 1, 1),
    WINDOW3_28_28_56(3, 28, 28, 56, 1, 1),
    WINDOW1_28_64(1, 28, 64, 64, 1, 0),
    HALVING4_28_64(4, 28, 64, 64, 2, 1),
    DOUBLING4_14_64(4, 14, 64, 64, 2, 1),
    DEPTHWISE7_28_56(7, 28, 56, 56, 1, 3),
    STEM7_28_1_18(7, 28, 1, 18, 1, 3);

    private final int window;
    private final int extent;
    private final int inputs;
    private final int outputs;
    private final int stride;
    private final int padding;

    Layer(int window, int extent, int inputs, int outputs, int stride, int padding) {
      this.window = window;
      this.extent = extent;
      this.inputs = inputs;
      this.outputs = outputs;
      this.stride = stride;
      this.padding = padding;
    }

    Workload.Convolution work(Workload.Pass pass) {
      int groups = this == DEPTHWISE7_28_56 ? inputs : 1;
      return new Workload.Convolution(
          BATCH,
          extent,
          inputs,
          outputs,
          window,
          new Geometry(stride, padding, groups),
          this == DOUBLING4_14_64,
          pass);
    }
  }

  @Param public Layer layer;

  @Param public Workload.Pass pass;

  @Override
  protected Workload workload() {
    return layer.work(pass);
  }
}
