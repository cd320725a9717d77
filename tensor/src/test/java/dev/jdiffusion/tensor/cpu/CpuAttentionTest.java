package dev.jdiffusion.tensor.cpu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.jdiffusion.tensor.Backend;
import dev.jdiffusion.tensor.Backends;
import dev.jdiffusion.tensor.Columns;
import dev.jdiffusion.tensor.Device;
import dev.jdiffusion.tensor.Shape;
import dev.jdiffusion.tensor.Tensor;
import dev.jdiffusion.tensor.ops.LinearAttention;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CpuAttentionTest {
  private static final int KEYS = 5;
  private static final int COLUMNS = 8;

  private final Backend cpu = Backends.open(Device.CPU, 1);

  @Test
  void keysThatNobodyAsksForHaveNoGradient() {
    FloatPool pool = new FloatPool();
    // Workspaces that hold something.
    List<float[]> used = IntStream.rangeClosed(1, 4096).mapToObj(pool::take).toList();
    used.forEach(array -> Arrays.fill(array, Float.NaN));
    used.forEach(pool::give);
    Tensor dK = nans(1, KEYS, COLUMNS);
    Tensor dV = nans(1, KEYS, COLUMNS);
    new CpuAttention(new Workers(1), pool)
        .backward(
            Columns.all(nans(1, 0, COLUMNS)),
            Columns.all(nans(1, KEYS, COLUMNS)),
            Columns.all(nans(1, KEYS, COLUMNS)),
            1,
            0.5,
            nans(1, 0, COLUMNS),
            nans(1, 1, 0),
            nans(1, 0, COLUMNS),
            Columns.all(nans(1, 0, COLUMNS)),
            Columns.all(dK),
            Columns.all(dV));
    assertArrayEquals(new float[KEYS * COLUMNS], dK.toFloats());
    assertArrayEquals(new float[KEYS * COLUMNS], dV.toFloats());
  }

  /** The largest scores, of either sign: small for all queries, for some blocks only, for none. */
  @ParameterizedTest
  @ValueSource(doubles = {1, 30, 1000})
  void scoresOfAnySizeGiveTheSoftmax(double largest) {
    int queries = 150;
    int keys = 39;
    Random random = new Random(7);
    float[] q = new float[queries * COLUMNS];
    float[] k = new float[keys * COLUMNS];
    float[] v = new float[keys * COLUMNS];
    for (int i = 0; i < q.length; i++) {
      // The first block of queries is much smaller than the rest.
      q[i] = (random.nextFloat() - 0.5f) * (i < SmallMatMul.PITCH * COLUMNS ? 0.1f : 1f);
    }
    for (int i = 0; i < k.length; i++) {
      k[i] = random.nextFloat() - 0.5f;
      v[i] = random.nextFloat();
    }
    double[][] scores = scores(q, k, queries, keys);
    double max =
        Arrays.stream(scores).flatMapToDouble(Arrays::stream).map(Math::abs).max().orElseThrow();
    double scale = largest / max;
    Tensor out = nans(1, queries, COLUMNS);
    Tensor logSumExp = nans(1, 1, queries);
    cpu.attention()
        .forward(
            Columns.all(Tensor.of(cpu, Shape.of(1, queries, COLUMNS), q)),
            Columns.all(Tensor.of(cpu, Shape.of(1, keys, COLUMNS), k)),
            Columns.all(Tensor.of(cpu, Shape.of(1, keys, COLUMNS), v)),
            1,
            scale,
            out,
            logSumExp);
    float[] result = out.toFloats();
    for (int i = 0; i < queries; i++) {
      double[] weights = new double[keys];
      double top = Arrays.stream(scores[i]).max().orElseThrow();
      double sum = 0;
      for (int j = 0; j < keys; j++) {
        weights[j] = Math.exp(scale * (scores[i][j] - top));
        sum += weights[j];
      }
      assertEquals(scale * top + Math.log(sum), logSumExp.toFloats()[i], 1e-6 * largest + 1e-6);
      for (int c = 0; c < COLUMNS; c++) {
        double expected = 0;
        for (int j = 0; j < keys; j++) {
          expected += weights[j] / sum * v[j * COLUMNS + c];
        }
        // Rounded scores: of 1000 the last bit is 6e-5, and so large is then a weight's error.
        assertEquals(expected, result[i * COLUMNS + c], 1e-6 + 4e-7 * largest);
      }
    }
  }

  /** Images, positions, heads, features: whole vectors or not, a head or an image for a thread. */
  @ParameterizedTest
  @ValueSource(strings = {"2,49,4,32", "1,200,2,7", "33,5,2,64", "1,130,1,33"})
  void gradientsMayReplaceWhatTheyAreOf(String sizes) {
    int[] size = Arrays.stream(sizes.split(",")).mapToInt(Integer::parseInt).toArray();
    int heads = size[2];
    int columns = heads * size[3];
    Random random = new Random(3);
    Tensor qkv = random(random, size[0], size[1], 3 * columns);
    Tensor out = random(random, size[0], size[1], columns);
    Tensor logSumExp = nans(size[0], heads, size[1]);
    Tensor dOut = random(random, size[0], size[1], columns);
    Tensor apart = nans(size[0], size[1], 3 * columns);
    Tensor saved = Tensor.empty(cpu, LinearAttention.savedShape(third(qkv, 0), heads));
    cpu.attention()
        .forward(third(qkv, 0), third(qkv, 1), third(qkv, 2), heads, 0.3, out, logSumExp);
    for (Tensor target : List.of(apart, Tensor.of(cpu, qkv.shape(), qkv.toFloats()))) {
      Tensor from = target == apart ? qkv : target;
      cpu.attention()
          .backward(
              third(from, 0),
              third(from, 1),
              third(from, 2),
              heads,
              0.3,
              out,
              logSumExp,
              dOut,
              third(target, 0),
              third(target, 1),
              third(target, 2));
      assertArrayEquals(apart.toFloats(), target.toFloats());
    }
    cpu.linearAttention()
        .forward(third(qkv, 0), third(qkv, 1), third(qkv, 2), heads, 0.3, out, saved);
    for (Tensor target : List.of(apart, qkv)) {
      cpu.linearAttention()
          .backward(
              third(qkv, 0),
              third(qkv, 1),
              third(qkv, 2),
              heads,
              0.3,
              saved,
              dOut,
              third(target, 0),
              third(target, 1),
              third(target, 2));
      assertArrayEquals(apart.toFloats(), target.toFloats());
    }
  }

  /** The queries, keys or values. */
  private static Columns third(Tensor qkv, int index) {
    int columns = qkv.dim(2) / 3;
    return new Columns(qkv, index * columns, columns);
  }

  private Tensor random(Random random, int... extents) {
    Shape shape = Shape.of(extents);
    float[] values = new float[shape.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = random.nextFloat() - 0.5f;
    }
    return Tensor.of(cpu, shape, values);
  }

  private static double[][] scores(float[] q, float[] k, int queries, int keys) {
    double[][] scores = new double[queries][keys];
    for (int i = 0; i < queries; i++) {
      for (int j = 0; j < keys; j++) {
        for (int c = 0; c < COLUMNS; c++) {
          scores[i][j] += (double) q[i * COLUMNS + c] * k[j * COLUMNS + c];
        }
      }
    }
    return scores;
  }

  private Tensor nans(int... extents) {
    Shape shape = Shape.of(extents);
    float[] values = new float[shape.size()];
    Arrays.fill(values, Float.NaN);
    return Tensor.of(cpu, shape, values);
  }
}
