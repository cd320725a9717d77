package dev.jdiffusion.cuda.emulator;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.jdiffusion.cuda.driver.GpuModule;
import dev.jdiffusion.cuda.driver.KernelArguments;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.DoubleUnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What nvcc makes of {@code samples.cu}, against the same in Java. */
class CompiledSampleTest {
  private static final int[] TABLE = {1, 2, 3, 5, 8};
  private static final long SEED = 5;

  /** In the order of the kernel {@code functions}, of the argument in single precision. */
  private static final List<DoubleUnaryOperator> FUNCTIONS =
      List.of(
          Math::tanh,
          v -> Math.pow(Math.abs(v), 1.7f),
          v -> Math.log1p((float) v * (float) v),
          Math::expm1,
          Math::sin,
          v -> Math.cos(1e6f * (float) v),
          v -> Math.log(Math.abs(v)) / Math.log(2),
          v -> (float) v % 0.7f,
          Math::exp,
          v -> Math.sin(1e9 * v),
          v -> Math.pow(Math.abs(v), 0.3),
          v ->
              Math.rint(v)
                  + Math.signum(v) * Math.floor(Math.abs(v) + 0.5)
                  + Math.signum(v) * Math.floor(Math.abs(v)));

  private final Emulated gpu = new Emulated();
  private GpuModule module;

  @BeforeEach
  void load() throws IOException {
    try (InputStream ptx = CompiledSampleTest.class.getResourceAsStream("samples.ptx")) {
      module = gpu.driver.load("samples", new String(ptx.readAllBytes(), StandardCharsets.UTF_8));
    }
  }

  @AfterEach
  void close() {
    module.close();
    gpu.close();
  }

  private void launch(String kernel, int blocks, int threads, KernelArguments arguments) {
    gpu.driver.launch(
        module.function(kernel), blocks, 1, 1, threads, 1, 1, 0, arguments, gpu.stream);
  }

  @Test
  void libraryFunctionsWithTheirSlowPathsAreRight() {
    int count = 300;
    Random random = new Random(SEED);
    int[] bits = new int[count];
    for (int i = 0; i < count; i++) {
      bits[i] = Float.floatToRawIntBits((float) random.nextGaussian() * (i % 10 + 1));
    }
    KernelArguments arguments = new KernelArguments(3);
    long results = gpu.empty("results", 4L * count * FUNCTIONS.size());
    arguments.add(gpu.buffer("arguments", bits));
    arguments.add(results);
    arguments.add(count);
    launch("functions", 3, 128, arguments);
    int[] actual = gpu.ints(results, count * FUNCTIONS.size());
    for (int i = 0; i < count; i++) {
      float v = Float.intBitsToFloat(bits[i]);
      for (int f = 0; f < FUNCTIONS.size(); f++) {
        double expected = FUNCTIONS.get(f).applyAsDouble(v);
        float result = Float.intBitsToFloat(actual[i * FUNCTIONS.size() + f]);
        String what = "function " + f + " of " + v + " (seed " + SEED + ")";
        assertEquals(expected, result, 4e-7 * Math.max(Math.abs(expected), 0.5), what);
      }
    }
  }

  @Test
  void callsGetTheirArgumentsAndGiveTheirResults() {
    int[] ones = new int[40];
    Arrays.fill(ones, Float.floatToRawIntBits(1));
    long values = gpu.buffer("values", ones);
    KernelArguments arguments = new KernelArguments(2);
    arguments.add(values);
    arguments.add(ones.length);
    launch("calls", 1, 64, arguments);
    int[] actual = gpu.ints(values, ones.length);
    for (int i = 0; i < ones.length; i++) {
      assertEquals(i * (i - 1) / 2 + 6, Float.intBitsToFloat(actual[i]));
    }
  }

  @Test
  void integersStacksTablesAndSwitchesAreRight() {
    int count = 200;
    int a = -7;
    int b = 11;
    int[] x = new Random(SEED).ints(count).toArray();
    KernelArguments arguments = new KernelArguments(5);
    long results = gpu.empty("results", 4L * count);
    arguments.add(gpu.buffer("x", x));
    arguments.add(results);
    arguments.add(a);
    arguments.add(b);
    arguments.add(count);
    launch("integers", 2, 128, arguments);
    int[] expected = new int[count];
    for (int i = 0; i < count; i++) {
      int v = x[i];
      int r = v / a + v % b + (int) (v * 123456789012L / a) + TABLE[(i + (v & 7)) % 5] * v;
      r =
          switch (v & 7) {
            case 0 -> r + 3;
            case 1 -> r * 7;
            case 2 -> r ^ 99;
            case 3 -> r - b;
            case 5 -> r | 5;
            default -> ~r;
          };
      // The selector 0x3715: byte 5 is a's second, 1 and 3 are v's, 7 is a's last.
      int bytes = a >>> 8 & 0xff | (v >>> 8 & 0xff) << 8 | (a >>> 24) << 16 | (v >>> 24) << 24;
      expected[i] = r + Integer.bitCount(v) + Integer.numberOfLeadingZeros(v) + bytes;
    }
    assertArrayEquals(expected, gpu.ints(results, count), "seed " + SEED);
  }
}
