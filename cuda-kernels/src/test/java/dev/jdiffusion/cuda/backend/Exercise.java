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
    for (Precision precision : Precision.values()) {
      for (GemmTile tile : GemmTile.values()) {
        for (int columns : new int[] {36, 33}) {
          String name = "products of %d columns, %s, %s".formatted(columns, precision, tile);
          all.add(
              new Exercise(
                  name, precision, tile, backend -> checkProducts(backend, name, columns)));
        }
      }
    }
    return all;
  }

  /** What {@link #check} is to be given. */
  Backend backend(GpuDriver driver) {
    return new CudaBackend(EMULATOR, driver, precision, tile);
  }

  /** A matrix product, a convolution and its gradients against the reference. */
  private static void checkProducts(Backend backend, String name, int columns) {
    // Small integers are exact in every precision, and so are their sums.
    float[] expected = products(Backends.open(Device.REFERENCE), columns);
    float[] actual = products(backend, columns);
    for (int i = 0; i < expected.length; i++) {
      if (actual[i] != expected[i]) {
        throw new AssertionError(
            "%s: element %d is %s, not %s".formatted(name, i, actual[i], expected[i]));
      }
    }
  }

  private static float[] products(Backend backend, int columns) {
    SplittableRandom random = new SplittableRandom(SEED);
    Geometry geometry = new Geometry(1, 1, 1);
    try (Scope scope = Scope.open()) {
      Tensor a = draw(backend, random, Shape.of(44, 100));
      Tensor b = draw(backend, random, Shape.of(100, columns));
      Tensor c = draw(backend, random, Shape.of(44, columns));
      backend.matMul().matMul(a, false, b, false, null, null, c);
      Tensor x = draw(backend, random, Shape.of(2, 5, 7, columns));
      Tensor weight = draw(backend, random, Shape.of(3, 3, columns, columns));
      Tensor y = draw(backend, random, Shape.of(2, 5, 7, columns));
      Tensor dX = Tensor.empty(backend, x.shape());
      Tensor dWeight = draw(backend, random, weight.shape());
      backend.convolution().weightGrad(x, y, geometry, dWeight, null);
      backend.convolution().inputGrad(y, weight, null, geometry, dX);
      backend.convolution().forward(x, weight, null, null, geometry, y);
      float[][] results = {c.toFloats(), y.toFloats(), dX.toFloats(), dWeight.toFloats()};
      int length = 0;
      for (float[] result : results) {
        length += result.length;
      }
      float[] all = new float[length];
      int at = 0;
      for (float[] result : results) {
        System.arraycopy(result, 0, all, at, result.length);
        at += result.length;
      }
      return all;
    }
  }

  private static Tensor draw(Backend backend, SplittableRandom random, Shape shape) {
    float[] values = new float[shape.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = random.nextInt(-4, 5);
    }
    return Tensor.of(backend, shape, values);
  }
}
