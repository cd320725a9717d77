package dev.jdiffusion.cuda.backend;

import dev.jdiffusion.tensor.Precision;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** The kernels of one operation, one for each tile, width of loads and precision. */
final class ProductKernels {
  private static final int VARIANTS = GemmTile.values().length * 2;

  private final Kernels kernels;
  private final String file;
  private final String operation;

  /** Found by number, so that a launch puts no names together. */
  private final @Nullable Kernel[] found = new Kernel[Precision.values().length * VARIANTS];

  /**
   * The kernels of an operation.
   *
   * @param file such as {@code mat_mul}; its kernels for tensor cores are in {@code mat_mul_tensor}
   * @param operation how the kernels' names start
   */
  ProductKernels(Kernels kernels, String file, String operation) {
    this.kernels = kernels;
    this.file = file;
    this.operation = operation;
  }

  /**
   * The kernel for an available tile. Small tiles always compute in single precision: rounding
   * would not make them faster.
   */
  Kernel get(GemmTile tile, boolean wide, Precision precision) {
    int index = precision.ordinal() * VARIANTS + tile.ordinal() * 2 + (wide ? 1 : 0);
    Kernel kernel = found[index];
    if (kernel == null) {
      boolean small = tile == GemmTile.SMALL;
      String size = tile.name().toLowerCase(Locale.ROOT) + (wide && !small ? "4" : "1");
      kernel =
          small || precision == Precision.FP32
              ? kernels.get(file, operation + "_" + size)
              : kernels.get(file + "_tensor", operation + "_" + precision + "_" + size);
      found[index] = kernel;
    }
    return kernel.fresh();
  }
}
