package dev.jdiffusion.cuda.backend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.jdiffusion.cuda.driver.GpuException;
import dev.jdiffusion.cuda.emulator.Emulation;
import dev.jdiffusion.cuda.emulator.EmulatorDriver;
import dev.jdiffusion.tensor.Device;
import dev.jdiffusion.tensor.Precision;
import dev.jdiffusion.tensor.Scope;
import dev.jdiffusion.tensor.Shape;
import dev.jdiffusion.tensor.Tensor;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("A counted run of an operation")
final class EmulatedRunTest {
  private static final int THREADS = 2;

  private static EmulatedRun.KernelCounts product(int size, String kernel) {
    EmulatedRun run = EmulatedRun.of(EmulatedOperation.MAT_MUL, size, kernel, THREADS);
    assertTrue(run.agrees(), kernel + ": " + run);
    assertEquals(1, run.kernels().size(), run.toString());
    return run.kernels().getFirst();
  }

  @ParameterizedTest
  @EnumSource
  @DisplayName("has the reference's result with all of its kernels, and counts them")
  void agreesWithTheReference(EmulatedOperation operation) {
    for (String kernel : EmulatedRun.kernelsOf(operation)) {
      EmulatedRun run = EmulatedRun.of(operation, 12, kernel, THREADS);
      assertTrue(run.agrees(), kernel + ": " + run);
      assertFalse(run.kernels().isEmpty(), kernel);
      for (EmulatedRun.KernelCounts each : run.kernels()) {
        assertTrue(each.counts().instructions() > 0, each.toString());
        assertTrue(each.counts().globalTransactions() > 0, each.toString());
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 33, 70})
  @DisplayName("of the naive product stays inside its matrices and is right at any size")
  void naiveProductIsRight(int size) {
    assertEquals("naive_mat_mul", product(size, "naive").kernel());
  }

  @Test
  @DisplayName("shows how much less a tiled product reads than a naive one")
  void tilesReadLess() {
    Emulation naive = product(64, "naive").counts();
    Emulation tiled = product(64, "medium").counts();
    // Of each of 64 steps a warp reads one number of a and 32 of b; then it stores 32.
    assertEquals(128 * (2 * 64 + 1), naive.globalAccesses());
    assertEquals(128 * (64 * (1 + 4) + 4), naive.globalTransactions());
    assertEquals(0, naive.sharedAccesses());
    // One tile: each operand is read once, the result written once.
    assertEquals(3 * 64 * 64 / 8, tiled.globalTransactions());
    assertEquals(tiled.leastTransactions(), tiled.globalTransactions());
    assertTrue(tiled.sharedAccesses() > 0);
  }

  @Test
  @DisplayName("of a kernel that leaves a tensor names its shape and argument, and ends at its end")
  void namesTheTensor() {
    try (EmulatorDriver driver = new EmulatorDriver(THREADS);
        Scope _ = Scope.open()) {
      CudaBackend backend =
          new CudaBackend(new Device("cuda", "emulator"), driver, Precision.FP32, null);
      Kernel product =
          new PtxLibrary(driver, driver.createStream()).get("naive_mat_mul", "naive_mat_mul");
      Tensor square = Tensor.zeros(backend, Shape.of(3, 3));
      // 24 bytes of a block of 512: the pool's blocks come in classes.
      Tensor small = Tensor.zeros(backend, Shape.of(2, 3));
      product.with(square).with(small).with(Tensor.empty(backend, Shape.of(3, 3)));
      product.with(3).with(3).with(3);
      String message =
          assertThrows(GpuException.class, () -> product.launch(1, 1, 1, 32, 8, 0)).getMessage();
      assertTrue(message.startsWith("naive_mat_mul, line "), message);
      assertTrue(
          message.endsWith(
              "reads 4 bytes 0 bytes behind the end of 'tensor [2, 3], argument 2' (24 bytes)"),
          message);
    }
  }

  @Test
  @DisplayName("names the grid that was started")
  void namesTheGrid() {
    EmulatedRun.KernelCounts counts = product(64, "naive");
    assertEquals(16, counts.blocks());
    assertEquals(256, counts.threads());
    assertEquals(1, counts.counts().launches());
  }

  @Test
  @DisplayName("joins the launches of a kernel")
  void joinsLaunches() {
    List<String> names =
        EmulatedRun.of(EmulatedOperation.GROUP_NORM, 8, EmulatedRun.USUAL, THREADS)
            .kernels()
            .stream()
            .map(EmulatedRun.KernelCounts::kernel)
            .toList();
    assertEquals(names.stream().distinct().toList(), names);
  }
}
