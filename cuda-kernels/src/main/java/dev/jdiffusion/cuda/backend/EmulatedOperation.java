package dev.jdiffusion.cuda.backend;

import dev.jdiffusion.tensor.Activation;
import dev.jdiffusion.tensor.Backend;
import dev.jdiffusion.tensor.Columns;
import dev.jdiffusion.tensor.Shape;
import dev.jdiffusion.tensor.Tensor;
import dev.jdiffusion.tensor.ops.Convolution;
import dev.jdiffusion.tensor.ops.GroupNorm;
import dev.jdiffusion.tensor.ops.LinearAttention;
import dev.jdiffusion.tensor.ops.Pooling;
import java.util.SplittableRandom;
import java.util.function.IntFunction;

/** Operations that {@link EmulatedRun} can show, each on drawn numbers of one size. */
public enum EmulatedOperation {
  /** Product of two square matrices. */
  MAT_MUL(
      "matMul",
      128,
      1024,
      n -> "[%d,%d] times [%d,%d]".formatted(n, n, n, n),
      (draw, n) -> {
        Tensor out = draw.empty(n, n);
        draw.backend()
            .matMul()
            .matMul(draw.tensor(n, n), false, draw.tensor(n, n), false, null, null, out);
        return out;
      }),
  /** Convolution with a 3x3 window. */
  CONV2D(
      "conv2d",
      16,
      128,
      n -> "3x3 over [1,%d,%d,32] to 32 channels".formatted(n, n),
      (draw, n) -> {
        Tensor out = draw.empty(1, n, n, 32);
        draw.backend()
            .convolution()
            .forward(
                draw.tensor(1, n, n, 32),
                draw.tensor(3, 3, 32, 32),
                draw.tensor(32),
                null,
                Draw.SAME,
                out);
        return out;
      }),
  /** Its gradient with respect to the input. */
  CONV2D_INPUT_GRAD(
      "conv2dInputGrad",
      16,
      128,
      n -> "3x3 over [1,%d,%d,32] to 32 channels".formatted(n, n),
      (draw, n) -> {
        Tensor dInput = draw.empty(1, n, n, 32);
        draw.backend()
            .convolution()
            .inputGrad(
                draw.tensor(1, n, n, 32), draw.tensor(3, 3, 32, 32), null, Draw.SAME, dInput);
        return dInput;
      }),
  /** Its gradient with respect to the weights. */
  CONV2D_WEIGHT_GRAD(
      "conv2dWeightGrad",
      16,
      128,
      n -> "3x3 over [1,%d,%d,32] to 32 channels".formatted(n, n),
      (draw, n) -> {
        Tensor dWeight = Tensor.zeros(draw.backend(), Shape.of(3, 3, 32, 32));
        draw.backend()
            .convolution()
            .weightGrad(
                draw.tensor(1, n, n, 32), draw.tensor(1, n, n, 32), Draw.SAME, dWeight, null);
        return dWeight;
      }),
  /** Group norm followed by SiLU. */
  GROUP_NORM(
      "groupNorm",
      16,
      256,
      n -> "[2,%d,%d,32] in 8 groups, then SiLU".formatted(n, n),
      (draw, n) -> {
        Tensor out = draw.empty(2, n, n, 32);
        draw.backend()
            .groupNorm()
            .forward(
                draw.tensor(2, n, n, 32),
                null,
                draw.tensor(32),
                draw.tensor(32),
                null,
                null,
                new GroupNorm.Spec(8, 1e-5, Activation.NONE, Activation.SILU),
                out,
                draw.empty(2, 8),
                draw.empty(2, 8));
        return out;
      }),
  /** Layer norm of rows. */
  LAYER_NORM(
      "layerNorm",
      256,
      16_384,
      n -> "64 rows of %d".formatted(n),
      (draw, n) -> {
        Tensor out = draw.empty(64, n);
        draw.backend()
            .layerNorm()
            .forward(
                draw.tensor(64, n),
                draw.tensor(n),
                draw.tensor(n),
                1e-5,
                out,
                draw.empty(64),
                draw.empty(64));
        return out;
      }),
  /** Attention with two heads. */
  ATTENTION(
      "attention",
      64,
      1024,
      n -> "2 heads of 32 columns, %d tokens".formatted(n),
      (draw, n) -> {
        Tensor out = draw.empty(1, n, 64);
        draw.backend()
            .attention()
            .forward(
                Columns.all(draw.tensor(1, n, 64)),
                Columns.all(draw.tensor(1, n, 64)),
                Columns.all(draw.tensor(1, n, 64)),
                2,
                1 / Math.sqrt(32),
                out,
                draw.empty(1, 2, n));
        return out;
      }),
  /** Linear attention with two heads. */
  LINEAR_ATTENTION(
      "linearAttention",
      64,
      4096,
      n -> "2 heads of 32 columns, %d tokens".formatted(n),
      (draw, n) -> {
        Tensor out = draw.empty(1, n, 64);
        Columns q = Columns.all(draw.tensor(1, n, 64));
        draw.backend()
            .linearAttention()
            .forward(
                q,
                Columns.all(draw.tensor(1, n, 64)),
                Columns.all(draw.tensor(1, n, 64)),
                2,
                1 / Math.sqrt(32),
                out,
                Tensor.empty(draw.backend(), LinearAttention.savedShape(q, 2)));
        return out;
      }),
  /** Softmax of rows. */
  SOFTMAX(
      "softmax",
      256,
      16_384,
      n -> "64 rows of %d".formatted(n),
      (draw, n) -> {
        Tensor out = draw.empty(64, n);
        draw.backend().softmax().forward(draw.tensor(64, n), out);
        return out;
      }),
  /** A matrix transposed. */
  TRANSPOSE(
      "transpose",
      128,
      2048,
      n -> "[%d,%d]".formatted(n, n),
      (draw, n) -> {
        Tensor out = draw.empty(n, n);
        draw.backend().layout().permute(draw.tensor(n, n), new int[] {1, 0}, out);
        return out;
      }),
  /** Largest of each 2x2 pixels. */
  MAX_POOL(
      "maxPool",
      32,
      512,
      n -> "2x2 over [1,%d,%d,32]".formatted(2 * n, 2 * n),
      (draw, n) -> {
        Tensor out = draw.empty(1, n, n, 32);
        draw.backend()
            .pooling()
            .forward(
                Pooling.Kind.MAX,
                draw.tensor(1, 2 * n, 2 * n, 32),
                new Pooling.Window(2, 2, 0),
                out);
        return out;
      });

  /** Draws the tensors of a run, the same on every backend. */
  record Draw(Backend backend, SplittableRandom random) {
    static final Convolution.Geometry SAME = new Convolution.Geometry(1, 1, 1);
    private static final long SEED = 1;

    static Draw on(Backend backend) {
      return new Draw(backend, new SplittableRandom(SEED));
    }

    Tensor empty(int... extents) {
      return Tensor.empty(backend, Shape.of(extents));
    }

    Tensor tensor(int... extents) {
      Tensor result = empty(extents);
      float[] values = new float[result.size()];
      for (int i = 0; i < values.length; i++) {
        values[i] = 2 * random.nextFloat() - 1;
      }
      result.copyFrom(values);
      return result;
    }
  }

  /** Computes a result on a backend. */
  interface Work {
    Tensor run(Draw draw, int size);
  }

  private final String label;
  private final int usualSize;
  private final int largestSize;
  private final IntFunction<String> description;
  private final Work work;

  EmulatedOperation(
      String label, int usualSize, int largestSize, IntFunction<String> description, Work work) {
    this.label = label;
    this.usualSize = usualSize;
    this.largestSize = largestSize;
    this.description = description;
    this.work = work;
  }

  /** Its name, such as {@code matMul}. */
  public String label() {
    return label;
  }

  /** The size where none is asked for. */
  public int usualSize() {
    return usualSize;
  }

  /** The largest size that the emulator should be asked for: some seconds of work. */
  public int largestSize() {
    return largestSize;
  }

  /** What it computes with a size, such as {@code 64 rows of 256}. */
  public String describe(int size) {
    return description.apply(size);
  }

  /** Whether it is made of products, which have a choice of tiles. */
  boolean hasTiles() {
    return this == MAT_MUL
        || this == CONV2D
        || this == CONV2D_INPUT_GRAD
        || this == CONV2D_WEIGHT_GRAD;
  }

  Work work() {
    return work;
  }
}
