package dev.jdiffusion.cuda.backend;

import dev.jdiffusion.tensor.Precision;
import dev.jdiffusion.tensor.Scope;
import dev.jdiffusion.tensor.Shape;
import dev.jdiffusion.tensor.Tensor;
import dev.jdiffusion.tensor.ops.MatMul;
import org.jspecify.annotations.Nullable;

/**
 * Matrix products in tiles ({@code mat_mul.cu}). Every element is the chain of fused multiply-adds
 * that {@link MatMul} describes, so the bits are those of the CPU except where K is cut into
 * pieces.
 */
final class CudaMatMul implements MatMul {
  private static final String FILE = "mat_mul";
  private static final int THREADS = 256;

  private final Kernels kernels;
  private final ProductKernels products;
  private final Precision precision;
  private final @Nullable GemmTile always;

  /**
   * Matrix products on a device.
   *
   * @param always the tile of all products; null to choose by the extents
   */
  CudaMatMul(Kernels kernels, Precision precision, @Nullable GemmTile always) {
    this.kernels = kernels;
    this.products = new ProductKernels(kernels, FILE, FILE);
    this.precision = precision;
    this.always = always;
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
    int m = out.dim(-2);
    int n = out.dim(-1);
    int k = a.dim(transposeA ? -2 : -1);
    int batch = out.shape().rank() == 3 ? out.dim(0) : 1;
    if (out.size() == 0) {
      return;
    }
    boolean oneA = a.shape().rank() == 2;
    boolean oneB = b.shape().rank() == 2;
    if (batch > 1 && oneB && !oneA && !transposeA) {
      // Rows below each other times one matrix: a single product.
      m *= batch;
      batch = 1;
    }
    long nextA = oneA ? 0 : (long) m * k;
    long nextB = oneB ? 0 : (long) k * n;
    boolean wide =
        (transposeA ? m : k) % 4 == 0
            && (transposeB ? k : n) % 4 == 0
            && n % 4 == 0
            && GemmTile.aligned(a)
            && GemmTile.aligned(b)
            && GemmTile.aligned(out)
            && GemmTile.aligned(residual);
    GemmTile chosen = always != null ? always : GemmTile.choose(m, n, batch, transposeA ? k : 0);
    Precision rounding = transposeA ? GemmTile.ofWeightGradients(precision) : precision;
    GemmTile tile = chosen.available(wide, rounding);
    long blocks = tile.blocks(m, n, batch);
    int piece = transposeA ? GemmTile.piece(k, blocks, out.size()) : k;
    int pieces = GemmTile.pieces(k, piece);
    Kernel kernel = products.get(tile, wide, rounding);
    try (Scope scope = Scope.open()) {
      @Nullable Tensor partial =
          pieces == 1 ? null : Tensor.empty(out.backend(), Shape.of(pieces, out.size()));
      kernel
          .with(a)
          .with(b)
          .with(partial == null ? bias : null)
          .with(partial == null ? residual : null)
          .with(partial == null ? out : partial)
          .with(m)
          .with(n)
          .with(k)
          .with(transposeA ? 1 : 0)
          .with(transposeB ? 1 : 0)
          .with(nextA)
          .with(nextB)
          .with(batch)
          .with(pieces)
          .with(piece)
          .launch(Math.toIntExact(blocks * pieces), tile.threads());
      if (partial != null) {
        kernels
            .get(FILE, "mat_mul_finish")
            .with(partial)
            .with(pieces)
            .with(out.size())
            .with(n)
            .with(bias)
            .with(residual)
            .with(out)
            .launch(Kernels.blocks(out.size(), THREADS), THREADS);
      }
    }
  }
}
