package dev.jdiffusion.cuda.backend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.jdiffusion.cuda.emulator.Emulation;
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
