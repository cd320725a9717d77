package dev.jdiffusion.cuda.backend;

import static org.junit.jupiter.api.Assumptions.abort;

import dev.jdiffusion.tensor.Backend;
import dev.jdiffusion.tensor.BackendUnavailableException;
import dev.jdiffusion.tensor.Precision;
import dev.jdiffusion.tensor.conformance.BackendConformanceTest;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Nested;

/**
 * Products by cuBLAS and convolutions by cuDNN on the device of {@link TestDevice}, which has to be
 * a GPU. The build does not run it: {@code scripts/gpu-bundle} takes it to one.
 */
@DisplayName("NVIDIA's libraries on a GPU")
final class VendorDeviceConformance {
  private abstract static class Conformance extends BackendConformanceTest {
    private final VendorProducts library;
    private final Precision precision;
    private final double rounding;

    Conformance(VendorProducts library, Precision precision, double rounding) {
      this.library = library;
      this.precision = precision;
      this.rounding = rounding;
    }

    @Override
    protected List<Backend> backends() {
      try {
        return List.of(VendorProducts.open(TestDevice.DEVICE, 1, precision, List.of(library)));
      } catch (BackendUnavailableException e) {
        String skip = "skipped: " + library.label() + " in " + precision + ": " + e.getMessage();
        System.out.println(skip);
        return abort(skip);
      }
    }

    /** Operands may be rounded towards zero as well as to nearest. */
    @Override
    protected double operandRounding() {
      return rounding;
    }

    @Override
    protected List<String> prefixes() {
      return List.of(library == VendorProducts.CUBLAS ? "matMul" : "conv2d");
    }
  }

  @Nested
  @DisplayName("cuBLAS in single precision")
  final class CublasFp32 extends Conformance {
    CublasFp32() {
      super(VendorProducts.CUBLAS, Precision.FP32, 0);
    }
  }

  @Nested
  @DisplayName("cuBLAS in TF32")
  final class CublasTf32 extends Conformance {
    CublasTf32() {
      super(VendorProducts.CUBLAS, Precision.TF32, 0x1p-10);
    }
  }

  @Nested
  @DisplayName("cuBLAS in bfloat16")
  final class CublasBf16 extends Conformance {
    CublasBf16() {
      super(VendorProducts.CUBLAS, Precision.BF16, 0x1p-7);
    }
  }

  @Nested
  @DisplayName("cuDNN in single precision")
  final class CudnnFp32 extends Conformance {
    CudnnFp32() {
      super(VendorProducts.CUDNN, Precision.FP32, 0);
    }
  }

  @Nested
  @DisplayName("cuDNN in TF32")
  final class CudnnTf32 extends Conformance {
    CudnnTf32() {
      super(VendorProducts.CUDNN, Precision.TF32, 0x1p-10);
    }
  }
}
