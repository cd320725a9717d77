package dev.jdiffusion.cuda.backend;

import dev.jdiffusion.tensor.Precision;
import dev.jdiffusion.tensor.Scope;
import dev.jdiffusion.tensor.Shape;
import dev.jdiffusion.tensor.Tensor;
import dev.jdiffusion.tensor.ops.Convolution;
import org.jspecify.annotations.Nullable;

/**
 * Convolution as matrix products over windows ({@code convolution.cu}). A 1x1 window that visits
 * every pixel is a plain product and goes to {@link CudaMatMul}; depthwise convolutions have
 * kernels of their own.
 */
final class CudaConvolution implements Convolution {
  private static final String FILE = "convolution";
  private static final int THREADS = 256;

  /** Threads of the depthwise kernels of activations. */
  private static final int DEPTHWISE_THREADS = 128;

  /** Neighbours in a row that a depthwise thread computes. */
  private static final int DEPTHWISE_PIXELS = 4;

  /** Channels that a warp reads side by side. */
  private static final int WARP = 32;

  /** Blocks that sums over pixels are cut into, if there are enough pixels. */
  private static final int BLOCKS_OF_SUMS = 264;

  private final Kernels kernels;
  private final ProductKernels forward;
  private final ProductKernels inputGrad;
  private final ProductKernels weightGrad;
  private final CudaMatMul matMul;
  private final Precision precision;
  private final @Nullable GemmTile always;

  /**
   * Convolutions on a device.
   *
   * @param always the tile of all products; null to choose by the extents
   */
  CudaConvolution(Kernels kernels, Precision precision, @Nullable GemmTile always) {
    this.kernels = kernels;
    this.forward = new ProductKernels(kernels, FILE, "convolution_forward", "");
    this.inputGrad = new ProductKernels(kernels, FILE, "convolution_input_grad", "");
    this.weightGrad = new ProductKernels(kernels, FILE, "convolution_weight_grad", "");
    this.precision = precision;
    this.always = always;
    matMul = new CudaMatMul(kernels, precision, always);
  }

  /** All extents of a call. */
  private record Extents(
      int images,
      int height,
      int width,
      int channels,
      int outHeight,
      int outWidth,
      int outChannels,
      int kh,
      int kw,
      Geometry geometry) {
    static Extents of(Tensor input, Tensor weight, Tensor out, Geometry geometry) {
      return new Extents(
          input.dim(0),
          input.dim(1),
          input.dim(2),
          input.dim(3),
          out.dim(1),
          out.dim(2),
          out.dim(3),
          weight.dim(0),
          weight.dim(1),
          geometry);
    }

    int groups() {
      return geometry.groups();
    }

    int stride() {
      return geometry.stride();
    }

    int padding() {
      return geometry.padding();
    }

    int inGroup() {
      return channels / groups();
    }

    int outGroup() {
      return outChannels / groups();
    }

    int pixels() {
      return images * height * width;
    }

    int outPixels() {
      return images * outHeight * outWidth;
    }

    boolean isProduct() {
      return kh == 1 && kw == 1 && stride() == 1 && padding() == 0 && groups() == 1;
    }

    boolean isDepthwise() {
      return groups() > 1 && channels == groups() && outChannels == groups();
    }

    /** Whether the window is a square of this size and visits every pixel. */
    boolean isSquare(int size) {
      return kh == size && kw == size && stride() == 1;
    }

    int unit(boolean aligned) {
      return GemmTile.unit(aligned, inGroup(), outGroup(), outGroup());
    }

    Kernel giveTo(Kernel kernel) {
      return kernel
          .with(images)
          .with(height)
          .with(width)
          .with(channels)
          .with(outHeight)
          .with(outWidth)
          .with(outChannels)
          .with(kh)
          .with(kw)
          .with(stride())
          .with(padding())
          .with(inGroup())
          .with(outGroup());
    }
  }

  @Override
  public void forward(
      Tensor input,
      Tensor weight,
      @Nullable Tensor bias,
      @Nullable Tensor residual,
      Geometry geometry,
      Tensor out) {
    Extents e = Extents.of(input, weight, out, geometry);
    if (out.size() == 0) {
      return;
    }
    if (e.isProduct()) {
      matMul.matMul(
          input.reshape(e.pixels(), e.channels),
          false,
          weight.reshape(e.channels, e.outChannels),
          false,
          bias,
          residual == null ? null : residual.reshape(e.pixels(), e.outChannels),
          out.reshape(e.pixels(), e.outChannels));
    } else if (e.isDepthwise()) {
      Kernel kernel = depthwise(e, "");
      kernel
          .with(input)
          .with(weight)
          .with(bias)
          .with(residual)
          .with(out)
          .with(e.images)
          .with(e.height)
          .with(e.width)
          .with(e.channels)
          .with(e.outHeight)
          .with(e.outWidth)
          .with(e.kh)
          .with(e.kw)
          .with(e.stride())
          .with(e.padding())
          .with(e.padding())
          .with(0)
          .launch(depthwiseBlocks(out), DEPTHWISE_THREADS);
    } else {
      int unit = e.unit(aligned(input, weight, out) && GemmTile.aligned(residual));
      GemmTile tile = tile(e.outPixels(), e.outGroup(), e.groups(), 0).available(unit, precision);
      Kernel kernel = forward.get(tile, unit, precision);
      try (Scope scope = Scope.open()) {
        if (tile.wantsRounded(precision)) {
          input = ProductKernels.rounded(kernels, input);
          weight = ProductKernels.rounded(kernels, weight);
        }
        e.giveTo(kernel.with(input).with(weight).with(bias).with(residual).with(out));
        tile.launch(kernel, tile.blocks(e.outPixels(), e.outGroup(), e.groups()), precision);
      }
    }
  }

  @Override
  public void inputGrad(
      Tensor dOut, Tensor weight, @Nullable Tensor bias, Geometry geometry, Tensor dInput) {
    Extents e = Extents.of(dInput, weight, dOut, geometry);
    if (dInput.size() == 0) {
      return;
    }
    if (e.isProduct()) {
      matMul.matMul(
          dOut.reshape(e.pixels(), e.outChannels),
          false,
          weight.reshape(e.channels, e.outChannels),
          true,
          bias,
          null,
          dInput.reshape(e.pixels(), e.channels));
    } else if (e.isDepthwise() && e.stride() == 1) {
      depthwise(e, "")
          .with(dOut)
          .with(weight)
          .with(bias)
          .with((Tensor) null)
          .with(dInput)
          .with(e.images)
          .with(e.outHeight)
          .with(e.outWidth)
          .with(e.channels)
          .with(e.height)
          .with(e.width)
          .with(e.kh)
          .with(e.kw)
          .with(1)
          .with(e.kh - 1 - e.padding())
          .with(e.kw - 1 - e.padding())
          .with(1)
          .launch(depthwiseBlocks(dInput), DEPTHWISE_THREADS);
    } else if (e.isDepthwise()) {
      kernels
          .get(FILE, "convolution_depthwise_input_grad")
          .with(dOut)
          .with(weight)
          .with(bias)
          .with(dInput)
          .with(e.images)
          .with(e.height)
          .with(e.width)
          .with(e.channels)
          .with(e.outHeight)
          .with(e.outWidth)
          .with(e.kh)
          .with(e.kw)
          .with(e.stride())
          .with(e.padding())
          .launch(Kernels.blocks(dInput.size(), DEPTHWISE_THREADS), DEPTHWISE_THREADS);
    } else {
      int unit = e.unit(aligned(dOut, weight, dInput));
      // One product for each class of pixels that see the same elements of the window.
      int stride = e.stride();
      int rows = e.images * ((e.height + stride - 1) / stride) * ((e.width + stride - 1) / stride);
      long products = (long) e.groups() * stride * stride;
      GemmTile tile = tile(rows, e.inGroup(), products, 0).available(unit, precision);
      Kernel kernel = inputGrad.get(tile, unit, precision);
      try (Scope scope = Scope.open()) {
        if (tile.wantsRounded(precision)) {
          dOut = ProductKernels.rounded(kernels, dOut);
          weight = ProductKernels.rounded(kernels, weight);
        }
        e.giveTo(kernel.with(dOut).with(weight).with(bias).with(dInput));
        tile.launch(kernel, tile.blocks(rows, e.inGroup(), products), precision);
      }
    }
  }

  @Override
  public void weightGrad(
      Tensor input, Tensor dOut, Geometry geometry, Tensor dWeight, @Nullable Tensor dBias) {
    Extents e = Extents.of(input, dWeight, dOut, geometry);
    if (e.outPixels() == 0) {
      return;
    }
    if (dWeight.size() > 0) {
      if (e.isProduct()) {
        Tensor matrix = dWeight.reshape(e.channels, e.outChannels);
        matMul.matMul(
            input.reshape(e.pixels(), e.channels),
            true,
            dOut.reshape(e.pixels(), e.outChannels),
            false,
            null,
            matrix,
            matrix);
      } else if (e.isDepthwise()) {
        depthwiseWeightGrad(e, input, dOut, dWeight);
      } else {
        productWeightGrad(e, input, dOut, dWeight);
      }
    }
    if (dBias != null && dBias.size() > 0) {
      biasGrad(e, dOut, dBias);
    }
  }

  private void productWeightGrad(Extents e, Tensor input, Tensor dOut, Tensor dWeight) {
    int unit = e.unit(aligned(input, dOut, dWeight));
    int rows = e.kh * e.kw * e.inGroup();
    int depth = e.outPixels();
    Precision rounding = GemmTile.ofWeightGradients(precision);
    GemmTile tile = tile(rows, e.outGroup(), e.groups(), depth).available(unit, rounding);
    long blocks = tile.blocks(rows, e.outGroup(), e.groups());
    int piece = tile.piece(depth, blocks, dWeight.size());
    int pieces = GemmTile.pieces(depth, piece);
    Kernel kernel = weightGrad.get(tile, unit, rounding);
    try (Scope scope = Scope.open()) {
      Tensor result =
          pieces == 1 ? dWeight : Tensor.empty(dWeight.backend(), Shape.of(pieces, dWeight.size()));
      e.giveTo(kernel.with(input).with(dOut).with(result)).with(pieces).with(piece);
      tile.launch(kernel, blocks * pieces, rounding);
      if (pieces > 1) {
        add(result, pieces, dWeight);
      }
    }
  }

  private void depthwiseWeightGrad(Extents e, Tensor input, Tensor dOut, Tensor dWeight) {
    int lines = e.images * e.outHeight;
    int size = e.isSquare(7) ? 7 : e.isSquare(3) ? 3 : 0;
    int tiles =
        Kernels.blocks(e.channels, WARP) * (size > 0 ? 1 : Kernels.blocks((long) e.kh * e.kw, 4));
    int piece = pieceOfSum(lines, tiles, 4);
    int pieces = GemmTile.pieces(lines, piece);
    Kernel kernel = depthwise(e, "weight_grad_");
    try (Scope scope = Scope.open()) {
      Tensor partial = Tensor.empty(dWeight.backend(), Shape.of(pieces, dWeight.size()));
      kernel
          .with(input)
          .with(dOut)
          .with(partial)
          .with(e.images)
          .with(e.height)
          .with(e.width)
          .with(e.channels)
          .with(e.outHeight)
          .with(e.outWidth);
      if (size == 0) {
        kernel.with(e.kh).with(e.kw).with(e.stride());
      }
      kernel
          .with(e.padding())
          .with(piece)
          .launch(tiles * pieces, size > 0 ? WARP * size : 4 * WARP);
      add(partial, pieces, dWeight);
    }
  }

  private void biasGrad(Extents e, Tensor dOut, Tensor dBias) {
    int tiles = Kernels.blocks(e.outChannels, WARP);
    int piece = pieceOfSum(e.outPixels(), tiles, 64);
    int pieces = GemmTile.pieces(e.outPixels(), piece);
    try (Scope scope = Scope.open()) {
      Tensor partial = Tensor.empty(dBias.backend(), Shape.of(pieces, dBias.size()));
      kernels
          .get(FILE, "convolution_bias_grad")
          .with(dOut)
          .with(partial)
          .with(e.outPixels())
          .with(e.outChannels)
          .with(piece)
          .launch(tiles * pieces, THREADS);
      add(partial, pieces, dBias);
    }
  }

  private void add(Tensor partial, int pieces, Tensor target) {
    kernels
        .get(FILE, "convolution_add")
        .with(partial)
        .with(pieces)
        .with(target.size())
        .with(target)
        .launch(Kernels.blocks(target.size(), THREADS), THREADS);
  }

  /** Terms of each piece of a sum, so that pieces of all tiles make enough blocks. */
  private static int pieceOfSum(int terms, int tiles, int shortest) {
    int pieces = Math.max(1, BLOCKS_OF_SUMS / tiles);
    return Math.max(shortest, (terms + pieces - 1) / pieces);
  }

  private Kernel depthwise(Extents e, String method) {
    String window = e.isSquare(7) ? "7x7" : e.isSquare(3) ? "3x3" : "any";
    return kernels.get(FILE, "convolution_depthwise_" + method + window);
  }

  private static int depthwiseBlocks(Tensor out) {
    int strips = Kernels.blocks(out.dim(2), DEPTHWISE_PIXELS);
    return Kernels.blocks((long) out.dim(0) * out.dim(1) * strips * out.dim(3), DEPTHWISE_THREADS);
  }

  private GemmTile tile(int rows, int columns, long products, int depth) {
    return always != null ? always : GemmTile.choose(rows, columns, products, depth);
  }

  private static boolean aligned(Tensor a, Tensor b, Tensor c) {
    return GemmTile.aligned(a) && GemmTile.aligned(b) && GemmTile.aligned(c);
  }
}
