package dev.jdiffusion.cuda.backend;

import dev.jdiffusion.cuda.driver.GpuDriver;
import dev.jdiffusion.tensor.Backend;
import dev.jdiffusion.tensor.Backends;
import dev.jdiffusion.tensor.Device;
import dev.jdiffusion.tensor.Precision;
import dev.jdiffusion.tensor.Scope;
import dev.jdiffusion.tensor.Shape;
import dev.jdiffusion.tensor.Tensor;
import dev.jdiffusion.tensor.conformance.Cases;
import dev.jdiffusion.tensor.conformance.ConformanceCase;
import dev.jdiffusion.tensor.ops.Convolution.Geometry;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Work for kernels that fails if they compute something wrong.
 *
 * @param tile of all products; null to choose by the extents
 * @param check throws an {@link AssertionError} or what the driver throws
 */
record Exercise(
    String name, Precision precision, @Nullable GemmTile tile, Consumer<Backend> check) {
  private static final Device EMULATOR = new Device("cuda", "emulator");
  private static final long SEED = 11;

  /**
   * The conformance suite, and products with every tile: its tensors are small, so they choose few
   * tiles.
   */
  static List<Exercise> all() {
    List<Exercise> all = new ArrayList<>();
    for (ConformanceCase each : Cases.all()) {
      all.add(new Exercise(each.name(), Precision.FP32, null, each::verify));
    }
    for (Extents extents : Extents.ALL) {
      float[] expected = products(Backends.open(Device.REFERENCE), extents);
      for (Precision precision : Precision.values()) {
        for (GemmTile tile : GemmTile.values()) {
          String name = "products of %s, %s, %s".formatted(extents, precision, tile);
          all.add(
              new Exercise(
                  name,
                  precision,
                  tile,
                  backend -> check(name, expected, products(backend, extents))));
        }
      }
    }
    return all;
  }

  /** What {@link #check} is to be given. */
  Backend backend(GpuDriver driver) {
    return new CudaBackend(EMULATOR, driver, precision, tile);
  }

  /**
   * Extents of a product. Of 123 rows, and of each of these numbers of columns where a tile has
   * wide loads or not, the first that does not exist is the last of some thread, in every tile.
   */
  private record Extents(int columns, int depth) {
    static final List<Extents> ALL =
        List.of(
            new Extents(120, 104),
            new Extents(124, 100),
            new Extents(123, 100),
            new Extents(124, 99));

    static final int ROWS = 123;

    /** Rows where they are contiguous in memory, so that they must be fours for wide loads. */
    int contiguousRows() {
      return columns % 4 == 0 && depth % 4 == 0 ? 124 : ROWS;
    }
  }

  private static void check(String name, float[] expected, float[] actual) {
    for (int i = 0; i < expected.length; i++) {
      if (actual[i] != expected[i]) {
        throw new AssertionError(
            "%s: element %d is %s, not %s".formatted(name, i, actual[i], expected[i]));
      }
    }
  }

  /**
   * Matrix products, convolutions and their gradients. Small integers are exact in every precision,
   * and so are their sums.
   */
  private static float[] products(Backend backend, Extents extents) {
    SplittableRandom random = new SplittableRandom(SEED);
    int n = extents.columns;
    int k = extents.depth;
    try (Scope scope = Scope.open()) {
      Tensor a = draw(backend, random, Shape.of(Extents.ROWS, k));
      Tensor b = draw(backend, random, Shape.of(k, n));
      Result plain = new Result(backend, random, Shape.of(Extents.ROWS, n));
      backend.matMul().matMul(a, false, b, false, null, null, plain.tensor);
      Tensor bTransposed = draw(backend, random, Shape.of(n, k));
      Result right = new Result(backend, random, Shape.of(Extents.ROWS, n));
      backend.matMul().matMul(a, false, bTransposed, true, null, null, right.tensor);
      int m = extents.contiguousRows();
      Tensor aTransposed = draw(backend, random, Shape.of(k, m));
      Result left = new Result(backend, random, Shape.of(m, n));
      backend.matMul().matMul(aTransposed, true, b, false, null, left.tensor, left.tensor);

      // One pixel beyond the edge of each side makes 3 x 41 pixels of 1 x 39.
      Geometry padded = new Geometry(1, 1, 1);
      Tensor x = draw(backend, random, Shape.of(1, 1, 39, k));
      Tensor weight = draw(backend, random, Shape.of(1, 1, k, n));
      Result y = new Result(backend, random, Shape.of(1, 3, 41, n));
      backend.convolution().forward(x, weight, null, null, padded, y.tensor);
      // A window of 1 x 2 makes 3 x 40 pixels of 3 x 41.
      Geometry dense = new Geometry(1, 0, 1);
      Tensor dY = draw(backend, random, Shape.of(1, 3, 40, k));
      Tensor wide = draw(backend, random, Shape.of(1, 2, n, k));
      Result dX = new Result(backend, random, Shape.of(1, 3, 41, n));
      backend.convolution().inputGrad(dY, wide, null, dense, dX.tensor);
      // In steps of two, 3 x 41 pixels of 6 x 82 see the same elements of the window.
      Geometry strided = new Geometry(2, 0, 1);
      Result dStrided = new Result(backend, random, Shape.of(1, 6, 82, n));
      Tensor dSteps = draw(backend, random, Shape.of(1, 3, 41, k));
      backend.convolution().inputGrad(dSteps, wide, null, strided, dStrided.tensor);
      Tensor small = draw(backend, random, Shape.of(1, 1, 5, m));
      Tensor dSmall = draw(backend, random, Shape.of(1, 3, 7, n));
      Result dWeight = new Result(backend, random, Shape.of(1, 1, m, n));
      backend.convolution().weightGrad(small, dSmall, padded, dWeight.tensor, null);
      return concat(plain, right, left, y, dX, dStrided, dWeight);
    }
  }

  /** A tensor at the start of a larger one, the rest of which no kernel may change. */
  private record Result(Tensor whole, Tensor tensor) {
    private static final int REST = 1024;

    Result(Backend backend, SplittableRandom random, Shape shape) {
      this(draw(backend, random, Shape.of(shape.size() + REST)), shape);
    }

    private Result(Tensor whole, Shape shape) {
      this(whole, whole.range(0, shape));
    }
  }

  private static float[] concat(Result... results) {
    int length = 0;
    for (Result result : results) {
      length += result.whole.size();
    }
    float[] all = new float[length];
    int at = 0;
    for (Result result : results) {
      System.arraycopy(result.whole.toFloats(), 0, all, at, result.whole.size());
      at += result.whole.size();
    }
    return all;
  }

  private static Tensor draw(Backend backend, SplittableRandom random, Shape shape) {
    float[] values = new float[shape.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = random.nextInt(-4, 5);
    }
    return Tensor.of(backend, shape, values);
  }
}
