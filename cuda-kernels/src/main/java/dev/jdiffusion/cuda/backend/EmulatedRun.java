package dev.jdiffusion.cuda.backend;

import dev.jdiffusion.cuda.driver.GpuStream;
import dev.jdiffusion.cuda.emulator.Emulation;
import dev.jdiffusion.cuda.emulator.EmulatorDriver;
import dev.jdiffusion.tensor.Backends;
import dev.jdiffusion.tensor.Device;
import dev.jdiffusion.tensor.Precision;
import dev.jdiffusion.tensor.Scope;
import dev.jdiffusion.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * One operation on the emulator, and what its kernels did.
 *
 * @param kernels in the order in which they first ran
 * @param difference the largest difference of an element from the {@code reference} backend's
 * @param largest the largest magnitude of an element of the reference's result
 */
public record EmulatedRun(List<KernelCounts> kernels, double difference, double largest) {
  /** The kernels that an operation chooses by itself. */
  public static final String USUAL = "usual";

  private static final String NAIVE = "naive";
  private static final int NAIVE_COLUMNS = 32;
  private static final int NAIVE_ROWS = 8;
  private static final int WIDE = 4;
  private static final double TOLERANCE = 1e-5;

  /**
   * All launches of one kernel.
   *
   * @param threads of a block
   */
  public record KernelCounts(String kernel, long blocks, int threads, Emulation counts) {}

  /** Whether the result is the reference's, but for rounding. */
  public boolean agrees() {
    return difference <= TOLERANCE * Math.max(1, largest);
  }

  /** The names of the kernels that an operation can be run with; the first is the usual one. */
  public static List<String> kernelsOf(EmulatedOperation operation) {
    List<String> names = new ArrayList<>(List.of(USUAL));
    if (operation.hasTiles()) {
      for (GemmTile tile : GemmTile.values()) {
        if (tile.available(WIDE, Precision.FP32) == tile) {
          names.add(tile.name().toLowerCase(Locale.ROOT));
        }
      }
    }
    if (operation == EmulatedOperation.MAT_MUL) {
      names.add(NAIVE);
    }
    return names;
  }

  /**
   * Runs an operation with all checks on.
   *
   * @param kernel one of {@link #kernelsOf}
   * @param threads of the host
   */
  public static EmulatedRun of(EmulatedOperation operation, int size, String kernel, int threads) {
    float[] expected;
    try (Scope scope = Scope.open()) {
      EmulatedOperation.Draw draw =
          EmulatedOperation.Draw.on(Backends.open(Device.REFERENCE, threads));
      expected = operation.work().run(draw, size).toFloats();
    }
    List<KernelCounts> launches = new ArrayList<>();
    float[] actual;
    try (EmulatorDriver driver =
            new EmulatorDriver(
                threads,
                (name, blocks, blockThreads, counts) ->
                    launches.add(new KernelCounts(name, blocks, blockThreads, counts)));
        Scope scope = Scope.open()) {
      CudaBackend backend =
          new CudaBackend(new Device("cuda", "emulator"), driver, Precision.FP32, tile(kernel));
      EmulatedOperation.Draw draw = EmulatedOperation.Draw.on(backend);
      Tensor result =
          kernel.equals(NAIVE) ? naive(draw, size, driver) : operation.work().run(draw, size);
      actual = result.toFloats();
    }
    double difference = 0;
    double largest = 0;
    for (int i = 0; i < expected.length; i++) {
      difference = Math.max(difference, Math.abs((double) actual[i] - expected[i]));
      largest = Math.max(largest, Math.abs(expected[i]));
    }
    return new EmulatedRun(joined(launches), difference, largest);
  }

  private static @Nullable GemmTile tile(String kernel) {
    return Arrays.stream(GemmTile.values())
        .filter(tile -> tile.name().equalsIgnoreCase(kernel))
        .findFirst()
        .orElse(null);
  }

  /** The product of {@code naive_mat_mul.cu}, which no backend uses. */
  private static Tensor naive(EmulatedOperation.Draw draw, int size, EmulatorDriver driver) {
    GpuStream stream = driver.createStream();
    Tensor a = draw.tensor(size, size);
    Tensor b = draw.tensor(size, size);
    Tensor out = draw.empty(size, size);
    new PtxLibrary(driver, stream)
        .get("naive_mat_mul", "naive_mat_mul")
        .with(a)
        .with(b)
        .with(out)
        .with(size)
        .with(size)
        .with(size)
        .launch(
            Kernels.blocks(size, NAIVE_COLUMNS),
            Kernels.blocks(size, NAIVE_ROWS),
            1,
            NAIVE_COLUMNS,
            NAIVE_ROWS,
            0);
    return out;
  }

  private static List<KernelCounts> joined(List<KernelCounts> launches) {
    List<KernelCounts> kernels = new ArrayList<>();
    for (KernelCounts launch : launches) {
      int at = 0;
      while (at < kernels.size() && !kernels.get(at).kernel.equals(launch.kernel)) {
        at++;
      }
      if (at == kernels.size()) {
        kernels.add(launch);
      } else {
        KernelCounts before = kernels.get(at);
        kernels.set(
            at,
            new KernelCounts(
                launch.kernel,
                before.blocks + launch.blocks,
                launch.threads,
                before.counts.plus(launch.counts)));
      }
    }
    return kernels;
  }
}
