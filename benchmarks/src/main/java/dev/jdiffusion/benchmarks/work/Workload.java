package dev.jdiffusion.benchmarks.work;

import dev.jdiffusion.tensor.Activation;
import dev.jdiffusion.tensor.ops.Convolution.Geometry;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/**
 * Something to compute. Inputs are {@link #values named} arrays between -1 and 1 in this project's
 * layout (pictures NHWC, weights [kh, kw, in, out], matrices row-major); other libraries transpose
 * them beforehand, in memory that is not timed.
 */
public sealed interface Workload {
  /** Floating-point operations of one run; a fused multiply-add counts as two. */
  double flops();

  /** Least memory traffic of one run: each input read once and each output written once. */
  double bytes();

  /** What a pass of a differentiable operation computes. */
  enum Pass {
    /** The output. */
    FORWARD,
    /** All gradients, from the inputs, whatever the forward pass saved, and {@code dOut}. */
    BACKWARD
  }

  /**
   * The input called {@code name}: values between -1 and 1 that depend on the name and the length
   * only.
   */
  static float[] values(String name, int length) {
    SplittableRandom random = new SplittableRandom(name.hashCode() * 31L + length);
    float[] values = new float[length];
    for (int i = 0; i < length; i++) {
      values[i] = random.nextFloat() * 2 - 1;
    }
    return values;
  }

  /**
   * What the machine can do at most, for everything else to be divided by. COPY: {@code out = x},
   * TRIAD: {@code y = y + 0.5 x}, of {@code size} elements, which should be many times the caches;
   * their result is out and y after one run. FMA: {@code size} independent fused multiply-adds in
   * registers; it has no result.
   */
  record Machine(Limit limit, long size) implements Workload {
    /** Which limit. */
    public enum Limit {
      FMA,
      COPY,
      TRIAD
    }

    @Override
    public double flops() {
      return limit == Limit.COPY ? 0 : 2.0 * size;
    }

    @Override
    public double bytes() {
      return switch (limit) {
        case FMA -> 0;
        case COPY -> 8.0 * size;
        case TRIAD -> 12.0 * size;
      };
    }
  }

  /**
   * {@code out = op(a) op(b)}, {@code out} [m, n]. Inputs {@code a} ([m, k], or [k, m] if
   * transposed) and {@code b} ([k, n] or [n, k]). Result: {@code out}.
   */
  record MatMul(int m, int k, int n, boolean transposeA, boolean transposeB) implements Workload {
    @Override
    public double flops() {
      return 2.0 * m * k * n;
    }

    @Override
    public double bytes() {
      return 4.0 * ((double) m * k + (double) k * n + (double) m * n);
    }
  }

  /**
   * A convolution of {@code input} [batch, extent, extent, inputs] with {@code weight} [window,
   * window, inputs/groups, outputs] and {@code bias} [outputs]; if {@code transposed}, a transposed
   * convolution, whose weight is [window, window, outputs/groups, inputs]. Result of FORWARD:
   * {@code out}; of BACKWARD, from {@code dOut} of the output's shape: dInput, dWeight, dBias one
   * after the other.
   */
  record Convolution(
      int batch,
      int extent,
      int inputs,
      int outputs,
      int window,
      Geometry geometry,
      boolean transposed,
      Pass pass)
      implements Workload {
    /** Height and width of the output. */
    public int outputExtent() {
      return transposed
          ? (extent - 1) * geometry.stride() - 2 * geometry.padding() + window
          : (extent + 2 * geometry.padding() - window) / geometry.stride() + 1;
    }

    /** Elements of the input. */
    public int inputSize() {
      return batch * extent * extent * inputs;
    }

    /** Elements of the output. */
    public int outputSize() {
      return batch * outputExtent() * outputExtent() * outputs;
    }

    /** Elements of the weight. */
    public int weightSize() {
      return window * window * inputs / geometry.groups() * outputs;
    }

    @Override
    public double flops() {
      double pixels =
          (double) batch * (transposed ? extent * extent : outputExtent() * outputExtent());
      double once = 2 * pixels * weightSize();
      return pass == Pass.FORWARD ? once : 2 * once;
    }

    @Override
    public double bytes() {
      double once = 4.0 * ((double) inputSize() + outputSize() + weightSize());
      return pass == Pass.FORWARD ? once : 2 * once - 4.0 * outputSize();
    }
  }

  /**
   * One gradient of a convolution alone, without that of the bias. Inputs as for {@link
   * Convolution}; result: dInput or dWeight.
   *
   * @param of not transposed; its pass is not asked
   */
  record ConvolutionGrad(Convolution of, Gradient gradient) implements Workload {
    /** Of what. */
    public enum Gradient {
      INPUT,
      WEIGHT
    }

    @Override
    public double flops() {
      return forward().flops();
    }

    @Override
    public double bytes() {
      return forward().bytes();
    }

    /** It multiplies and moves as much as either gradient. */
    private Convolution forward() {
      return new Convolution(
          of.batch,
          of.extent,
          of.inputs,
          of.outputs,
          of.window,
          of.geometry,
          of.transposed,
          Pass.FORWARD);
    }
  }

  /**
   * {@code activation(groupNorm(x) * (1 + scale) + shift)}, {@code x} [batch, extent, extent,
   * channels], {@code gamma} and {@code beta} [channels], epsilon 1e-5; with {@code scaleShift}
   * [batch, 2 * channels] (first the scales) only where {@code scaled}. Result of FORWARD: out; of
   * BACKWARD, from {@code dOut}: dX, dGamma, dBeta and, if scaled, dScaleShift.
   */
  record GroupNorm(
      int batch,
      int extent,
      int channels,
      int groups,
      Activation activation,
      boolean scaled,
      Pass pass)
      implements Workload {
    /** Elements of the input, and of the output. */
    public int size() {
      return batch * extent * extent * channels;
    }

    @Override
    public double flops() {
      // Sums, squares, scale and shift; what an activation costs is not counted.
      return (pass == Pass.FORWARD ? 6.0 : 12.0) * size();
    }

    @Override
    public double bytes() {
      return 4.0 * size() * (pass == Pass.FORWARD ? 2 : 3);
    }
  }

  /**
   * {@code softmax(q k^T / sqrt(headSize)) v} for each picture and head. One input {@code qkv}
   * [batch, length, 3 * heads * headSize], in each row first all of q, then k, then v, heads side
   * by side. Result of FORWARD: out [batch, length, heads * headSize]; of BACKWARD, from {@code
   * dOut}: dQkv in the layout of qkv.
   */
  record Attention(int batch, int length, int heads, int headSize, Pass pass) implements Workload {
    @Override
    public double flops() {
      // Two products forward; five backward, one of them the scores computed again.
      double product = 2.0 * batch * heads * length * length * headSize;
      return product * (pass == Pass.FORWARD ? 2 : 5);
    }

    @Override
    public double bytes() {
      double columns = 4.0 * batch * length * heads * headSize;
      return columns * (pass == Pass.FORWARD ? 4 : 8);
    }
  }

  /**
   * The attention of Shen et al. as the U-Net uses it: {@code q = softmax(q over features) /
   * sqrt(headSize)}, {@code k = softmax(k over positions)}, {@code out = q (k^T v)}. Inputs and
   * results as for {@link Attention}.
   */
  record LinearAttention(int batch, int length, int heads, int headSize, Pass pass)
      implements Workload {
    @Override
    public double flops() {
      double product = 2.0 * batch * heads * length * headSize * headSize;
      return product * (pass == Pass.FORWARD ? 2 : 5);
    }

    @Override
    public double bytes() {
      double columns = 4.0 * batch * length * heads * headSize;
      return columns * (pass == Pass.FORWARD ? 4 : 7);
    }
  }

  /** A function of each element of {@code x} (and {@code y}) of a given size. Result: out. */
  record Elementwise(Function function, int size) implements Workload {
    /** What is computed of each element. */
    public enum Function {
      ADD,
      MUL,
      SILU,
      GELU,
      EXP
    }

    @Override
    public double flops() {
      // An activation is counted as one operation: its limit is the memory.
      return size;
    }

    @Override
    public double bytes() {
      boolean two = function == Function.ADD || function == Function.MUL;
      return 4.0 * size * (two ? 3 : 2);
    }
  }

  /** Softmax over the last axis of {@code x} [rows, columns]. Result: out. */
  record Softmax(int rows, int columns) implements Workload {
    @Override
    public double flops() {
      return 4.0 * rows * columns;
    }

    @Override
    public double bytes() {
      return 8.0 * rows * columns;
    }
  }

  /**
   * A step of Adam (learning rate 1e-3, betas 0.9 and 0.999, epsilon 1e-8) and of an exponential
   * moving average (0.995) over {@code parameters} numbers held in equal tensors of {@code
   * tensorSize}. Inputs {@code weight}, {@code gradient}, {@code ema}, and moments as a first step
   * with the gradient {@code earlier} leaves them; each run goes on from the last. Result: weight,
   * then ema, as they are after the first run, Adam's second step.
   */
  record Optimizer(int parameters, int tensorSize) implements Workload {
    @Override
    public double flops() {
      return 15.0 * parameters;
    }

    @Override
    public double bytes() {
      // Four read and written, the gradient read.
      return 4.0 * 9 * parameters;
    }
  }

  /**
   * A whole step of a U-Net. Pictures {@code x} and noise {@code noise} [batch, extent, extent,
   * channels]; timesteps i * 200 / batch; weights as in {@code UNetWeights}. TRAINING: noisy
   * picture, network, Huber loss on the noise, all gradients, Adam at 1e-3 with moving average;
   * SAMPLING: network and one ancestral step without noise. Result of TRAINING: the loss before the
   * first step and the norm of each parameter's gradient in the order of {@link UNetWeights}; of
   * SAMPLING: the network's prediction.
   */
  record Step(Network network, Kind kind, int batch) implements Workload {
    /** Which network. */
    public enum Network {
      /** The annotated preset: dim 28, multipliers 1-2-4, ConvNeXt blocks, 28x28x1. */
      ANNOTATED(28, 1),
      /** The same with ResNet blocks, whose normalisations have four groups. */
      ANNOTATED_RESNET(28, 1),
      /** The U-Net of Ho et al. 2020 for CIFAR-10: 35.7 million parameters, 32x32x3. */
      CIFAR(32, 3);

      private final int extent;
      private final int channels;

      Network(int extent, int channels) {
        this.extent = extent;
        this.channels = channels;
      }

      /** Height and width of a picture. */
      public int extent() {
        return extent;
      }

      /** Channels of a picture. */
      public int channels() {
        return channels;
      }
    }

    /** Training or sampling. */
    public enum Kind {
      TRAINING,
      SAMPLING
    }

    @Override
    public double flops() {
      return 0;
    }

    @Override
    public double bytes() {
      return 0;
    }
  }

  /** The timesteps of a {@link Step}. */
  static int[] timesteps(int batch) {
    return IntStream.range(0, batch).map(i -> i * 200 / batch).toArray();
  }
}
