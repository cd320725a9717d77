package dev.jdiffusion.tensor;

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
import java.util.Optional;

/**
 * Everything a device can do: memory, and one entry for each family of operations.
 *
 * <p>The rules shared by all families:
 *
 * <ul>
 *   <li>Tensors are dense and row-major; all tensors of a call live on this backend.
 *   <li>The caller allocates the results. An output never overlaps an input unless the method says
 *       that it may.
 *   <li>Gradients of activations are overwritten. Gradients of parameters (weight, bias, gamma,
 *       beta, table) are added to, so that they accumulate over micro-batches.
 *   <li>Shapes are checked by the family's {@code check} methods, which callers run first; kernels
 *       trust them.
 *   <li>Results depend on the inputs alone: not on threads, vector width or timing.
 * </ul>
 */
public interface Backend {
  Device device();

  /** One line for people: which instructions, how many threads. */
  String description();

  /** Memory with undefined contents, from the backend's pool. Callers use {@link Tensor#empty}. */
  Storage allocate(int length);

  /**
   * Copies {@code target.size()} values from {@code source}, starting at {@code from}, into a
   * tensor.
   */
  void write(float[] source, int from, Tensor target);

  /**
   * Copies {@code target.size()} values from {@code source}, starting at {@code from}, into a
   * tensor.
   */
  void write(double[] source, int from, Tensor target);

  /** Copies a tensor's elements to {@code target}, starting at {@code to}. */
  void read(Tensor source, float[] target, int to);

  /** Copies a tensor's elements to {@code target}, starting at {@code to}. */
  void read(Tensor source, double[] target, int to);

  /**
   * Waits until all that was asked for is done. A device of its own takes work and returns at once:
   * only clocks need to wait, since whatever reads a result waits by itself.
   */
  default void synchronize() {}

  /** Writes work down for repetition, where the device can; there it saves time to do so. */
  default Optional<Recorder> recorder() {
    return Optional.empty();
  }

  /** What the pool holds and has handed out. */
  MemoryStatistics memory();

  Elementwise elementwise();

  Reduction reduction();

  Layout layout();

  MatMul matMul();

  Convolution convolution();

  Pooling pooling();

  Upsampling upsampling();

  GroupNorm groupNorm();

  LayerNorm layerNorm();

  Softmax softmax();

  CrossEntropy crossEntropy();

  Attention attention();

  LinearAttention linearAttention();

  Embedding embedding();

  RandomFill random();

  Loss loss();

  Optimizer optimizer();

  Probe probe();
}
