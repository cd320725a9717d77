package dev.jdiffusion.benchmarks.kernels;

import dev.jdiffusion.benchmarks.work.Contender;
import dev.jdiffusion.benchmarks.work.Contenders;
import dev.jdiffusion.benchmarks.work.Workload;
import dev.jdiffusion.benchmarks.work.Workload.Pass;
import dev.jdiffusion.tensor.Activation;
import dev.jdiffusion.tensor.Backend;
import dev.jdiffusion.tensor.Backends;
import dev.jdiffusion.tensor.Device;
import dev.jdiffusion.tensor.IntTensor;
import dev.jdiffusion.tensor.RandomKey;
import dev.jdiffusion.tensor.Shape;
import dev.jdiffusion.tensor.Tensor;
import dev.jdiffusion.tensor.ops.Convolution.Geometry;
import dev.jdiffusion.tensor.ops.Elementwise;
import dev.jdiffusion.tensor.ops.Loss;
import dev.jdiffusion.tensor.ops.Pooling;
import dev.jdiffusion.tensor.ops.Probe;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;

/** A call of every kernel of the CPU backend, in small shapes that reach all of their loops. */
final class KernelRuns {
  private final Backend backend;
  private final Contender contender;
  private final int batch;
  private final SequencedMap<String, Runnable> runs = new LinkedHashMap<>();

  private KernelRuns(int threads, int batch) {
    this.backend = Backends.open(Device.CPU, threads);
    this.contender = Contenders.open("cpu", threads);
    this.batch = batch;
  }

  /**
   * The calls by name; names start with that of the family's method in {@link Backend}.
   *
   * @param batch pictures in a call; what a call computes is proportional to it
   */
  static SequencedMap<String, Runnable> of(int threads, int batch) {
    KernelRuns all = new KernelRuns(threads, batch);
    all.workloads();
    all.elementwise();
    all.normalisations();
    all.losses();
    all.movements();
    all.random();
    all.probe();
    return all.runs;
  }

  private void workloads() {
    int rows = 49 * batch;
    for (int columns : new int[] {28, 112, 384}) {
      add("matMul", new Workload.MatMul(rows, 56, columns, false, false));
      add("matMul", new Workload.MatMul(rows, 56, columns, false, true));
      add("matMul", new Workload.MatMul(56, rows, columns, true, false));
    }
    add("matMul", new Workload.MatMul(16 * batch, 256, 256, false, false));
    add("matMul", new Workload.MatMul(batch, 112, 112, false, false));
    for (Pass pass : Pass.values()) {
      convolution(pass, 3, 28, 56, 1, false);
      convolution(pass, 3, 64, 64, 1, false);
      convolution(pass, 1, 64, 64, 1, false);
      convolution(pass, 4, 28, 28, 2, false);
      convolution(pass, 4, 28, 28, 2, true);
      convolution(pass, 7, 1, 18, 1, false);
      depthwise(pass);
      for (Activation activation : Activation.values()) {
        for (int groups : new int[] {1, 8}) {
          add("groupNorm", new Workload.GroupNorm(batch, 14, 56, groups, activation, true, pass));
          add("groupNorm", new Workload.GroupNorm(batch, 14, 56, groups, activation, false, pass));
        }
      }
      for (int headSize : new int[] {32, 64}) {
        add("attention", new Workload.Attention(batch, 196, 2, headSize, pass));
        add("linearAttention", new Workload.LinearAttention(batch, 196, 2, headSize, pass));
      }
    }
    add("softmax", new Workload.Softmax(rows, 49));
    add("optimizer", new Workload.Optimizer(10_000 * batch, 10_000));
  }

  private void convolution(
      Pass pass, int window, int inputs, int outputs, int stride, boolean transposed) {
    Geometry geometry = new Geometry(stride, stride == 2 ? 1 : window / 2, 1);
    add(
        "convolution",
        new Workload.Convolution(batch, 14, inputs, outputs, window, geometry, transposed, pass));
  }

  private void depthwise(Pass pass) {
    Geometry geometry = new Geometry(1, 3, 56);
    add("convolution", new Workload.Convolution(batch, 14, 56, 56, 7, geometry, false, pass));
  }

  private void add(String family, Workload work) {
    runs.put(family + " " + work, contender.prepare(work)::run);
  }

  private void elementwise() {
    Elementwise kernel = backend.elementwise();
    Tensor x = input(batch, 196, 56);
    Tensor y = input(batch, 196, 56);
    Tensor out = input(batch, 196, 56);
    for (Elementwise.Unary function : Elementwise.Unary.values()) {
      runs.put("elementwise " + function, () -> kernel.unary(function, x, out));
      runs.put("elementwise gradient " + function, () -> kernel.unaryGrad(function, x, y, y, out));
    }
    Tensor row = input(56);
    Tensor column = input(batch, 1, 56);
    for (Elementwise.Binary function : Elementwise.Binary.values()) {
      runs.put("elementwise " + function, () -> kernel.binary(function, x, y, out));
      runs.put("elementwise row " + function, () -> kernel.binary(function, x, row, out));
      runs.put("elementwise column " + function, () -> kernel.binary(function, x, column, out));
    }
    runs.put("elementwise affine", () -> kernel.affine(x, 2, 1, out));
    runs.put("elementwise clamp", () -> kernel.clamp(x, -0.5, 0.5, out));
    runs.put("elementwise addScaled", () -> kernel.addScaled(1e-9, x, out));
    runs.put("elementwise fill", () -> kernel.fill(1, out));
    runs.put("elementwise copy", () -> kernel.copy(x, out));
    Tensor sumOfRows = input(56);
    Tensor sumOfAll = input(1);
    runs.put("reduction sumTo row", () -> backend.reduction().sumTo(x, sumOfRows, false));
    runs.put("reduction sumTo scalar", () -> backend.reduction().sumTo(x, sumOfAll, false));
    runs.put("reduction sumOfSquares", () -> backend.reduction().sumOfSquares(x));
  }

  private void normalisations() {
    Tensor x = input(batch, 196, 56);
    Tensor gamma = input(56);
    Tensor beta = input(56);
    Tensor out = input(batch, 196, 56);
    Tensor mean = input(batch * 196);
    Tensor rstd = input(batch * 196);
    Tensor dX = input(batch, 196, 56);
    Tensor dGamma = input(56);
    Tensor dBeta = input(56);
    var layerNorm = backend.layerNorm();
    runs.put("layerNorm", () -> layerNorm.forward(x, gamma, beta, 1e-5, out, mean, rstd));
    runs.put(
        "layerNorm gradient",
        () -> layerNorm.backward(x, gamma, mean, rstd, out, dX, dGamma, dBeta));
    runs.put("softmax gradient", () -> backend.softmax().backward(x, out, dX));
  }

  private void losses() {
    Tensor prediction = input(batch, 196, 28);
    Tensor target = input(batch, 196, 28);
    Tensor loss = Tensor.scalar(backend, 1);
    Tensor gradient = input(batch, 196, 28);
    for (Loss.Kind kind : Loss.Kind.values()) {
      runs.put("loss " + kind, () -> backend.loss().forward(kind, prediction, target, loss));
      runs.put(
          "loss gradient " + kind,
          () -> backend.loss().backward(kind, prediction, target, loss, gradient));
    }
    Tensor logits = input(64 * batch, 10);
    Tensor probabilities = input(64 * batch, 10);
    Tensor dLogits = input(64 * batch, 10);
    IntTensor classes = IntTensor.of(new int[64 * batch]);
    var crossEntropy = backend.crossEntropy();
    runs.put("crossEntropy", () -> crossEntropy.forward(logits, classes, loss, probabilities));
    runs.put(
        "crossEntropy gradient",
        () -> crossEntropy.backward(probabilities, classes, loss, dLogits));
  }

  private void movements() {
    Tensor small = input(batch, 14, 14, 28);
    Tensor large = input(batch, 28, 28, 28);
    var upsampling = backend.upsampling();
    runs.put("upsampling", () -> upsampling.forward(small, 2, large));
    runs.put("upsampling gradient", () -> upsampling.backward(large, 2, small));
    Pooling.Window window = new Pooling.Window(2, 2, 0);
    for (Pooling.Kind kind : Pooling.Kind.values()) {
      runs.put("pooling " + kind, () -> backend.pooling().forward(kind, large, window, small));
      runs.put(
          "pooling gradient " + kind,
          () -> backend.pooling().backward(kind, large, small, window, large));
    }
    Tensor wide = input(batch, 14, 14, 56);
    Tensor turned = input(batch, 56, 14, 14);
    var layout = backend.layout();
    runs.put("layout concat", () -> layout.concat(List.of(small, small), 3, wide));
    runs.put("layout slice", () -> layout.slice(wide, 3, 28, small));
    runs.put("layout slice gradient", () -> layout.sliceGrad(small, 3, 28, wide));
    runs.put("layout permute", () -> layout.permute(wide, new int[] {0, 3, 1, 2}, turned));
    Tensor table = input(100, 56);
    IntTensor indices = IntTensor.of(new int[196 * batch]);
    Tensor looked = input(196 * batch, 56);
    runs.put("embedding", () -> backend.embedding().forward(table, indices, looked));
    runs.put("embedding gradient", () -> backend.embedding().backward(looked, indices, table));
  }

  private void probe() {
    Tensor chains = input(Probe.CHAINS);
    runs.put("probe", () -> backend.probe().multiplyAdds(1000, chains));
  }

  private void random() {
    RandomKey key = new RandomKey(1, 2, 3);
    Tensor out = input(batch, 14 * 14 * 28);
    Tensor x = input(batch, 14 * 14 * 28);
    IntTensor rows = IntTensor.of(new int[batch]);
    runs.put("random normal", () -> backend.random().normal(key, rows, out));
    runs.put("random uniform", () -> backend.random().uniform(key, rows, out));
    runs.put("random dropout", () -> backend.random().dropout(key, 0.1, x, out));
  }

  private Tensor input(int... extents) {
    Shape shape = Shape.of(extents);
    return Tensor.of(backend, shape, Workload.values("input", shape.size()));
  }
}
