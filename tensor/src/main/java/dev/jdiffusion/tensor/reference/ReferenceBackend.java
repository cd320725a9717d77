package dev.jdiffusion.tensor.reference;

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

/** Double precision, one thread, no pool. */
final class ReferenceBackend implements Backend {
  private final Elementwise elementwise = new ReferenceElementwise();
  private final Reduction reduction = new ReferenceReduction();
  private final Layout layout = new ReferenceLayout();
  private final MatMul matMul = new ReferenceMatMul();
  private final Convolution convolution = new ReferenceConvolution();
  private final Pooling pooling = new ReferencePooling();
  private final Upsampling upsampling = new ReferenceUpsampling();
  private final GroupNorm groupNorm = new ReferenceGroupNorm();
  private final LayerNorm layerNorm = new ReferenceLayerNorm();
  private final Softmax softmax = new ReferenceSoftmax();
  private final CrossEntropy crossEntropy = new ReferenceCrossEntropy();
  private final Attention attention = new ReferenceAttention();
  private final LinearAttention linearAttention = new ReferenceLinearAttention();
  private final Embedding embedding = new ReferenceEmbedding();
  private final RandomFill random = new ReferenceRandomFill();
  private final Loss loss = new ReferenceLoss();
  private final Optimizer optimizer = new ReferenceOptimizer();
  private final Probe probe = new ReferenceProbe();

  private long inUse;
  private long peakInUse;
  private long handedOut;
  private long allocations;

  @Override
  public Device device() {
    return Device.REFERENCE;
  }

  @Override
  public String description() {
    return "double precision, plain loops, 1 thread";
  }

  @Override
  public synchronized Storage allocate(int length) {
    Storage storage = new ReferenceStorage(this, length);
    allocations++;
    inUse += (long) length * Double.BYTES;
    peakInUse = Math.max(peakInUse, inUse);
    handedOut += (long) length * Double.BYTES;
    return storage;
  }

  /** Takes note that a storage of this length is free. */
  synchronized void returned(int length) {
    inUse -= (long) length * Double.BYTES;
  }

  @Override
  public synchronized MemoryStatistics memory() {
    return new MemoryStatistics(inUse, 0, peakInUse, handedOut, allocations);
  }

  @Override
  public void write(float[] source, int from, Tensor target) {
    Values values = Values.of(target);
    for (int i = 0; i < target.size(); i++) {
      values.set(i, source[from + i]);
    }
  }

  @Override
  public void write(double[] source, int from, Tensor target) {
    System.arraycopy(source, from, Values.array(target), target.offset(), target.size());
  }

  @Override
  public void read(Tensor source, float[] target, int to) {
    Values values = Values.of(source);
    for (int i = 0; i < source.size(); i++) {
      target[to + i] = (float) values.get(i);
    }
  }

  @Override
  public void read(Tensor source, double[] target, int to) {
    System.arraycopy(Values.array(source), source.offset(), target, to, source.size());
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
