package dev.jdiffusion.benchmarks.ladder;

import dev.jdiffusion.benchmarks.ladder.ConvolutionLadder.Extents;
import dev.jdiffusion.benchmarks.work.Operation;
import dev.jdiffusion.benchmarks.work.Workload;
import dev.jdiffusion.tensor.Backend;
import dev.jdiffusion.tensor.Backends;
import dev.jdiffusion.tensor.Device;
import dev.jdiffusion.tensor.Shape;
import dev.jdiffusion.tensor.Tensor;
import dev.jdiffusion.tensor.ops.Convolution;
import org.openjdk.jmh.annotations.Param;

/**
 * What does each change between the plain loops and the engine's kernel bring to a convolution with
 * windows of 3x3, of 32 pictures of 28x28 pixels and 64 channels to 64 channels? All rungs are
 * credited with the arithmetic of the definition, also the engine's, which needs less than half.
 */
public class ConvolutionLadderBenchmark extends LadderBenchmark {
  private static final Extents EXTENTS = new Extents(32, 28, 64, 64);

  /** The rungs, in their order; all but the last on one thread. */
  public enum Step {
    NAIVE,
    UNFOLDED,
    DIRECT,
    ENGINE,
    ENGINE_TWO_THREADS
  }

  @Param public Step rung;

  @Override
  double flops() {
    return EXTENTS.flops();
  }

  @Override
  Operation prepare() {
    return prepare(rung, EXTENTS);
  }

  /** The same convolution for all rungs. */
  static Operation prepare(Step rung, Extents e) {
    float[] in = Workload.values("in", e.pixels() * e.inputs());
    float[] weight = Workload.values("weight", e.patch() * e.outputs());
    float[] out = new float[e.pixels() * e.outputs()];
    float[] padded = new float[e.paddedLength()];
    return switch (rung) {
      case NAIVE -> new Rung(() -> ConvolutionLadder.naive(in, weight, out, e), out);
      case UNFOLDED -> {
        float[] patches = new float[e.pixels() * e.patch()];
        float[] panel = new float[GemmLadder.panelLength()];
        yield new Rung(
            () -> ConvolutionLadder.unfolded(in, weight, out, e, padded, patches, panel), out);
      }
      case DIRECT -> new Rung(() -> ConvolutionLadder.direct(in, weight, out, e, padded), out);
      case ENGINE -> engine(1, in, weight, e);
      case ENGINE_TWO_THREADS -> engine(2, in, weight, e);
    };
  }

  private static Operation engine(int threads, float[] in, float[] weight, Extents e) {
    Backend cpu = Backends.open(Device.CPU, threads);
    Tensor x = Tensor.of(cpu, Shape.of(e.images(), e.size(), e.size(), e.inputs()), in);
    Tensor w = Tensor.of(cpu, Shape.of(3, 3, e.inputs(), e.outputs()), weight);
    Tensor y = Tensor.empty(cpu, Shape.of(e.images(), e.size(), e.size(), e.outputs()));
    Convolution.Geometry geometry = new Convolution.Geometry(1, 1, 1);
    return new Operation() {
      @Override
      public void run() {
        cpu.convolution().forward(x, w, null, null, geometry, y);
      }

      @Override
      public float[] result() {
        return y.toFloats();
      }
    };
  }
}
