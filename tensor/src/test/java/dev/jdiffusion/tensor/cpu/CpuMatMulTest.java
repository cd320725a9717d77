package dev.jdiffusion.tensor.cpu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.jdiffusion.tensor.Backend;
import dev.jdiffusion.tensor.Backends;
import dev.jdiffusion.tensor.Device;
import dev.jdiffusion.tensor.Scope;
import dev.jdiffusion.tensor.Shape;
import dev.jdiffusion.tensor.Tensor;
import dev.jdiffusion.tensor.ops.MatMul;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CpuMatMulTest {
  private static final Backend[] CPUS = {
    Backends.open(Device.CPU, 1), Backends.open(Device.CPU, 2), Backends.open(Device.CPU, 3)
  };

  private record Case(int batchA, int batchB, int m, int n, int k, boolean ta, boolean tb) {
    Shape shapeA() {
      int rows = ta ? k : m;
      int columns = ta ? m : k;
      return batchA == 0 ? Shape.of(rows, columns) : Shape.of(batchA, rows, columns);
    }

    Shape shapeB() {
      int rows = tb ? n : k;
      int columns = tb ? k : n;
      return batchB == 0 ? Shape.of(rows, columns) : Shape.of(batchB, rows, columns);
    }

    int batch() {
      return Math.max(1, Math.max(batchA, batchB));
    }
  }

  @ParameterizedTest
  @ValueSource(
      ints = {
        1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24
      })
  void everyProductIsBitwiseTheScalarLoopOfFusedMultiplyAdds(int seed) {
    SplittableRandom random = new SplittableRandom(seed);
    int largest = seed % 4 == 0 ? 300 : 40;
    int batch = random.nextInt(1, 5);
    int kind = random.nextInt(4);
    Case c =
        new Case(
            kind == 0 || kind == 1 ? batch : 0,
            kind == 0 || kind == 2 ? batch : 0,
            random.nextInt(1, largest),
            random.nextInt(1, largest),
            seed % 5 == 0 ? random.nextInt(380, 800) : random.nextInt(1, largest),
            random.nextBoolean(),
            random.nextBoolean());
    check(c, seed, random);
  }

  @Test
  void aProductByMoreWeightsThanCachesKeepIsThatLoopToo() {
    check(new Case(0, 0, 27, 1100, 1100, false, true), 25, new SplittableRandom(25));
  }

  private static void check(Case c, int seed, SplittableRandom random) {
    float[] a = random(c.shapeA(), random);
    float[] b = random(c.shapeB(), random);
    float[] bias = random(Shape.of(c.n), random);
    for (Backend cpu : CPUS) {
      String message = "seed " + seed + ", " + c + ", " + cpu.description();
      try (Scope scope = Scope.open()) {
        Tensor ta = Tensor.of(cpu, c.shapeA(), a);
        Tensor tb = Tensor.of(cpu, c.shapeB(), b);
        Tensor tBias = Tensor.of(cpu, Shape.of(c.n), bias);
        Shape shape = MatMul.check(ta, c.ta, tb, c.tb, tBias);
        float[] residual = random(shape, new SplittableRandom(seed + 100));
        Tensor tResidual = Tensor.of(cpu, shape, residual);
        Tensor out = Tensor.empty(cpu, shape);
        cpu.matMul().matMul(ta, c.ta, tb, c.tb, null, null, out);
        assertArrayEquals(product(c, a, b, null, null), out.toFloats(), message);
        cpu.matMul().matMul(ta, c.ta, tb, c.tb, tBias, tResidual, out);
        assertArrayEquals(product(c, a, b, bias, residual), out.toFloats(), message);
        out.copyFrom(residual);
        cpu.matMul().matMul(ta, c.ta, tb, c.tb, null, out, out);
        assertArrayEquals(product(c, a, b, null, residual), out.toFloats(), message);
      }
      assertEquals(0, cpu.memory().inUse());
    }
  }

  private static float[] random(Shape shape, SplittableRandom random) {
    float[] values = new float[shape.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) random.nextDouble(-1, 1);
    }
    return values;
  }

  private static float[] product(Case c, float[] a, float[] b, float[] bias, float[] residual) {
    float[] out = new float[c.batch() * c.m * c.n];
    for (int p = 0; p < out.length; p++) {
      int column = p % c.n;
      int row = p / c.n % c.m;
      int batch = p / c.n / c.m;
      int fromA = c.batchA == 0 ? 0 : batch * c.m * c.k;
      int fromB = c.batchB == 0 ? 0 : batch * c.n * c.k;
      float sum = 0;
      if (bias != null) {
        sum = bias[column];
      }
      if (residual != null) {
        sum = bias == null ? residual[p] : sum + residual[p];
      }
      for (int k = 0; k < c.k; k++) {
        float left = a[fromA + (c.ta ? k * c.m + row : row * c.k + k)];
        float right = b[fromB + (c.tb ? column * c.k + k : k * c.n + column)];
        sum = Math.fma(left, right, sum);
      }
      out[p] = sum;
    }
    return out;
  }
}
