package dev.jdiffusion.tensor.cpu;

import dev.jdiffusion.tensor.Backend;
import dev.jdiffusion.tensor.Device;
import dev.jdiffusion.tensor.MemoryStatistics;
import dev.jdiffusion.tensor.Storage;
import dev.jdiffusion.tensor.Tensor;
import dev.jdiffusion.tensor.ops.Attention;
import dev.jdiffusion.tensor.ops.Convolution;
import dev.jdiffusion.tensor.ops.CrossEntropy;
import dev.jdiffusion.tensor.ops.Elementwise;
import dev.jdiffusion.tensor.ops.Embedding;
import dev.jdiffusion.tensor.ops.GroupNorm;
import dev.jdiffusion.tensor.ops.LayerNorm;
import dev.jdiffusion.tensor.ops.Layout;
import dev.jdiffusion.tensor.ops.LinearAttention;
import dev.jdiffusion.tensor.ops.Loss;
import dev.jdiffusion.tensor.ops.MatMul;
import dev.jdiffusion.tensor.ops.Optimizer;
import dev.jdiffusion.tensor.ops.Pooling;
import dev.jdiffusion.tensor.ops.Probe;
import dev.jdiffusion.tensor.ops.RandomFill;
import dev.jdiffusion.tensor.ops.Reduction;
import dev.jdiffusion.tensor.ops.Softmax;
import dev.jdiffusion.tensor.ops.Upsampling;

/**
 * Single precision on all cores, with vector instructions.
 *
 * <p>Owns the threads and the pool of arrays; each family of operations is a class of its own that
 * is given both.
 */
final class CpuBackend implements Backend {
  private final FloatPool pool = new FloatPool();
  private final Workers workers;
  private final Embedding embedding = new CpuEmbedding();
  private final CrossEntropy crossEntropy;
  private final LayerNorm layerNorm;
  private final Upsampling upsampling;
  private final Pooling pooling;
  private final LinearAttention linearAttention;
  private final Softmax softmax;
  private final Attention attention;
  private final MatMul matMul;
  private final Convolution convolution;
  private final GroupNorm groupNorm;
  private final Elementwise elementwise;
  private final Reduction reduction;
  private final Layout layout;
  private final RandomFill random;
  private final Loss loss;
  private final Optimizer optimizer;
  private final Probe probe;

  CpuBackend(int threads) {
    workers = new Workers(threads);
    crossEntropy = new CpuCrossEntropy(pool);
    layerNorm = new CpuLayerNorm(workers, pool);
    upsampling = new CpuUpsampling(workers);
    pooling = new CpuPooling(workers);
    linearAttention = new CpuLinearAttention(workers, pool);
    softmax = new CpuSoftmax(workers, pool);
    attention = new CpuAttention(workers, pool);
    groupNorm = new CpuGroupNorm(workers, pool);
    elementwise = new CpuElementwise(workers);
    reduction = new CpuReduction(workers, pool);
    layout = new CpuLayout(workers);
    random = new CpuRandomFill(workers, pool);
    loss = new CpuLoss(workers, pool);
    optimizer = new CpuOptimizer(workers);
    probe = new CpuProbe(workers, pool);
    matMul = new CpuMatMul(workers, pool);
    convolution = new CpuConvolution(workers, pool);
  }

  @Override
  public Device device() {
    return Device.CPU;
  }

  @Override
  public String description() {
    return "cpu: "
        + Lanes.F.vectorBitSize()
        + "-bit vectors, "
        + workers.threads()
        + (workers.threads() == 1 ? " thread" : " threads");
  }

  @Override
  public Storage allocate(int length) {
    return new FloatStorage(this, pool, length);
  }

  @Override
  public void write(float[] source, int from, Tensor target) {
    System.arraycopy(source, from, FloatStorage.array(target), target.offset(), target.size());
  }

  @Override
  public void write(double[] source, int from, Tensor target) {
    float[] array = FloatStorage.array(target);
    for (int i = 0; i < target.size(); i++) {
      array[target.offset() + i] = (float) source[from + i];
    }
  }

  @Override
  public void read(Tensor source, float[] target, int to) {
    System.arraycopy(FloatStorage.array(source), source.offset(), target, to, source.size());
  }

  @Override
  public void read(Tensor source, double[] target, int to) {
    float[] array = FloatStorage.array(source);
    for (int i = 0; i < source.size(); i++) {
      target[to + i] = array[source.offset() + i];
    }
  }

  @Override
  public MemoryStatistics memory() {
    return pool.statistics();
  }

  @Override
  public Elementwise elementwise() {
    return elementwise;
  }

  @Override
  public Reduction reduction() {
    return reduction;
  }

  @Override
  public Layout layout() {
    return layout;
  }

  @Override
  public MatMul matMul() {
    return matMul;
  }

  @Override
  public Convolution convolution() {
    return convolution;
  }

  @Override
  public Pooling pooling() {
    return pooling;
  }

  @Override
  public Upsampling upsampling() {
    return upsampling;
  }

  @Override
  public GroupNorm groupNorm() {
    return groupNorm;
  }

  @Override
  public LayerNorm layerNorm() {
    return layerNorm;
  }

  @Override
  public Softmax softmax() {
    return softmax;
  }

  @Override
  public CrossEntropy crossEntropy() {
    return crossEntropy;
  }

  @Override
  public Attention attention() {
    return attention;
  }

  @Override
  public LinearAttention linearAttention() {
    return linearAttention;
  }

  @Override
  public Embedding embedding() {
    return embedding;
  }

  @Override
  public RandomFill random() {
    return random;
  }

  @Override
  public Loss loss() {
    return loss;
  }

  @Override
  public Optimizer optimizer() {
    return optimizer;
  }

  @Override
  public Probe probe() {
    return probe;
  }
}
