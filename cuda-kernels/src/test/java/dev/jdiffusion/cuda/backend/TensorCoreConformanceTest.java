package dev.jdiffusion.cuda.backend;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.jdiffusion.cuda.driver.GpuDriver;
import dev.jdiffusion.tensor.Backend;
import dev.jdiffusion.tensor.Precision;
import dev.jdiffusion.tensor.conformance.BackendConformanceTest;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Nested;

/** Products with rounded operands, all in a tile of tensor cores. */
@DisplayName("Tensor cores")
final class TensorCoreConformanceTest {
  private static Backend open(Precision precision) {
    GpuDriver driver = TestDevice.open();
    assumeTrue(TestDevice.hasTensorCores(driver), "skipped: the GPU is too old");
    return new CudaBackend(TestDevice.DEVICE, driver, precision, GemmTile.MEDIUM);
  }

  @Nested
  @DisplayName("in TF32")
  final class Tf32 extends BackendConformanceTest {
    @Override
    protected List<Backend> backends() {
      return List.of(open(Precision.TF32));
    }

    @Override
    protected double operandRounding() {
      return 0x1p-11;
    }

    @Override
    protected List<String> prefixes() {
      return List.of("matMul", "conv2d");
    }
  }

  @Nested
  @DisplayName("in bfloat16")
  final class Bf16 extends BackendConformanceTest {
    @Override
    protected List<Backend> backends() {
      return List.of(open(Precision.BF16));
    }

    @Override
    protected double operandRounding() {
      return 0x1p-8;
    }

    @Override
    protected List<String> prefixes() {
      return List.of("matMul", "conv2d");
    }
  }
}
