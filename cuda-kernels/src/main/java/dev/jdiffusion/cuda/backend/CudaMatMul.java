package dev.jdiffusion.cuda.backend;

import dev.jdiffusion.tensor.Precision;
import dev.jdiffusion.tensor.Scope;
import dev.jdiffusion.tensor.Shape;
import dev.jdiffusion.tensor.Tensor;
import dev.jdiffusion.tensor.ops.MatMul;
import org.jspecify.annotations.Nullable;

/**
 * Matrix products in tiles ({@code mat_mul.cu}). In single precision every element is the chain of
 * fused multiply-adds that {@link MatMul} describes, so the bits are those of the CPU except where
 * K is cut into pieces; tensor cores round operands, and add in an order of their own.
 */
final class CudaMatMul implements MatMul {
  private static final String FILE = "mat_mul";
  private static final int THREADS = 256;
  private static final String[] LAYOUTS = {"_nn", "_nt", "_tn"};

  private final Kernels kernels;

  /** By layout: no operand transposed, the right one, the left one. */
  private final ProductKernels[] products;

  private final Precision precision;
  private final @Nullable GemmTile always;

  /**
   * Matrix products on a device.
   *
   * @param always the tile of all products; null to choose by the extents
   */
  CudaMatMul(Kernels kernels, Precision precision, @Nullable GemmTile always) {
    this.kernels = kernels;
    this.products = new ProductKernels[LAYOUTS.length];
    for (int i = 0; i < LAYOUTS.length; i++) {
      products[i] = new ProductKernels(kernels, FILE, FILE, LAYOUTS[i]);
    }
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
    if (out.size() == 0) {
      return;
    }
    ProductExtents e = ProductExtents.of(a, transposeA, b, out);
    int k = e.k();
    boolean aligned =
        GemmTile.aligned(a)
            && GemmTile.aligned(b)
            && GemmTile.aligned(out)
            && GemmTile.aligned(residual);
    int unit = GemmTile.unit(aligned, transposeA ? e.m() : k, transposeB ? k : e.n(), e.n());
    GemmTile chosen =
        always != null ? always : GemmTile.choose(e.m(), e.n(), e.batch(), transposeA ? k : 0);
    Precision rounding = transposeA ? GemmTile.ofWeightGradients(precision) : precision;
    GemmTile tile = chosen.available(unit, rounding);
    if (transposeA && transposeB && tile.isStaged(rounding)) {
      tile = GemmTile.MEDIUM;
    }
    long blocks = tile.blocks(e.m(), e.n(), e.batch());
    int piece = transposeA ? tile.piece(k, blocks, out.size()) : k;
    int pieces = GemmTile.pieces(k, piece);
    Kernel kernel = products[transposeA ? 2 : transposeB ? 1 : 0].get(tile, unit, rounding);
    try (Scope scope = Scope.open()) {
      if (tile.wantsRounded(rounding)) {
        a = ProductKernels.rounded(kernels, a);
        b = ProductKernels.rounded(kernels, b);
      }
      @Nullable Tensor partial =
          pieces == 1 ? null : Tensor.empty(out.backend(), Shape.of(pieces, out.size()));
      kernel
          .with(a)
          .with(b)
          .with(partial == null ? bias : null)
          .with(partial == null ? residual : null)
          .with(partial == null ? out : partial)
          .with(e.m())
          .with(e.n())
          .with(k)
          .with(transposeA ? 1 : 0)
          .with(transposeB ? 1 : 0)
          .with(e.nextA())
          .with(e.nextB())
          .with(e.batch())
          .with(pieces)
          .with(piece);
      tile.launch(kernel, blocks * pieces, rounding);
      if (partial != null) {
        kernels
            .get(FILE, "mat_mul_finish")
            .with(partial)
            .with(pieces)
            .with(out.size())
            .with(e.n())
            .with(bias)
            .with(residual)
            .with(out)
            .launch(Kernels.blocks(out.size(), THREADS), THREADS);
      }
    }
  }
}
