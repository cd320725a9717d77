package dev.jdiffusion.tensor.ops;

import dev.jdiffusion.tensor.Shape;
import dev.jdiffusion.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/** Matrix products (GEMM), one or a batch. */
public interface MatMul {
  /**
   * {@code out = op(a) op(b) (+ bias) (+ residual)}, or added to out.
   *
   * <p>Each element is one chain of fused multiply-adds in the order of k, started from bias plus
   * residual, or from out's old value. A product with a transposed first matrix and a long inner
   * extent may be cut into several chains, at places that depend on the shapes alone; on a GPU also
   * on alignment and precision.
   *
   * @param a {@code [M, K]} or {@code [B, M, K]}; with transposeA {@code [K, M]} or {@code [B, K,
   *     M]}
   * @param b {@code [K, N]} or {@code [B, K, N]}; with transposeB {@code [N, K]} or {@code [B, N,
   *     K]}
   * @param bias {@code [N]}
   * @param residual of out's shape; may be out itself, which accumulates
   * @param out {@code [M, N]} if both have rank 2, else {@code [B, M, N]}; a matrix of rank 2
   *     serves every product of a batch
   */
  void matMul(
      Tensor a,
      boolean transposeA,
      Tensor b,
      boolean transposeB,
      @Nullable Tensor bias,
      @Nullable Tensor residual,
      Tensor out);

  /**
   * The gradients of {@code a b} with respect to both, which may be faster together.
   *
   * @param a {@code [M, K]}
   * @param b {@code [K, N]}
   * @param dOut {@code [M, N]}
   * @param dA {@code [M, K]}, overwritten
   * @param dB {@code [K, N]}, added to
   */
  default void gradients(Tensor a, Tensor b, Tensor dOut, Tensor dA, Tensor dB) {
    matMul(dOut, false, b, true, null, null, dA);
    matMul(a, true, dOut, false, null, dB, dB);
  }

  /** The shape of the product. */
  static Shape check(
      Tensor a, boolean transposeA, Tensor b, boolean transposeB, @Nullable Tensor bias) {
    Shape sa = a.shape();
    Shape sb = b.shape();
    Checks.require(
        (sa.rank() == 2 || sa.rank() == 3) && (sb.rank() == 2 || sb.rank() == 3),
        "matMul",
        "needs matrices or batches of matrices, got " + sa + " and " + sb);
    int m = sa.dim(transposeA ? -1 : -2);
    int k = sa.dim(transposeA ? -2 : -1);
    int kb = sb.dim(transposeB ? -1 : -2);
    int n = sb.dim(transposeB ? -2 : -1);
    Checks.require(
        k == kb,
        "matMul",
        "inner extents "
            + k
            + " and "
            + kb
            + " differ ("
            + describe(sa, transposeA)
            + " times "
            + describe(sb, transposeB)
            + ")");
    Checks.shape("matMul", "bias", bias, n);
    if (sa.rank() == 2 && sb.rank() == 2) {
      return Shape.of(m, n);
    }
    Checks.require(
        sa.rank() == 2 || sb.rank() == 2 || sa.dim(0) == sb.dim(0),
        "matMul",
        "batches of " + sa + " and " + sb + " differ");
    return Shape.of(sa.rank() == 3 ? sa.dim(0) : sb.dim(0), m, n);
  }

  private static String describe(Shape shape, boolean transposed) {
    return transposed ? "transposed " + shape : shape.toString();
  }
}
