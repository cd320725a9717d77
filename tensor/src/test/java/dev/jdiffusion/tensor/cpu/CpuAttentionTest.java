package dev.jdiffusion.tensor.cpu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import dev.jdiffusion.tensor.Backend;
import dev.jdiffusion.tensor.Backends;
import dev.jdiffusion.tensor.Columns;
import dev.jdiffusion.tensor.Device;
import dev.jdiffusion.tensor.Shape;
import dev.jdiffusion.tensor.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

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

  private Tensor nans(int... extents) {
    Shape shape = Shape.of(extents);
    float[] values = new float[shape.size()];
    Arrays.fill(values, Float.NaN);
    return Tensor.of(cpu, shape, values);
  }
}
