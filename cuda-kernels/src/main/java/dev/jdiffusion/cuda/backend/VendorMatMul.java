package dev.jdiffusion.cuda.backend;

import dev.jdiffusion.cuda.driver.GpuDriver;
import dev.jdiffusion.cuda.driver.GpuStream;
import dev.jdiffusion.cuda.vendor.Cublas;
import dev.jdiffusion.tensor.Precision;
import dev.jdiffusion.tensor.Tensor;
import dev.jdiffusion.tensor.ops.Elementwise;
import dev.jdiffusion.tensor.ops.MatMul;
import org.jspecify.annotations.Nullable;

/**
 * Matrix products by cuBLAS, to compare {@link CudaMatMul} with. The order of its sums is its own.
 * A residual is what it adds to; a bias comes after, from this project's kernel.
 */
final class VendorMatMul implements MatMul {
  /** What NVIDIA recommends for compute capability 9, and for those before. */
  private static final long WORKSPACE_BYTES = 32L << 20;

  private static final long WORKSPACE_BYTES_BEFORE_9 = 4L << 20;

  private final GpuDriver driver;
  private final GpuStream stream;
  private final CudaMemory memory;
  private final Elementwise elementwise;
  private final Precision precision;
  private final Cublas cublas;

  VendorMatMul(
      GpuDriver driver,
      GpuStream stream,
      CudaMemory memory,
      Elementwise elementwise,
      Precision precision,
      Vendor.CublasOpener opener) {
    this.driver = driver;
    this.stream = stream;
    this.memory = memory;
    this.elementwise = elementwise;
    this.precision = precision;
    // Its own for good: memory that cuBLAS would take itself cannot be part of a recording.
    long bytes = driver.device().major() >= 9 ? WORKSPACE_BYTES : WORKSPACE_BYTES_BEFORE_9;
    long workspace = memory.allocator().allocate(bytes, "cuBLAS").address();
    cublas = opener.open(driver.nativeStream(stream), workspace, bytes);
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
    if (residual != null) {
      memory.copy(residual, out);
    } else if (e.k() == 0) {
      memory.fill(out, 0);
    }
    if (e.k() > 0) {
      // Makes the device the thread's, as cuBLAS wants it.
      driver.nativeStream(stream);
      cublas.gemm(
          Cublas.Gemm.ofRows(
              e.m(),
              e.n(),
              e.k(),
              CudaMemory.address(a),
              transposeA,
              e.nextA(),
              CudaMemory.address(b),
              transposeB,
              e.nextB(),
              residual == null ? 0 : 1,
              CudaMemory.address(out),
              e.batch(),
              transposeA ? GemmTile.ofWeightGradients(precision) : precision));
    }
    if (bias != null) {
      elementwise.binary(Elementwise.Binary.ADD, out, bias, out);
    }
  }
}
