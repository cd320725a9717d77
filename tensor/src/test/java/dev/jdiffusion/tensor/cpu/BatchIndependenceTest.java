package dev.jdiffusion.tensor.cpu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import dev.jdiffusion.tensor.Activation;
import dev.jdiffusion.tensor.Backend;
import dev.jdiffusion.tensor.Backends;
import dev.jdiffusion.tensor.Columns;
import dev.jdiffusion.tensor.Device;
import dev.jdiffusion.tensor.Shape;
import dev.jdiffusion.tensor.Tensor;
import dev.jdiffusion.tensor.ops.Attention;
import dev.jdiffusion.tensor.ops.GroupNorm;
import dev.jdiffusion.tensor.ops.LinearAttention;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** What is computed of a picture has the same bits alone as within a batch. */
class BatchIndependenceTest {
  private static final int BATCH = 5;

  private final Backend cpu = Backends.open(Device.CPU, 2);
  private final Random random = new Random(20);

  /** Large enough to be cut into blocks, which few images share out differently than many. */
  @Test
  void groupNormOfAnImageDoesNotDependOnItsNeighbours() {
    for (int channels : new int[] {18, 28, 56, 96}) {
      Tensor x = normal(BATCH, 31, 29, channels);
      Tensor gamma = normal(channels);
      Tensor beta = normal(channels);
      Tensor dOut = normal(BATCH, 31, 29, channels);
      float[][] batch = groupNorm(x, gamma, beta, dOut);
      for (int image = 0; image < BATCH; image++) {
        float[][] alone = groupNorm(part(x, image), gamma, beta, part(dOut, image));
        assertImage(batch[0], alone[0], image, "out of " + channels + " channels");
        assertImage(batch[1], alone[1], image, "dX of " + channels + " channels");
      }
    }
  }

  private float[][] groupNorm(Tensor x, Tensor gamma, Tensor beta, Tensor dOut) {
    GroupNorm.Spec spec = new GroupNorm.Spec(2, 1e-5, Activation.GELU, Activation.SILU);
    int images = x.dim(0);
    Tensor out = Tensor.empty(cpu, x.shape());
    Tensor mean = Tensor.empty(cpu, Shape.of(images, 2));
    Tensor rstd = Tensor.empty(cpu, Shape.of(images, 2));
    Tensor dX = Tensor.empty(cpu, x.shape());
    Tensor dGamma = Tensor.zeros(cpu, gamma.shape());
    Tensor dBeta = Tensor.zeros(cpu, beta.shape());
    cpu.groupNorm().forward(x, null, gamma, beta, null, null, spec, out, mean, rstd);
    cpu.groupNorm()
        .backward(
            x, null, gamma, beta, null, spec, mean, rstd, dOut, dX, null, dGamma, dBeta, null);
    return new float[][] {out.toFloats(), dX.toFloats()};
  }

  @Test
  void attentionOfAnImageDoesNotDependOnItsNeighbours() {
    Tensor qkv = normal(BATCH, 300, 3 * 64);
    float[][] batch = attention(qkv);
    for (int image = 0; image < BATCH; image++) {
      float[][] alone = attention(part(qkv, image));
      assertImage(batch[0], alone[0], image, "attention");
      assertImage(batch[1], alone[1], image, "linear attention");
    }
  }

  private float[][] attention(Tensor qkv) {
    Columns q = new Columns(qkv, 0, 64);
    Columns k = new Columns(qkv, 64, 64);
    Columns v = new Columns(qkv, 128, 64);
    int images = qkv.dim(0);
    int length = qkv.dim(1);
    Attention.check(q, k, v, 2);
    Tensor out = Tensor.empty(cpu, Shape.of(images, length, 64));
    Tensor logSumExp = Tensor.empty(cpu, Shape.of(images, 2, length));
    cpu.attention().forward(q, k, v, 2, 0.2, out, logSumExp);
    Tensor linear = Tensor.empty(cpu, out.shape());
    Tensor saved = Tensor.empty(cpu, LinearAttention.savedShape(q, 2));
    cpu.linearAttention().forward(q, k, v, 2, 0.2, linear, saved);
    return new float[][] {out.toFloats(), linear.toFloats()};
  }

  private Tensor normal(int... extents) {
    Shape shape = Shape.of(extents);
    float[] values = new float[shape.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) random.nextGaussian();
    }
    return Tensor.of(cpu, shape, values);
  }

  private static Tensor part(Tensor batch, int image) {
    Shape shape = batch.shape().with(0, 1);
    return batch.range(image * shape.size(), shape);
  }

  private static void assertImage(float[] batch, float[] alone, int image, String what) {
    float[] within = Arrays.copyOfRange(batch, image * alone.length, (image + 1) * alone.length);
    assertArrayEquals(within, alone, 0f, what + ", image " + image);
  }
}
