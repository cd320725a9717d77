package dev.jdiffusion.tensor.cpu;

import dev.jdiffusion.tensor.Tensor;
import dev.jdiffusion.tensor.cpu.DenseProduct.Start;
import dev.jdiffusion.tensor.cpu.DenseProduct.Target;
import dev.jdiffusion.tensor.cpu.DenseWeightGradient.Rows;
import dev.jdiffusion.tensor.cpu.OuterProducts.Panels;
import dev.jdiffusion.tensor.ops.MatMul;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Matrix products by packed outer products: a row of op(a) is a pixel of a 1x1 convolution, so
 * {@link DenseProduct} does the work once op(b) is packed. A transposed a is copied first; that
 * costs little against the product.
 *
 * <p>Batches of small products run one product to a task; large ones share each product among all
 * threads.
 */
final class CpuMatMul implements MatMul {
  /** Multiply-adds of one product from which on all threads work on it together. */
  private static final long LARGE = 1 << 22;

  /**
   * Length of a sum from which on the product of a tall matrix, transposed, and another is taken as
   * the weight gradient of a 1x1 convolution: partial sums over stretches of rows, in parallel and
   * with no transposed copy.
   */
  private static final int LONG_SUM = 4096;

  /** Blocks that such a sum may be divided into; a constant, so that threads change no result. */
  private static final int SUM_BLOCKS = 64;

  /** Transposed in blocks of this many rows and columns, for the cache lines they share. */
  private static final int BLOCK = 16;

  private final Workers workers;
  private final FloatPool pool;

  CpuMatMul(Workers workers, FloatPool pool) {
    this.workers = workers;
    this.pool = pool;
  }

  @Override
  public void matMul(
      Tensor a,
      boolean transposeA,
      Tensor b,
      boolean transposeB,
      @Nullable Tensor bias,
      @Nullable Tensor residual,
      Tensor out) {
    if (out.size() == 0) {
      return;
    }
    int m = out.dim(-2);
    int n = out.dim(-1);
    int k = a.dim(transposeA ? -2 : -1);
    int batch = out.shape().rank() == 3 ? out.dim(0) : 1;
    float[] arrayA = FloatStorage.array(a);
    float[] arrayB = FloatStorage.array(b);
    float[] arrayOut = FloatStorage.array(out);
    Start start =
        new Start(
            bias == null ? null : FloatStorage.array(bias),
            bias == null ? 0 : bias.offset(),
            residual == null ? null : FloatStorage.array(residual),
            residual == null ? 0 : residual.offset() - out.offset());
    if (!transposeA && a.shape().rank() == 3 && b.shape().rank() == 2) {
      // One matrix for all: the batch is a taller product.
      m *= batch;
      batch = 1;
    }
    if (transposeA && !transposeB && batch == 1 && bias == null && k >= LONG_SUM) {
      tallProduct(a, b, m, n, k, residual, out);
      return;
    }
    int rows = m;
    Panels panels = new Panels(n);
    int strideA = a.shape().rank() == 3 && batch > 1 ? rows * k : 0;
    int strideB = b.shape().rank() == 3 && batch > 1 ? k * n : 0;
    long work = (long) rows * n * Math.max(k, 1);
    int count = batch;
    boolean together = count == 1 || work >= LARGE;
    Product product =
        new Product(rows, n, k, arrayA, transposeA, arrayB, transposeB, panels, start, arrayOut);
    if (together) {
      for (int i = 0; i < count; i++) {
        product.run(
            a.offset() + i * strideA, b.offset() + i * strideB, out.offset() + i * rows * n);
      }
    } else {
      // Jobs inside a task stay on its thread.
      workers.run(
          count,
          work * count,
          i ->
              product.run(
                  a.offset() + i * strideA, b.offset() + i * strideB, out.offset() + i * rows * n));
    }
  }

  /** {@code out = a^T b + residual}, where a {@code [k, m]} and b {@code [k, n]} are long. */
  private void tallProduct(
      Tensor a, Tensor b, int m, int n, int k, @Nullable Tensor residual, Tensor out) {
    float[] target = FloatStorage.array(out);
    if (residual == null) {
      Arrays.fill(target, out.offset(), out.offset() + out.size(), 0);
    } else {
      // Harmless where the residual is out itself.
      System.arraycopy(
          FloatStorage.array(residual), residual.offset(), target, out.offset(), out.size());
    }
    DenseWeightGradient.run(
        Windows.direct(k, m, SUM_BLOCKS),
        FloatStorage.array(a),
        a.offset(),
        new Rows(FloatStorage.array(b), b.offset(), n),
        new Panels(n),
        new Rows(target, out.offset(), n),
        null,
        0,
        null,
        workers,
        pool);
  }

  @Override
  public void gradients(Tensor a, Tensor b, Tensor dOut, Tensor dA, Tensor dB) {
    int m = a.dim(0);
    int k = a.dim(1);
    if (m < LONG_SUM || !PointwiseInputGradient.pays(k, b.dim(1))) {
      MatMul.super.gradients(a, b, dOut, dA, dB);
      return;
    }
    Windows windows = Windows.direct(m, k, SUM_BLOCKS);
    PointwiseInputGradient.runBoth(windows, a, b, dOut, dA, dB, null, workers, pool);
  }

  /** What the products of a batch have in common. */
  private final class Product {
    private final int m;
    private final int n;
    private final int k;
    private final float[] a;
    private final boolean transposeA;
    private final float[] b;
    private final boolean transposeB;
    private final Panels panels;
    private final Start start;
    private final float[] out;

    Product(
        int m,
        int n,
        int k,
        float[] a,
        boolean transposeA,
        float[] b,
        boolean transposeB,
        Panels panels,
        Start start,
        float[] out) {
      this.m = m;
      this.n = n;
      this.k = k;
      this.a = a;
      this.transposeA = transposeA;
      this.b = b;
      this.transposeB = transposeB;
      this.panels = panels;
      this.start = start;
      this.out = out;
    }

    void run(int aFrom, int bFrom, int outFrom) {
      float[] packed = pool.take(Math.max(1, panels.packedLength(k)));
      float[] copy = transposeA ? pool.take(Math.max(1, Math.multiplyExact(m, k))) : a;
      try {
        PanelPacking.packAll(
            panels, b, bFrom, transposeB ? 1 : n, transposeB ? k : 1, k, packed, workers);
        if (transposeA) {
          workers.forRanges(
              m,
              64,
              (long) m * k * 8,
              (first, end) -> transpose(a, aFrom, m, 0, k, first, end, copy, 0, k));
        }
        Windows windows = Windows.direct(m, k, workers.wantedBlocks());
        DenseProduct.run(
            windows,
            copy,
            transposeA ? 0 : aFrom,
            packed,
            panels,
            start,
            new Target(out, outFrom, 0, n, 0),
            workers,
            pool);
      } finally {
        pool.give(packed);
        if (transposeA) {
          pool.give(copy);
        }
      }
    }
  }

  /**
   * {@code target[column][row] = source[row][column]} for some rows and columns, in blocks.
   *
   * @param pitch from row to row of the source
   * @param targetPitch likewise of the target
   */
  private static void transpose(
      float[] source,
      int from,
      int pitch,
      int firstRow,
      int endRow,
      int firstColumn,
      int endColumn,
      float[] target,
      int to,
      int targetPitch) {
    for (int r0 = firstRow; r0 < endRow; r0 += BLOCK) {
      int endR = Math.min(endRow, r0 + BLOCK);
      for (int c0 = firstColumn; c0 < endColumn; c0 += BLOCK) {
        for (int c = c0; c < Math.min(endColumn, c0 + BLOCK); c++) {
          for (int r = r0; r < endR; r++) {
            target[to + c * targetPitch + r] = source[from + r * pitch + c];
          }
        }
      }
    }
  }

  /** {@code target[column][row] = source[row][column]}. */
  static void transpose(float[] source, int from, int rows, int columns, float[] target, int to) {
    transpose(source, from, columns, 0, rows, 0, columns, target, to, rows);
  }
}
