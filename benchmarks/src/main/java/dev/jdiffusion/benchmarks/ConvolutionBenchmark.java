package dev.jdiffusion.benchmarks;

import dev.jdiffusion.tensor.Backend;
import dev.jdiffusion.tensor.Tensor;
import dev.jdiffusion.tensor.ops.Convolution;
import dev.jdiffusion.tensor.ops.Convolution.Geometry;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * How many GFLOP/s do a convolution and its two gradients reach in the shapes of the annotated
 * U-Net?
 */
@State(Scope.Benchmark)
@Fork(
    value = 3,
    jvmArgsAppend = {
      "--add-modules",
      "jdk.incubator.vector",
      "-XX:Tier3DelayOn=1000000",
      "-XX:+UseSerialGC",
      "-Xmx4g"
    })
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 3, time = 1)
public class ConvolutionBenchmark {

  /** The convolutions that the network spends its time in. */
  public enum Layer {
    WIDEN_28(28, 28, 56, 3, 1, 1, 1),
    NARROW_28(28, 56, 28, 3, 1, 1, 1),
    WIDEN_14(14, 56, 112, 3, 1, 1, 1),
    NARROW_14(14, 112, 56, 3, 1, 1, 1),
    WIDEN_7(7, 112, 224, 3, 1, 1, 1),
    NARROW_7(7, 224, 112, 3, 1, 1, 1),
    DEPTHWISE_28(28, 56, 56, 7, 1, 3, 56),
    DEPTHWISE_14(14, 112, 112, 7, 1, 3, 112),
    POINTWISE_28(28, 28, 384, 1, 1, 0, 1),
    HALVE_28(28, 28, 28, 4, 2, 1, 1);

    private final int extent;
    private final int inputs;
    private final int outputs;
    private final int window;
    private final Geometry geometry;

    Layer(int extent, int inputs, int outputs, int window, int stride, int padding, int groups) {
      this.extent = extent;
      this.inputs = inputs;
      this.outputs = outputs;
      this.window = window;
      this.geometry = new Geometry(stride, padding, groups);
    }
  }

  @Param("cpu")
  String device;

  @Param("2")
  int threads;

  @Param("128")
  int batch;

  @Param Layer layer;

  private Convolution convolution;
  private Geometry geometry;
  private Tensor input;
  private Tensor weight;
  private Tensor bias;
  private Tensor out;
  private double gigaflops;

  @Setup
  public void setUp() {
    Backend backend = Devices.open(device, threads);
    convolution = backend.convolution();
    geometry = layer.geometry;
    int window = layer.window;
    int inputsOfGroup = layer.inputs / geometry.groups();
    int extent = (layer.extent + 2 * geometry.padding() - window) / geometry.stride() + 1;
    input = Devices.random(backend, batch, layer.extent, layer.extent, layer.inputs);
    weight = Devices.random(backend, window, window, inputsOfGroup, layer.outputs);
    bias = Devices.random(backend, layer.outputs);
    out = Devices.random(backend, batch, extent, extent, layer.outputs);
    gigaflops = 2e-9 * out.size() * window * window * inputsOfGroup;
  }

  @Benchmark
  public Tensor forward(Work work) {
    convolution.forward(input, weight, bias, null, geometry, out);
    work.gigaflops += gigaflops;
    return out;
  }

  @Benchmark
  public Tensor inputGrad(Work work) {
    convolution.inputGrad(out, weight, null, geometry, input);
    work.gigaflops += gigaflops;
    return input;
  }

  @Benchmark
  public Tensor weightGrad(Work work) {
    convolution.weightGrad(input, out, geometry, weight, bias);
    work.gigaflops += gigaflops;
    return weight;
  }
}
