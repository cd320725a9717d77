package dev.jdiffusion.cuda.backend;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import dev.jdiffusion.tensor.Backend;
import dev.jdiffusion.tensor.BackendUnavailableException;
import dev.jdiffusion.tensor.Backends;
import dev.jdiffusion.tensor.Device;
import dev.jdiffusion.tensor.IntTensor;
import dev.jdiffusion.tensor.MemoryStatistics;
import dev.jdiffusion.tensor.Precision;
import dev.jdiffusion.tensor.RandomKey;
import dev.jdiffusion.tensor.Scope;
import dev.jdiffusion.tensor.Shape;
import dev.jdiffusion.tensor.Tensor;
import dev.jdiffusion.tensor.ops.Elementwise.Binary;
import dev.jdiffusion.tensor.ops.Elementwise.Unary;
import dev.jdiffusion.tensor.ops.Loss;
import dev.jdiffusion.tensor.ops.Optimizer.AdamStep;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import java.util.function.Function;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("The CUDA backend")
final class CudaBackendTest {
  private static final Backend CPU = Backends.open(Device.CPU, 2);
  private static final Backend GPU = Backends.open(TestDevice.DEVICE, 2);

  private static Tensor normal(Backend backend, int seed, int size) {
    Tensor x = Tensor.empty(backend, Shape.of(size));
    backend.random().normal(new RandomKey(seed, 1, 2), IntTensor.of(7), x.reshape(1, size));
    return x;
  }

  /** Asserts that both devices compute the same bits. */
  private static void assertSameBits(Function<Backend, Tensor> computation) {
    try (Scope _ = Scope.open()) {
      assertArrayEquals(computation.apply(CPU).toFloats(), computation.apply(GPU).toFloats());
    }
  }

  @Test
  @DisplayName("draws normal numbers with the bits of the CPU's")
  void sameNormalNumbers() {
    assertSameBits(backend -> normal(backend, 5, 10_001));
  }

  @Test
  @DisplayName("drops the elements that the CPU drops")
  void sameDropout() {
    assertSameBits(backend -> {
      Tensor x = normal(backend, 6, 1003);
      backend.random().dropout(new RandomKey(-3, 4, 5), 0.3, x, x);
      return x;
    });
  }

  @ParameterizedTest
  @EnumSource(Unary.class)
  @DisplayName("computes functions of one number with the bits of the CPU's")
  void sameFunctions(Unary function) {
    assertSameBits(backend -> {
      Tensor x = normal(backend, 8, 1003);
      Tensor scaled = Tensor.empty(backend, x.shape());
      backend.elementwise().affine(x, 3, 0, scaled);
      if (function == Unary.LOG || function == Unary.SQRT) {
        backend.elementwise().unary(Unary.ABS, scaled, scaled);
      }
      backend.elementwise().unary(function, scaled, scaled);
      return scaled;
    });
  }

  @Test
  @DisplayName("takes steps of Adam with the bits of the CPU's")
  void sameAdam() {
    assertSameBits(backend -> {
      Tensor weight = normal(backend, 9, 1003);
      Tensor first = Tensor.zeros(backend, weight.shape());
      Tensor second = Tensor.zeros(backend, weight.shape());
      Tensor average = normal(backend, 9, 1003);
      for (int step = 1; step <= 3; step++) {
        Tensor gradient = normal(backend, 9 + step, 1003);
        AdamStep adam = new AdamStep(1e-3, 0.9, 0.999, 1e-8, 0.01, true, step, 0.99);
        Tensor numbers = Tensor.of(backend, Shape.of(AdamStep.NUMBERS), adam.numbers());
        Tensor factor = Tensor.scalar(backend, 0.5);
        backend.optimizer().adam(numbers, factor, weight, gradient, first, second, average);
      }
      backend.elementwise().binary(Binary.ADD, weight, average, weight);
      return weight;
    });
  }

  @Test
  @DisplayName("adds rows of one index to a table in the order of the CPU's")
  void sameEmbeddingGradient() {
    assertSameBits(backend -> {
      Tensor table = normal(backend, 11, 3 * 17).reshape(3, 17);
      int[] indices = new SplittableRandom(1).ints(40, 0, 3).toArray();
      Tensor dOut = normal(backend, 12, 40 * 17).reshape(40, 17);
      backend.embedding().backward(dOut, IntTensor.of(indices), table);
      return table;
    });
  }

  @Test
  @DisplayName("computes the same bits again")
  void deterministic() {
    Function<Backend, Tensor> loss =
        backend -> {
          Tensor x = normal(backend, 13, 100_003);
          Tensor y = normal(backend, 14, 100_003);
          Tensor out = Tensor.empty(backend, Shape.of(2));
          backend.loss().forward(Loss.Kind.HUBER, x, y, out.range(0, Shape.of()));
          backend.reduction().sumTo(x, out.range(1, Shape.of()), false);
          return out;
        };
    try (Scope _ = Scope.open()) {
      Backend other = Backends.open(TestDevice.DEVICE, 1);
      assertArrayEquals(loss.apply(GPU).toFloats(), loss.apply(other).toFloats());
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 1 << 20, (1 << 20) + 1, 3_000_001})
  @DisplayName("copies more than its staging memory holds")
  void largeCopies(int size) {
    try (Scope _ = Scope.open()) {
      float[] values = new float[size];
      for (int i = 0; i < size; i++) {
        values[i] = i ^ 0x5a5a;
      }
      Tensor x = Tensor.of(GPU, Shape.of(size), values);
      assertArrayEquals(values, x.toFloats());
      assertEquals(values[size - 1], x.toDoubles()[size - 1]);
    }
  }

  @Test
  @DisplayName("asks the driver for nothing when work is repeated")
  void poolsDoNotGrow() {
    Consumer<Backend> step =
        backend -> {
          try (Scope _ = Scope.open()) {
            Tensor x = normal(backend, 1, 3000);
            Tensor sum = Tensor.empty(backend, Shape.of());
            backend.reduction().sumTo(x, sum, false);
            assertTrue(backend.reduction().sumOfSquares(x) > 0);
          }
        };
    step.accept(GPU);
    MemoryStatistics before = GPU.memory();
    for (int i = 0; i < 20; i++) {
      step.accept(GPU);
    }
    assertEquals(before.allocations(), GPU.memory().allocations());
    assertEquals(before.inUse(), GPU.memory().inUse());
  }

  @Test
  @DisplayName("refuses tensors of another device")
  void refusesForeignTensors() {
    try (Scope _ = Scope.open()) {
      Tensor x = Tensor.zeros(CPU, Shape.of(3));
      Tensor out = Tensor.zeros(GPU, Shape.of(3));
      IllegalArgumentException refusal =
          assertThrows(
              IllegalArgumentException.class, () -> GPU.elementwise().unary(Unary.EXP, x, out));
      assertEquals("a tensor on cpu was given to a kernel of a GPU", refusal.getMessage());
      // The refused launch leaves nothing behind.
      GPU.elementwise().unary(Unary.EXP, out, out);
      assertArrayEquals(new float[] {1, 1, 1}, out.toFloats());
    }
  }

  @Test
  @DisplayName("refuses tensors that were freed")
  void refusesFreedTensors() {
    Tensor freed;
    try (Scope _ = Scope.open()) {
      freed = Tensor.zeros(GPU, Shape.of(3));
    }
    assertThrows(
        IllegalStateException.class, () -> GPU.elementwise().unary(Unary.EXP, freed, freed));
  }

  @ParameterizedTest
  @ValueSource(strings = {"first", "-1", "12345678901"})
  @DisplayName("refuses what is no number of a GPU")
  void refusesOtherIndices(String index) {
    BackendUnavailableException refusal =
        assertThrows(
            BackendUnavailableException.class, () -> Backends.open(new Device("cuda", index)));
    assertEquals(
        "'" + index + "' is neither the number of a GPU nor 'emulator'", refusal.getMessage());
  }

  @Test
  @DisplayName("speaks of the emulator where it could run instead: not with NVIDIA's libraries")
  void offersTheEmulatorForItsOwnKernelsOnly() {
    Device none = new Device("cuda", "9999");
    Vendor cublas =
        new Vendor((_, _, _) -> fail("there is no GPU to open cuBLAS for"), null, "cuBLAS");
    assertTrue(refusal(none, Vendor.NONE).contains("; cuda:emulator runs"));
    assertFalse(refusal(none, cublas).contains("emulator"));
  }

  private static String refusal(Device device, Vendor vendor) {
    return String.valueOf(
        assertThrows(
                BackendUnavailableException.class,
                () -> CudaBackendProvider.open(device, 1, Precision.FP32, vendor))
            .getMessage());
  }
}
