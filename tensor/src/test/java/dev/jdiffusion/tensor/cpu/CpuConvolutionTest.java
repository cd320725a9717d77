package dev.jdiffusion.tensor.cpu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.jdiffusion.tensor.Backend;
import dev.jdiffusion.tensor.Backends;
import dev.jdiffusion.tensor.Device;
import dev.jdiffusion.tensor.Scope;
import dev.jdiffusion.tensor.Shape;
import dev.jdiffusion.tensor.Tensor;
import dev.jdiffusion.tensor.ops.Convolution;
import dev.jdiffusion.tensor.ops.Convolution.Geometry;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class CpuConvolutionTest {
  private static final Backend[] CPUS = {
    Backends.open(Device.CPU, 1), Backends.open(Device.CPU, 2), Backends.open(Device.CPU, 3)
  };

  /** A convolution to try: extents of input and window, channels out, and how the window moves. */
  record Case(
      int n, int h, int w, int ci, int kh, int kw, int co, int stride, int padding, int groups) {
    int ho() {
      return (h + 2 * padding - kh) / stride + 1;
    }

    int wo() {
      return (w + 2 * padding - kw) / stride + 1;
    }

    Geometry geometry() {
      return new Geometry(stride, padding, groups);
    }

    Shape inputShape() {
      return Shape.of(n, h, w, ci);
    }

    Shape weightShape() {
      return Shape.of(kh, kw, ci / groups, co);
    }

    Shape outShape() {
      return Shape.of(n, ho(), wo(), co);
    }

    boolean isFiltering() {
      return kh == 3
          && kw == 3
          && stride == 1
          && groups == 1
          && WinogradPlan.pays(ci, co, Math.min(h, ho()), Math.min(w, wo()));
    }

    /** Direct sums are met bit for bit, filtered ones within 1e-5 of the largest. */
    void check(float[] expected, float[] actual, String what) {
      if (!isFiltering()) {
        assertArrayEquals(expected, actual, what);
        return;
      }
      float largest = 0;
      for (float value : expected) {
        largest = Math.max(largest, Math.abs(value));
      }
      assertArrayEquals(expected, actual, 1e-5f * largest, what);
    }
  }

  static Stream<Case> cases() {
    Stream<Case> chosen =
        Stream.of(
            new Case(2, 28, 28, 28, 3, 3, 56, 1, 1, 1),
            new Case(3, 7, 7, 40, 3, 3, 33, 1, 1, 1),
            new Case(2, 9, 4, 17, 3, 3, 100, 1, 0, 1),
            new Case(5, 2, 3, 400, 3, 3, 16, 1, 2, 1),
            new Case(1, 31, 30, 64, 3, 3, 64, 1, 1, 1),
            new Case(40, 4, 4, 16, 3, 3, 70, 1, 1, 1),
            new Case(5, 24, 24, 96, 3, 3, 80, 1, 1, 1),
            new Case(3, 3, 6, 256, 3, 3, 140, 1, 1, 1),
            new Case(9, 7, 7, 72, 3, 3, 112, 1, 1, 1),
            new Case(2, 28, 28, 40, 3, 3, 20, 1, 1, 1),
            new Case(2, 28, 28, 1, 7, 7, 18, 1, 3, 1),
            new Case(2, 28, 28, 56, 1, 1, 112, 1, 0, 1),
            new Case(1, 40, 41, 5, 3, 3, 3, 1, 1, 1),
            new Case(2, 28, 28, 28, 4, 4, 28, 2, 1, 1),
            new Case(3, 14, 14, 9, 2, 2, 17, 2, 0, 1),
            new Case(2, 9, 9, 3, 3, 3, 5, 3, 2, 1),
            new Case(2, 9, 9, 3, 2, 2, 5, 3, 0, 1),
            new Case(1, 1, 1, 1, 1, 1, 1, 1, 0, 1),
            new Case(2, 5, 5, 4, 1, 1, 6, 2, 1, 1),
            new Case(2, 28, 28, 28, 7, 7, 28, 1, 3, 28),
            new Case(3, 7, 7, 40, 7, 7, 40, 1, 3, 40),
            new Case(2, 10, 11, 18, 3, 3, 18, 1, 1, 18),
            new Case(2, 11, 10, 18, 3, 3, 18, 2, 1, 18),
            new Case(2, 13, 13, 5, 7, 7, 5, 1, 5, 5),
            new Case(2, 6, 6, 2, 1, 1, 2, 1, 1, 2),
            new Case(2, 8, 9, 12, 3, 3, 8, 1, 1, 4),
            new Case(2, 8, 9, 6, 3, 3, 12, 2, 1, 6),
            new Case(1, 300, 3, 2, 3, 3, 2, 1, 1, 1),
            new Case(2, 13, 70, 300, 5, 3, 3, 1, 2, 1),
            new Case(1, 9, 33, 8, 2, 34, 12, 1, 17, 4));
    SplittableRandom random = new SplittableRandom(1234);
    Stream<Case> drawn = Stream.generate(() -> draw(random)).limit(60);
    return Stream.concat(chosen, drawn);
  }

  private static Case draw(SplittableRandom random) {
    while (true) {
      int groups = random.nextInt(4) == 0 ? random.nextInt(2, 6) : 1;
      boolean depthwise = random.nextInt(4) == 0;
      int ci = depthwise ? random.nextInt(2, 40) : groups * random.nextInt(1, 40);
      int co = depthwise ? ci : groups * random.nextInt(1, 70);
      Case drawn =
          new Case(
              random.nextInt(1, 4),
              random.nextInt(1, 18),
              random.nextInt(1, 18),
              ci,
              random.nextInt(1, 8),
              random.nextInt(1, 8),
              co,
              random.nextInt(1, 4),
              random.nextInt(0, 5),
              depthwise ? ci : groups);
      if (drawn.h + 2 * drawn.padding >= drawn.kh && drawn.w + 2 * drawn.padding >= drawn.kw) {
        return drawn;
      }
    }
  }

  private static float[] random(Shape shape, int seed) {
    SplittableRandom random = new SplittableRandom(seed);
    float[] values = new float[shape.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) random.nextDouble(-1, 1);
    }
    return values;
  }

  @ParameterizedTest
  @MethodSource("cases")
  void forwardIsTheScalarLoopOfFusedMultiplyAdds(Case c) {
    float[] x = random(c.inputShape(), 1);
    float[] w = random(c.weightShape(), 2);
    float[] bias = random(Shape.of(c.co), 3);
    float[] residual = random(c.outShape(), 4);
    float[] both = forward(c, x, w, bias, residual);
    float[] neither = forward(c, x, w, null, null);
    float[] accumulated = forward(c, x, w, null, residual);
    for (Backend cpu : CPUS) {
      try (Scope scope = Scope.open()) {
        Tensor tx = Tensor.of(cpu, c.inputShape(), x);
        Tensor tw = Tensor.of(cpu, c.weightShape(), w);
        Tensor tb = Tensor.of(cpu, Shape.of(c.co), bias);
        Tensor tr = Tensor.of(cpu, c.outShape(), residual);
        Tensor out = Tensor.empty(cpu, Convolution.check(tx, tw, tb, tr, c.geometry()));
        cpu.convolution().forward(tx, tw, tb, tr, c.geometry(), out);
        c.check(both, out.toFloats(), "bias and residual");
        cpu.convolution().forward(tx, tw, null, null, c.geometry(), out);
        c.check(neither, out.toFloats(), "neither");
        out.copyFrom(residual);
        cpu.convolution().forward(tx, tw, tb, out, c.geometry(), out);
        c.check(both, out.toFloats(), "added in place");
        out.copyFrom(residual);
        cpu.convolution().forward(tx, tw, null, out, c.geometry(), out);
        c.check(accumulated, out.toFloats(), "accumulated");
      }
      assertEquals(0, cpu.memory().inUse());
    }
  }

  @ParameterizedTest
  @MethodSource("cases")
  void inputGradIsTheScalarLoopOverReversedTaps(Case c) {
    float[] d = random(c.outShape(), 5);
    float[] w = random(c.weightShape(), 6);
    float[] bias = random(Shape.of(c.ci), 7);
    float[] without = inputGrad(c, d, w, null);
    float[] with = inputGrad(c, d, w, bias);
    for (Backend cpu : CPUS) {
      try (Scope scope = Scope.open()) {
        Tensor td = Tensor.of(cpu, c.outShape(), d);
        Tensor tw = Tensor.of(cpu, c.weightShape(), w);
        Tensor tb = Tensor.of(cpu, Shape.of(c.ci), bias);
        Tensor dx = Tensor.empty(cpu, c.inputShape());
        cpu.convolution().inputGrad(td, tw, null, c.geometry(), dx);
        c.check(without, dx.toFloats(), "without bias");
        cpu.convolution().inputGrad(td, tw, tb, c.geometry(), dx);
        c.check(with, dx.toFloats(), "with bias");
      }
      assertEquals(0, cpu.memory().inUse());
    }
  }

  /** Direct sums in single precision are off by 1e-6 and 2e-6 of the largest. */
  @ParameterizedTest
  @ValueSource(ints = {64, 256})
  void filteredSumsAreNearlyAsExactAsDirectOnes(int channels) {
    Case c = new Case(2, 12, 13, channels, 3, 3, 16, 1, 1, 1);
    assertTrue(c.isFiltering());
    float[] x = random(c.inputShape(), 21);
    float[] w = random(c.weightShape(), 22);
    try (Scope scope = Scope.open()) {
      Tensor out = Tensor.empty(CPUS[0], c.outShape());
      CPUS[0]
          .convolution()
          .forward(
              Tensor.of(CPUS[0], c.inputShape(), x),
              Tensor.of(CPUS[0], c.weightShape(), w),
              null,
              null,
              c.geometry(),
              out);
      float[] actual = out.toFloats();
      double largest = 0;
      double error = 0;
      for (int p = 0; p < actual.length; p++) {
        double exact = 0;
        int pixel = p / c.co;
        for (int i = 0; i < 9; i++) {
          int n = pixel / (c.h * c.w);
          int row = pixel / c.w % c.h + i / 3 - 1;
          int column = pixel % c.w + i % 3 - 1;
          for (int k = 0; k < channels; k++) {
            exact += (double) at(c, x, n, row, column, k) * w[(i * channels + k) * c.co + p % c.co];
          }
        }
        largest = Math.max(largest, Math.abs(exact));
        error = Math.max(error, Math.abs(exact - actual[p]));
      }
      assertEquals(0, error / largest, 4e-6);
    }
  }

  @ParameterizedTest
  @MethodSource("cases")
  void weightGradIsAddedAndEqualForAnyNumberOfThreads(Case c) {
    float[] x = random(c.inputShape(), 8);
    float[] d = random(c.outShape(), 9);
    float[] old = random(c.weightShape(), 10);
    double[] expected = weightGrad(c, x, d, old);
    float[] first = null;
    float[] firstBias = null;
    for (Backend cpu : CPUS) {
      try (Scope scope = Scope.open()) {
        Tensor tx = Tensor.of(cpu, c.inputShape(), x);
        Tensor td = Tensor.of(cpu, c.outShape(), d);
        Tensor dw = Tensor.of(cpu, c.weightShape(), old);
        Tensor db = Tensor.of(cpu, Shape.of(c.co), new float[c.co]);
        cpu.convolution().weightGrad(tx, td, c.geometry(), dw, db);
        float[] actual = dw.toFloats();
        if (first == null) {
          double tolerance = 2e-6 * Math.sqrt(c.outShape().size() / c.co + 1) + 1e-5;
          for (int i = 0; i < actual.length; i++) {
            assertEquals(expected[i], actual[i], tolerance, "weight " + i);
          }
          firstBias = db.toFloats();
          for (int o = 0; o < c.co; o++) {
            double sum = 0;
            for (int i = o; i < d.length; i += c.co) {
              sum += d[i];
            }
            assertEquals(sum, firstBias[o], tolerance, "bias " + o);
          }
          first = actual;
        } else {
          assertArrayEquals(first, actual, cpu.description());
          assertArrayEquals(firstBias, db.toFloats(), cpu.description());
        }
        dw.copyFrom(old);
        cpu.convolution().weightGrad(tx, td, c.geometry(), dw, null);
        assertArrayEquals(first, dw.toFloats(), "without bias");
      }
      assertEquals(0, cpu.memory().inUse());
    }
  }

  @ParameterizedTest
  @MethodSource("cases")
  void outputsAndInputGradientsAreEqualForAnyNumberOfThreads(Case c) {
    float[] values = random(c.inputShape(), 11);
    float[] weights = random(c.weightShape(), 12);
    float[] first = null;
    float[] firstGradient = null;
    for (Backend cpu : CPUS) {
      try (Scope scope = Scope.open()) {
        Tensor x = Tensor.of(cpu, c.inputShape(), values);
        Tensor w = Tensor.of(cpu, c.weightShape(), weights);
        Tensor out = Tensor.empty(cpu, c.outShape());
        Tensor dx = Tensor.empty(cpu, c.inputShape());
        cpu.convolution().forward(x, w, null, null, c.geometry(), out);
        cpu.convolution().inputGrad(out, w, null, c.geometry(), dx);
        if (first == null || firstGradient == null) {
          first = out.toFloats();
          firstGradient = dx.toFloats();
        }
        assertArrayEquals(first, out.toFloats(), cpu.description());
        assertArrayEquals(firstGradient, dx.toFloats(), cpu.description());
      }
    }
  }

  @Test
  void memoryDoesNotGrowWhenCallsRepeat() {
    // One thread: how many workspaces several need at once depends on when each of them runs.
    Backend cpu = CPUS[0];
    Case c = new Case(4, 14, 14, 28, 3, 3, 28, 1, 1, 1);
    long allocations = 0;
    for (int step = 0; step < 5; step++) {
      try (Scope scope = Scope.open()) {
        Tensor x = Tensor.of(cpu, c.inputShape(), random(c.inputShape(), 1));
        Tensor w = Tensor.of(cpu, c.weightShape(), random(c.weightShape(), 2));
        Tensor out = Tensor.empty(cpu, c.outShape());
        cpu.convolution().forward(x, w, null, null, c.geometry(), out);
        cpu.convolution().inputGrad(out, w, null, c.geometry(), x);
        cpu.convolution().weightGrad(x, out, c.geometry(), w, null);
      }
      if (step == 2) {
        allocations = cpu.memory().allocations();
      }
    }
    assertEquals(allocations, cpu.memory().allocations());
  }

  private static float at(Case c, float[] x, int n, int y, int column, int channel) {
    return y < 0 || y >= c.h || column < 0 || column >= c.w
        ? 0
        : x[((n * c.h + y) * c.w + column) * c.ci + channel];
  }

  private static float[] forward(Case c, float[] x, float[] w, float[] bias, float[] residual) {
    float[] out = new float[c.outShape().size()];
    int depth = c.ci / c.groups;
    for (int p = 0; p < out.length; p++) {
      int o = p % c.co;
      int xo = p / c.co % c.wo();
      int yo = p / c.co / c.wo() % c.ho();
      int n = p / c.co / c.wo() / c.ho();
      int first = o / (c.co / c.groups) * depth;
      float sum =
          bias == null
              ? residual == null ? 0 : residual[p]
              : residual == null ? bias[o] : bias[o] + residual[p];
      for (int i = 0; i < c.kh; i++) {
        for (int j = 0; j < c.kw; j++) {
          for (int k = 0; k < depth; k++) {
            float value =
                at(
                    c,
                    x,
                    n,
                    yo * c.stride - c.padding + i,
                    xo * c.stride - c.padding + j,
                    first + k);
            sum = Math.fma(value, w[((i * c.kw + j) * depth + k) * c.co + o], sum);
          }
        }
      }
      out[p] = sum;
    }
    return out;
  }

  private static float[] inputGrad(Case c, float[] d, float[] w, float[] bias) {
    float[] dx = new float[c.inputShape().size()];
    int depth = c.ci / c.groups;
    int outputs = c.co / c.groups;
    for (int p = 0; p < dx.length; p++) {
      int channel = p % c.ci;
      int x = p / c.ci % c.w;
      int y = p / c.ci / c.w % c.h;
      int n = p / c.ci / c.w / c.h;
      int group = channel / depth;
      float sum = bias == null ? 0 : bias[channel];
      for (int i = c.kh - 1; i >= 0; i--) {
        for (int j = c.kw - 1; j >= 0; j--) {
          int ys = y + c.padding - i;
          int xs = x + c.padding - j;
          boolean inside =
              ys >= 0
                  && xs >= 0
                  && ys % c.stride == 0
                  && xs % c.stride == 0
                  && ys / c.stride < c.ho()
                  && xs / c.stride < c.wo();
          for (int o = group * outputs; inside && o < (group + 1) * outputs; o++) {
            float value = d[((n * c.ho() + ys / c.stride) * c.wo() + xs / c.stride) * c.co + o];
            sum = Math.fma(value, w[((i * c.kw + j) * depth + channel % depth) * c.co + o], sum);
          }
        }
      }
      dx[p] = sum;
    }
    return dx;
  }

  private static double[] weightGrad(Case c, float[] x, float[] d, float[] old) {
    double[] dw = new double[old.length];
    int depth = c.ci / c.groups;
    for (int p = 0; p < dw.length; p++) {
      int o = p % c.co;
      int k = p / c.co % depth;
      int j = p / c.co / depth % c.kw;
      int i = p / c.co / depth / c.kw;
      int channel = o / (c.co / c.groups) * depth + k;
      double sum = old[p];
      for (int q = 0; q < c.n * c.ho() * c.wo(); q++) {
        int xo = q % c.wo();
        int yo = q / c.wo() % c.ho();
        int n = q / c.wo() / c.ho();
        sum +=
            (double)
                    at(
                        c,
                        x,
                        n,
                        yo * c.stride - c.padding + i,
                        xo * c.stride - c.padding + j,
                        channel)
                * d[q * c.co + o];
      }
      dw[p] = sum;
    }
    return dw;
  }
}
