package dev.jdiffusion.cuda.backend;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.jdiffusion.cuda.driver.GpuDevice;
import dev.jdiffusion.cuda.driver.GpuDriver;
import dev.jdiffusion.cuda.driver.GpuException;
import dev.jdiffusion.cuda.emulator.EmulatorDriver;
import dev.jdiffusion.tensor.Backend;
import dev.jdiffusion.tensor.Backends;
import dev.jdiffusion.tensor.Device;
import dev.jdiffusion.tensor.Precision;
import dev.jdiffusion.tensor.Scope;
import dev.jdiffusion.tensor.Shape;
import dev.jdiffusion.tensor.Tensor;
import dev.jdiffusion.tensor.ops.Convolution;
import dev.jdiffusion.tensor.ops.Convolution.Geometry;
import dev.jdiffusion.tensor.ops.MatMul;
import java.lang.reflect.Proxy;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.function.ToDoubleFunction;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/**
 * Every kernel of products, whatever the extents: the conformance suite's tensors are small and
 * start at odd addresses, so they choose few of them.
 */
final class GemmTileTest {
  private static final long SEED = 20;

  private final GpuDriver driver = TestDevice.open();
  private final CudaBackend device =
      new CudaBackend(TestDevice.DEVICE, driver, Precision.FP32, null);
  private final Kernels kernels = device.kernels();

  /** A product: op(a) op(b) + bias + residual. */
  private record Product(int m, int n, int k, boolean transposeA, boolean transposeB) {
    float[] on(Backend backend, MatMul matMul, ToDoubleFunction<SplittableRandom> numbers) {
      SplittableRandom random = new SplittableRandom(SEED);
      try (Scope scope = Scope.open()) {
        Shape shapeA = transposeA ? Shape.of(k, m) : Shape.of(m, k);
        Shape shapeB = transposeB ? Shape.of(n, k) : Shape.of(k, n);
        Tensor a = draw(backend, random, numbers, shapeA);
        Tensor b = draw(backend, random, numbers, shapeB);
        Tensor bias = draw(backend, random, numbers, Shape.of(n));
        Tensor out = draw(backend, random, numbers, Shape.of(m, n));
        matMul.matMul(a, transposeA, b, transposeB, bias, out, out);
        return out.toFloats();
      }
    }
  }

  /** A convolution and both its gradients, their results behind each other. */
  private record Window(int size, int in, int out, int height, int width, Geometry geometry) {
    float[] on(
        Backend backend, Convolution convolution, ToDoubleFunction<SplittableRandom> numbers) {
      SplittableRandom random = new SplittableRandom(SEED);
      int outHeight = (height + 2 * geometry.padding() - size) / geometry.stride() + 1;
      int outWidth = (width + 2 * geometry.padding() - size) / geometry.stride() + 1;
      try (Scope scope = Scope.open()) {
        Tensor x = draw(backend, random, numbers, Shape.of(2, height, width, in));
        Tensor weight =
            draw(backend, random, numbers, Shape.of(size, size, in / geometry.groups(), out));
        Tensor bias = draw(backend, random, numbers, Shape.of(out));
        Tensor y = draw(backend, random, numbers, Shape.of(2, outHeight, outWidth, out));
        Tensor dX = Tensor.empty(backend, x.shape());
        Tensor dWeight = draw(backend, random, numbers, weight.shape());
        Tensor dBias = draw(backend, random, numbers, bias.shape());
        convolution.weightGrad(x, y, geometry, dWeight, dBias);
        convolution.inputGrad(y, weight, null, geometry, dX);
        convolution.forward(x, weight, bias, y, geometry, y);
        return concat(y.toFloats(), dX.toFloats(), dWeight.toFloats(), dBias.toFloats());
      }
    }
  }

  private static Tensor draw(
      Backend backend,
      SplittableRandom random,
      ToDoubleFunction<SplittableRandom> numbers,
      Shape shape) {
    double[] values = new double[shape.size()];
    Arrays.setAll(values, i -> (float) numbers.applyAsDouble(random));
    return Tensor.of(backend, shape, values);
  }

  private static float[] concat(float[]... parts) {
    float[] all = new float[Arrays.stream(parts).mapToInt(part -> part.length).sum()];
    int at = 0;
    for (float[] part : parts) {
      System.arraycopy(part, 0, all, at, part.length);
      at += part.length;
    }
    return all;
  }

  /** Numbers that all formats have, few enough that their sums have no rounding either. */
  private static double eighths(SplittableRandom random) {
    return (random.nextInt(33) - 16) * 0.125;
  }

  private static Stream<Product> products() {
    return Stream.of(
        new Product(132, 140, 36, false, false),
        new Product(132, 140, 36, false, true),
        new Product(60, 132, 44, true, false),
        new Product(68, 20, 600, true, true),
        new Product(33, 67, 19, false, true),
        new Product(65, 31, 1030, true, false),
        new Product(136, 264, 72, false, false),
        new Product(200, 136, 40, false, true));
  }

  private static Stream<Window> windows() {
    return Stream.of(
        new Window(3, 8, 132, 9, 8, new Geometry(1, 1, 1)),
        new Window(4, 20, 12, 10, 9, new Geometry(2, 1, 1)),
        new Window(3, 24, 16, 7, 6, new Geometry(1, 0, 2)),
        new Window(5, 3, 7, 9, 11, new Geometry(3, 2, 1)),
        new Window(1, 36, 68, 7, 9, new Geometry(1, 0, 1)),
        new Window(3, 32, 272, 6, 7, new Geometry(2, 1, 2)));
  }

  @TestFactory
  Stream<DynamicTest> matMulOnTheCpuHasTheSameBitsAsWithEveryTile() {
    Backend cpu = Backends.open(Device.CPU);
    return products()
        // Where K is cut into pieces, the CPU cuts elsewhere.
        .filter(product -> !product.transposeA)
        .flatMap(product ->
            Stream.of(GemmTile.values())
                .map(tile ->
                    DynamicTest.dynamicTest(
                        tile + " " + product,
                        () ->
                            assertArrayEquals(
                                product.on(cpu, cpu.matMul(), SplittableRandom::nextGaussian),
                                product.on(
                                    device,
                                    new CudaMatMul(kernels, Precision.FP32, tile),
                                    SplittableRandom::nextGaussian)))));
  }

  @TestFactory
  Stream<DynamicTest> matMulIsExactForNumbersThatNeedNoRounding() {
    Backend reference = Backends.open(Device.REFERENCE);
    return products()
        .flatMap(product ->
            variants((precision, tile) ->
                DynamicTest.dynamicTest(
                    precision + " " + tile + " " + product,
                    () ->
                        assertArrayEquals(
                            product.on(reference, reference.matMul(), GemmTileTest::eighths),
                            product.on(
                                device,
                                new CudaMatMul(kernels, precision, tile),
                                GemmTileTest::eighths)))));
  }

  @TestFactory
  Stream<DynamicTest> convolutionIsExactForNumbersThatNeedNoRounding() {
    Backend reference = Backends.open(Device.REFERENCE);
    return windows()
        .flatMap(window ->
            variants((precision, tile) ->
                DynamicTest.dynamicTest(
                    precision + " " + tile + " " + window,
                    () ->
                        assertArrayEquals(
                            window.on(reference, reference.convolution(), GemmTileTest::eighths),
                            window.on(
                                device,
                                new CudaConvolution(kernels, precision, tile),
                                GemmTileTest::eighths)))));
  }

  @TestFactory
  Stream<DynamicTest> largeTilesHaveTheBitsOfSmallerOnes() {
    return products()
        // Where K is cut into pieces, tiles cut at different places.
        .filter(product -> !product.transposeA)
        .flatMap(product ->
            Stream.of(Precision.TF32, Precision.BF16)
                .filter(each -> TestDevice.hasTensorCores(driver))
                .flatMap(precision ->
                    Stream.of(GemmTile.HUGE, GemmTile.LARGE)
                        .map(tile ->
                            DynamicTest.dynamicTest(
                                precision + " " + tile + " " + product,
                                () ->
                                    assertArrayEquals(
                                        gaussian(product, precision, GemmTile.MEDIUM),
                                        gaussian(product, precision, tile))))));
  }

  private float[] gaussian(Product product, Precision precision, GemmTile tile) {
    return product.on(
        device, new CudaMatMul(kernels, precision, tile), SplittableRandom::nextGaussian);
  }

  @TestFactory
  Stream<DynamicTest> wideTilesNeverMeetInABankOfSharedMemory() {
    return Stream.of(Precision.values())
        .flatMap(precision ->
            Stream.of(GemmTile.HUGE, GemmTile.LARGE, GemmTile.MEDIUM)
                // Two numbers of 16 bits in a word are stored one by one.
                .filter(tile -> tile != GemmTile.MEDIUM || precision != Precision.BF16)
                .flatMap(tile ->
                    Stream.of(
                            new Product(128, 128, 32, false, false),
                            new Product(128, 128, 32, false, true),
                            new Product(128, 128, 32, true, false))
                        .map(product ->
                            DynamicTest.dynamicTest(
                                precision + " " + tile + " " + product,
                                () -> assertEquals(0, bankConflicts(precision, tile, product))))));
  }

  private static long bankConflicts(Precision precision, GemmTile tile, Product product) {
    EmulatorDriver counting = new EmulatorDriver(1, true);
    Backend backend = new CudaBackend(TestDevice.DEVICE, counting, precision, tile);
    product.on(backend, backend.matMul(), SplittableRandom::nextGaussian);
    return counting.emulation().bankConflicts();
  }

  private interface Variant {
    DynamicTest test(Precision precision, GemmTile tile);
  }

  private Stream<DynamicTest> variants(Variant variant) {
    return Stream.of(Precision.values())
        .filter(each -> each == Precision.FP32 || TestDevice.hasTensorCores(driver))
        .flatMap(
            precision -> Stream.of(GemmTile.values()).map(tile -> variant.test(precision, tile)));
  }

  @Test
  @DisplayName("tensor cores round operands to the format's precision, and sums not at all")
  void tensorCoresRoundOperands() {
    assumeTrue(TestDevice.hasTensorCores(driver), "skipped: the GPU is too old");
    MatMul tf32 = new CudaMatMul(kernels, Precision.TF32, GemmTile.MEDIUM);
    MatMul bf16 = new CudaMatMul(kernels, Precision.BF16, GemmTile.MEDIUM);
    // Halfway between 1 and the next TF32 number, and just below.
    double tie = 1 + 0x1p-11;
    assertEquals(1 + 0x1p-10 + 0x1p-20, product(tf32, tie, 0x1p-20));
    assertEquals(1 + 0x1p-20, product(tf32, Math.nextDown((float) tie), 0x1p-20));
    // Halfway between two bfloat16 numbers: to the even one.
    assertEquals(1 + 0x1p-20, product(bf16, 1 + 0x1p-8, 0x1p-20));
    assertEquals(1 + 0x1p-6 + 0x1p-20, product(bf16, 1 + 3 * 0x1p-8, 0x1p-20));
  }

  /** {@code x * 1 + bias}. */
  private double product(MatMul matMul, double x, double bias) {
    Tensor out = Tensor.zeros(device, Shape.of(1, 1));
    matMul.matMul(
        Tensor.of(device, Shape.of(1, 1), new double[] {x}),
        false,
        Tensor.of(device, Shape.of(1, 1), new double[] {1}),
        false,
        Tensor.of(device, Shape.of(1), new double[] {bias}),
        null,
        out);
    return out.item();
  }

  @Test
  @DisplayName("a device without tensor cores for a precision is refused in one line")
  void oldDevicesAreRefused() {
    GpuDevice old = new GpuDevice("Tesla T4", 12_060, 7, 5, 40, 65_536);
    GpuDriver driverOfOld =
        (GpuDriver)
            Proxy.newProxyInstance(
                GpuDriver.class.getClassLoader(),
                new Class<?>[] {GpuDriver.class},
                (proxy, method, arguments) -> {
                  assertEquals("device", method.getName());
                  return old;
                });
    GpuException refusal =
        assertThrows(
            GpuException.class,
            () -> new CudaBackend(TestDevice.DEVICE, driverOfOld, Precision.BF16, null));
    assertEquals("bf16 needs compute capability 8.0, Tesla T4 has 7.5", refusal.getMessage());
  }
}
