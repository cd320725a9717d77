package dev.jdiffusion.cuda.backend;

import dev.jdiffusion.tensor.Columns;
import dev.jdiffusion.tensor.Scope;
import dev.jdiffusion.tensor.Shape;
import dev.jdiffusion.tensor.Tensor;
import dev.jdiffusion.tensor.ops.LinearAttention;

/**
 * Linear attention as products of 32 by 32 tiles, whose factors are made while they are loaded.
 *
 * <p>Backward: with {@code dContext = q'^T dOut} known, dK needs no sum over the positions, since
 * {@code sum over t of k'[t, d] dk'[t, d] = sum over e of context[d, e] dContext[d, e]}.
 */
final class CudaLinearAttention implements LinearAttention {
  private static final String FILE = "linear_attention";
  private static final int THREADS = 256;

  /** Rows that a block of so many threads has, one for each warp. */
  private static final int ROWS = 8;

  private static final int LANES = 32;

  /** Of a product's tile. */
  private static final int TILE = 32;

  private static final int PRODUCT_THREADS = 64;

  /** Positions over which one block sums a context. */
  private static final int CHUNK = 512;

  private final Kernels kernels;

  CudaLinearAttention(Kernels kernels) {
    this.kernels = kernels;
  }

  @Override
  public void forward(
      Columns q, Columns k, Columns v, int heads, double scale, Tensor out, Tensor saved) {
    Sizes sizes = Sizes.of(q, heads);
    kernels
        .get(FILE, "linear_attention_key_statistics")
        .with(k)
        .with(saved)
        .with(sizes.length)
        .with(heads)
        .with(sizes.features)
        .launch(sizes.images * Kernels.blocks(q.count(), LANES), THREADS);
    try (Scope scope = Scope.open()) {
      Tensor partial = sizes.contexts(q, sizes.partials());
      boolean direct = sizes.chunks() == 1;
      kernels
          .get(FILE, "linear_attention_context")
          .with(k)
          .with(v)
          .with(saved)
          .with(direct ? saved : partial)
          .with(sizes.length)
          .with(heads)
          .with(sizes.features)
          .with(sizes.chunks())
          .with(CHUNK)
          .with(direct ? sizes.savedStride() : sizes.contextSize())
          .with(sizes.pairs() * sizes.contextSize())
          .launch(sizes.contextBlocks(), PRODUCT_THREADS);
      if (!direct) {
        sumChunks(sizes, partial, saved, sizes.savedStride());
      }
      Tensor statistics = queryStatistics(q, sizes);
      kernels
          .get(FILE, "linear_attention_apply")
          .with(q)
          .with(statistics)
          .with(saved)
          .with(out)
          .with(sizes.length)
          .with(heads)
          .with(sizes.features)
          .with((float) scale)
          .launch(sizes.rowBlocks(), PRODUCT_THREADS);
    }
  }

  @Override
  public void backward(
      Columns q,
      Columns k,
      Columns v,
      int heads,
      double scale,
      Tensor saved,
      Tensor dOut,
      Columns dQ,
      Columns dK,
      Columns dV) {
    Sizes sizes = Sizes.of(q, heads);
    try (Scope scope = Scope.open()) {
      Tensor statistics = queryStatistics(q, sizes);
      Tensor dContext = contextGrad(q, statistics, sizes, (float) scale, dOut);
      kernels
          .get(FILE, "linear_attention_soft_query_grad")
          .with(dOut)
          .with(saved)
          .with(dQ)
          .with(sizes.length)
          .with(heads)
          .with(sizes.features)
          .launch(sizes.rowBlocks(), PRODUCT_THREADS);
      kernels
          .get(FILE, "linear_attention_query_grad")
          .with(q)
          .with(statistics)
          .with(dQ)
          .with(sizes.positions())
          .with(heads)
          .with(sizes.features)
          .with((float) scale)
          .launch(Kernels.blocks((long) sizes.positions() * heads, ROWS), THREADS);
      Tensor keySums = Tensor.empty(saved.backend(), Shape.of(sizes.pairs(), sizes.features));
      kernels
          .get(FILE, "linear_attention_key_sums")
          .with(saved)
          .with(dContext)
          .with(keySums)
          .with(sizes.pairs())
          .with(sizes.features)
          .launch(Kernels.blocks((long) sizes.pairs() * sizes.features, ROWS), THREADS);
      kernels
          .get(FILE, "linear_attention_key_grad")
          .with(k)
          .with(v)
          .with(saved)
          .with(dContext)
          .with(keySums)
          .with(dK)
          .with(sizes.length)
          .with(heads)
          .with(sizes.features)
          .launch(sizes.rowBlocks(), PRODUCT_THREADS);
      kernels
          .get(FILE, "linear_attention_value_grad")
          .with(k)
          .with(saved)
          .with(dContext)
          .with(dV)
          .with(sizes.length)
          .with(heads)
          .with(sizes.features)
          .launch(sizes.rowBlocks(), PRODUCT_THREADS);
    }
  }

  /** {@code q'^T dOut}, {@code [N * heads, D, D]}. */
  private Tensor contextGrad(Columns q, Tensor statistics, Sizes sizes, float scale, Tensor dOut) {
    boolean direct = sizes.chunks() == 1;
    Tensor dContext = sizes.contexts(q, 1);
    Tensor target = direct ? dContext : sizes.contexts(q, sizes.chunks());
    kernels
        .get(FILE, "linear_attention_context_grad")
        .with(q)
        .with(statistics)
        .with(dOut)
        .with(target)
        .with(sizes.length)
        .with(sizes.heads)
        .with(sizes.features)
        .with(scale)
        .with(sizes.chunks())
        .with(CHUNK)
        .with(sizes.contextSize())
        .with(sizes.pairs() * sizes.contextSize())
        .launch(sizes.contextBlocks(), PRODUCT_THREADS);
    if (!direct) {
      sumChunks(sizes, target, dContext, sizes.contextSize());
    }
    return dContext;
  }

  private void sumChunks(Sizes sizes, Tensor partial, Tensor context, int pairStride) {
    kernels
        .get(FILE, "linear_attention_sum_chunks")
        .with(partial)
        .with(context)
        .with(sizes.pairs())
        .with(sizes.contextSize())
        .with(sizes.chunks())
        .with(pairStride)
        .launch(Kernels.blocks((long) sizes.pairs() * sizes.contextSize(), THREADS), THREADS);
  }

  /** Maxima and sums of the softmax of q: {@code [N, T, heads, 2]}. */
  private Tensor queryStatistics(Columns q, Sizes sizes) {
    int rows = sizes.positions() * sizes.heads;
    Tensor statistics = Tensor.empty(q.tensor().backend(), Shape.of(rows, 2));
    kernels
        .get(FILE, "linear_attention_query_statistics")
        .with(q)
        .with(statistics)
        .with(sizes.positions())
        .with(sizes.heads)
        .with(sizes.features)
        .launch(Kernels.blocks(rows, ROWS), THREADS);
    return statistics;
  }

  /** The sizes of a call. */
  private record Sizes(int images, int length, int heads, int features) {
    static Sizes of(Columns q, int heads) {
      return new Sizes(q.tensor().dim(0), q.tensor().dim(1), heads, q.count() / heads);
    }

    int positions() {
      return images * length;
    }

    /** Images times heads. */
    int pairs() {
      return images * heads;
    }

    int contextSize() {
      return features * features;
    }

    /** Elements that forward saves for each image and head. */
    int savedStride() {
      return (features + 2) * features;
    }

    int chunks() {
      return Math.max(1, Kernels.blocks(length, CHUNK));
    }

    /** Contexts that have to be added. */
    int partials() {
      return chunks() == 1 ? 0 : chunks();
    }

    Tensor contexts(Columns q, int count) {
      return Tensor.empty(q.tensor().backend(), Shape.of(count, pairs(), contextSize()));
    }

    int contextBlocks() {
      int tiles = Kernels.blocks(features, TILE);
      return pairs() * chunks() * tiles * tiles;
    }

    /** Of a product with a row for each position. */
    int rowBlocks() {
      return pairs() * Kernels.blocks(length, TILE) * Kernels.blocks(features, TILE);
    }
  }
}
