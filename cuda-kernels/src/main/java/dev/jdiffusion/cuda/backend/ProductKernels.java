package dev.jdiffusion.cuda.backend;

import dev.jdiffusion.tensor.Precision;
import dev.jdiffusion.tensor.Shape;
import dev.jdiffusion.tensor.Tensor;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** The kernels of one operation, one for each tile, width of loads and precision. */
final class ProductKernels {
  private static final int ROUNDING_THREADS = 256;
  private static final int VARIANTS = GemmTile.values().length * 2;

  private final Kernels kernels;
  private final String file;
  private final String operation;
  private final String layout;

  /** Found by number, so that a launch puts no names together. */
  private final @Nullable Kernel[] found = new Kernel[Precision.values().length * VARIANTS];

  /**
   * The kernels of an operation.
   *
   * @param file such as {@code mat_mul}; its kernels for tensor cores are in {@code mat_mul_tensor}
   * @param operation how the kernels' names start
   * @param layout how the names of those for staged tiles end
   */
  ProductKernels(Kernels kernels, String file, String operation, String layout) {
    this.kernels = kernels;
    this.file = file;
    this.operation = operation;
    this.layout = layout;
  }

  /**
   * The kernel for an available tile. Small tiles always compute in single precision: rounding
   * would not make them faster.
   *
   * @param unit of {@link GemmTile#unit}
   */
  Kernel get(GemmTile tile, int unit, Precision precision) {
    boolean wide = unit > 1;
    int index = precision.ordinal() * VARIANTS + tile.ordinal() * 2 + (wide ? 1 : 0);
    Kernel kernel = found[index];
    if (kernel == null) {
      boolean small = tile == GemmTile.SMALL;
      String size = tile.name().toLowerCase(Locale.ROOT);
      size += tile.isStaged(precision) ? layout : wide && !small ? "4" : "1";
      kernel =
          small || precision == Precision.FP32
              ? kernels.get(file, operation + "_" + size)
              : kernels.get(file + "_tensor", operation + "_" + precision + "_" + size);
      found[index] = kernel;
    }
    return kernel.fresh();
  }

  /**
   * A copy in bfloat16, two numbers in the place of one.
   *
   * @param x its size is a multiple of eight
   */
  static Tensor rounded(Kernels kernels, Tensor x) {
    Tensor rounded = Tensor.empty(x.backend(), Shape.of(x.size() / 2));
    kernels
        .get("mat_mul_tensor", "mat_mul_round")
        .with(x)
        .with(rounded)
        .with(x.size() / 8)
        .launch(Kernels.blocks(x.size() / 8, ROUNDING_THREADS), ROUNDING_THREADS);
    return rounded;
  }
}
