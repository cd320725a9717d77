package dev.jdiffusion.cuda.backend;

import dev.jdiffusion.tensor.Tensor;

/**
 * What a product of {@link dev.jdiffusion.tensor.ops.MatMul} comes to: {@code batch} products of
 * {@code [m, k]} by {@code [k, n]}.
 *
 * @param nextA from one left matrix to the next, in elements; 0 if one serves all
 * @param nextB from one right matrix to the next, in elements; 0 if one serves all
 */
record ProductExtents(int m, int n, int k, int batch, long nextA, long nextB) {
  static ProductExtents of(Tensor a, boolean transposeA, Tensor b, Tensor out) {
    int m = out.dim(-2);
    int n = out.dim(-1);
    int k = a.dim(transposeA ? -2 : -1);
    int batch = out.shape().rank() == 3 ? out.dim(0) : 1;
    boolean oneA = a.shape().rank() == 2;
    boolean oneB = b.shape().rank() == 2;
    if (batch > 1 && oneB && !oneA && !transposeA) {
      // Rows below each other times one matrix: a single product.
      m *= batch;
      batch = 1;
    }
    return new ProductExtents(m, n, k, batch, oneA ? 0 : (long) m * k, oneB ? 0 : (long) k * n);
  }
}
