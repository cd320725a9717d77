package dev.jdiffusion.cuda.backend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.jdiffusion.cuda.driver.GpuException;
import dev.jdiffusion.cuda.emulator.EmulatorDriver;
import dev.jdiffusion.cuda.vendor.FakeCublas;
import dev.jdiffusion.cuda.vendor.FakeCudnn;
import dev.jdiffusion.cuda.vendor.VendorLibrary;
import dev.jdiffusion.tensor.Backend;
import dev.jdiffusion.tensor.Device;
import dev.jdiffusion.tensor.Precision;
import dev.jdiffusion.tensor.Shape;
import dev.jdiffusion.tensor.Tensor;
import dev.jdiffusion.tensor.conformance.BackendConformanceTest;
import dev.jdiffusion.tensor.ops.Convolution.Geometry;
import java.io.IOException;
import java.lang.foreign.SymbolLookup;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Products by NVIDIA's libraries, of which there are fakes that compute in plain loops what they
 * are asked for, in the memory of the emulator. All else is real: JCuda with its native code, the
 * calls through {@code java.lang.foreign}, extents, strides, descriptors, addresses.
 */
@DisplayName("Products by the vendor's libraries")
@EnabledOnOs(value = OS.LINUX, architectures = "amd64")
final class VendorConformanceTest {
  private static final Device DEVICE = new Device("cuda", "emulator");

  @TempDir private static Path directory;
  private static FakeCublas cublas;
  private static FakeCudnn cudnn;

  @BeforeAll
  static void replaceTheLibraries() throws IOException {
    cublas = new FakeCublas(directory, "libcublas.so.12", 12);
    cudnn = new FakeCudnn(directory, "libcudnn.so.8", 8);
  }

  @BeforeEach
  void reset() {
    cublas.computeTypes.clear();
    cublas.settings.clear();
    cublas.failure = 0;
    cudnn.mathTypes.clear();
    cudnn.nothingDeterministic = false;
  }

  private enum Way {
    JCUDA("12.6.4", "8.9.7"),
    FOREIGN("13.0.2", "9.1.0");

    private final String versionOfCublas;
    private final String versionOfCudnn;

    Way(String versionOfCublas, String versionOfCudnn) {
      this.versionOfCublas = versionOfCublas;
      this.versionOfCudnn = versionOfCudnn;
    }

    Backend open(Precision precision) {
      EmulatorDriver driver = new EmulatorDriver(2);
      cublas.use(driver);
      cudnn.use(driver);
      Map<VendorProducts, VendorLibrary.Found> libraries = new EnumMap<>(VendorProducts.class);
      libraries.put(VendorProducts.CUBLAS, found("cuBLAS", versionOfCublas, cublas.symbols()));
      libraries.put(VendorProducts.CUDNN, found("cuDNN", versionOfCudnn, cudnn.symbols()));
      Vendor vendor = VendorProducts.vendor(precision, libraries);
      return new CudaBackend(DEVICE, driver, precision, null, vendor);
    }

    private static VendorLibrary.Found found(String name, String version, SymbolLookup symbols) {
      return new VendorLibrary.Found(name, version, "fake", symbols);
    }
  }

  private static List<String> cases() {
    return List.of("matMul", "conv2d");
  }

  @Nested
  @DisplayName("through JCuda")
  final class ThroughJcuda extends BackendConformanceTest {
    @Override
    protected List<Backend> backends() {
      return List.of(Way.JCUDA.open(Precision.FP32));
    }

    @Override
    protected List<String> prefixes() {
      return cases();
    }
  }

  @Nested
  @DisplayName("through java.lang.foreign")
  final class ThroughForeign extends BackendConformanceTest {
    @Override
    protected List<Backend> backends() {
      return List.of(Way.FOREIGN.open(Precision.FP32));
    }

    @Override
    protected List<String> prefixes() {
      return cases();
    }
  }

  /** A product, one with a transposed first matrix, and a convolution. */
  private static void compute(Backend backend) {
    Tensor a = Tensor.zeros(backend, Shape.of(3, 2));
    Tensor out = Tensor.zeros(backend, Shape.of(3, 3));
    backend.matMul().matMul(a, false, a, true, null, null, out);
    backend.matMul().matMul(out, true, out, false, null, null, Tensor.zeros(backend, out.shape()));
    backend
        .convolution()
        .forward(
            Tensor.zeros(backend, Shape.of(1, 4, 4, 2)),
            Tensor.zeros(backend, Shape.of(3, 3, 2, 5)),
            null,
            null,
            new Geometry(1, 0, 1),
            Tensor.zeros(backend, Shape.of(1, 2, 2, 5)));
  }

  @ParameterizedTest
  @EnumSource
  @DisplayName("round operands as --precision says, but where cuDNN cannot")
  void precisions(Way way) {
    compute(way.open(Precision.FP32));
    compute(way.open(Precision.TF32));
    compute(way.open(Precision.BF16));
    // CUBLAS_COMPUTE_32F, _32F_FAST_TF32 and _32F_FAST_16BF; the second product is a gradient's.
    assertEquals(List.of(68, 68, 77, 77, 75, 77), cublas.computeTypes);
    // CUDNN_FMA_MATH and CUDNN_DEFAULT_MATH.
    assertEquals(List.of(3, 0, 0), cudnn.mathTypes);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ':',
      value = {
        "JCUDA:cuBLAS 12.6.4 (fake) through JCuda, cuDNN 8.9.7 (fake) through JCuda",
        "FOREIGN:cuBLAS 13.0.2 (fake) through java.lang.foreign (JCuda calls cuBLAS 12 alone),"
            + " cuDNN 9.1.0 (fake) through java.lang.foreign (JCuda calls cuDNN 8 alone)"
      })
  @DisplayName("are called through JCuda where it was built for their version")
  void ways(Way way, String description) {
    assertEquals(
        "cuda:emulator: PTX emulator, compute capability 8.0, 8 multiprocessors, " + description,
        way.open(Precision.FP32).description());
    assertEquals(
        way.open(Precision.FP32).description() + ", which convolves floats in tf32, not in bf16",
        way.open(Precision.BF16).description());
  }

  @ParameterizedTest
  @EnumSource
  @DisplayName("work in the backend's stream, and in memory that they are given")
  void settings(Way way) {
    Backend backend = way.open(Precision.FP32);
    assertEquals(2, cublas.settings.size(), cublas.settings::toString);
    assertEquals("workspace 4194304", cublas.settings.get(1));
    assertEquals(4 << 20, backend.memory().inUse());
  }

  @ParameterizedTest
  @EnumSource
  @DisplayName("that fail say with which extents and how")
  void failures(Way way) {
    Backend backend = way.open(Precision.TF32);
    cublas.failure = 15;
    GpuException failure = assertThrows(GpuException.class, () -> compute(backend));
    assertEquals(
        "cublasGemmStridedBatchedEx (TN m 3 n 3 k 2 batch 1 tf32) failed with"
            + " CUBLAS_STATUS_NOT_SUPPORTED",
        failure.getMessage());
  }

  @ParameterizedTest
  @EnumSource
  @DisplayName("are refused where they would give other bits each time")
  void nothingDeterministic(Way way) {
    Backend backend = way.open(Precision.FP32);
    cudnn.nothingDeterministic = true;
    GpuException failure = assertThrows(GpuException.class, () -> compute(backend));
    assertEquals(
        "cuDNN has no deterministic algorithm for cudnnConvolutionForward, input [1, 4, 4, 2],"
            + " weight [3, 3, 2, 5], stride 1, padding 0, groups 1, fp32",
        failure.getMessage());
  }
}
