package dev.jdiffusion.cuda.backend;

import dev.jdiffusion.tensor.Columns;
import dev.jdiffusion.tensor.Scope;
import dev.jdiffusion.tensor.Tensor;
import dev.jdiffusion.tensor.ops.Attention;

/**
 * Attention in tiles. There are kernels for heads of up to 16, 32, 64 and 128 features, which
 * smaller heads use too, and one for all others.
 */
final class CudaAttention implements Attention {
  private static final String FILE = "attention";

  /** Of a block, at most; of a block of the kernels for wide heads. */
  private static final int THREADS = 128;

  private static final int WARP = 32;

  /** The results' features that a warp of the kernels for wide heads has. */
  private static final int WIDE_SLICE = 8 * WARP;

  /** More than this are a wide head. */
  private static final int MOST_FEATURES = 128;

  private final Kernels kernels;

  CudaAttention(Kernels kernels) {
    this.kernels = kernels;
  }

  @Override
  public void forward(
      Columns q, Columns k, Columns v, int heads, double scale, Tensor out, Tensor logSumExp) {
    Heads sizes = Heads.of(q, k, heads);
    Kernel kernel =
        kernels
            .get(FILE, "attention_forward_" + sizes.variant())
            .with(q)
            .with(k)
            .with(v)
            .with(out)
            .with(logSumExp);
    sizes.launch(kernel, sizes.rows, sizes.capacity() / 32, (float) scale);
  }

  @Override
  public void backward(
      Columns q,
      Columns k,
      Columns v,
      int heads,
      double scale,
      Tensor out,
      Tensor logSumExp,
      Tensor dOut,
      Columns dQ,
      Columns dK,
      Columns dV) {
    Heads sizes = Heads.of(q, k, heads);
    try (Scope scope = Scope.open()) {
      Tensor deltas = Tensor.empty(q.tensor().backend(), logSumExp.shape());
      Kernel queryGrad =
          kernels
              .get(FILE, "attention_query_grad_" + sizes.variant())
              .with(q)
              .with(k)
              .with(v)
              .with(out)
              .with(logSumExp)
              .with(dOut)
              .with(dQ)
              .with(deltas);
      sizes.launch(queryGrad, sizes.rows, sizes.capacity() / 16, (float) scale);
      Kernel keyGrad =
          kernels
              .get(FILE, "attention_key_grad_" + sizes.variant())
              .with(q)
              .with(k)
              .with(v)
              .with(logSumExp)
              .with(dOut)
              .with(deltas)
              .with(dK)
              .with(dV);
      sizes.launch(keyGrad, sizes.keys, sizes.capacity() / 16, (float) scale);
    }
  }

  /** The sizes of a call. */
  private record Heads(int images, int rows, int keys, int heads, int features) {
    static Heads of(Columns q, Columns k, int heads) {
      return new Heads(
          q.tensor().dim(0), q.tensor().dim(1), k.tensor().dim(1), heads, q.count() / heads);
    }

    private boolean wide() {
      return features > MOST_FEATURES;
    }

    /** Of the kernels for heads that are not wide, the size of the smallest that fits. */
    int capacity() {
      return Math.max(16, Integer.highestOneBit(2 * features - 1));
    }

    String variant() {
      return wide() ? "wide" : Integer.toString(capacity());
    }

    /**
     * Appends the sizes and starts a kernel.
     *
     * @param ownRows of an image: queries or keys, one for each group of threads
     * @param split threads that share a row, 1 at least
     */
    void launch(Kernel kernel, int ownRows, int split, float scale) {
      if (wide()) {
        long warps = (long) images * heads * ownRows * Kernels.blocks(features, WIDE_SLICE);
        kernel.with(images);
        with(kernel, scale).launch(Kernels.blocks(warps, THREADS / WARP), THREADS);
        return;
      }
      int perBlock = THREADS / Math.max(1, split);
      // Blocks of half the size where they leave fewer threads without a row.
      if (Kernels.blocks(ownRows, perBlock) * 2 > Kernels.blocks(ownRows, perBlock / 2)) {
        perBlock /= 2;
      }
      with(kernel, scale)
          .launch(
              images * heads * Kernels.blocks(ownRows, perBlock), perBlock * Math.max(1, split));
    }

    private Kernel with(Kernel kernel, float scale) {
      return kernel.with(rows).with(keys).with(heads).with(features).with(scale);
    }
  }
}
