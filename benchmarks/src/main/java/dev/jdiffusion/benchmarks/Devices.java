package dev.jdiffusion.benchmarks;

import dev.jdiffusion.tensor.Backend;
import dev.jdiffusion.tensor.Backends;
import dev.jdiffusion.tensor.Device;
import dev.jdiffusion.tensor.Shape;
import dev.jdiffusion.tensor.Tensor;
import java.util.SplittableRandom;

/** Opens devices and fills tensors for the benchmarks. */
final class Devices {
  private Devices() {}

  static Backend open(String device, int threads) {
    return Backends.open(Device.parse(device), threads);
  }

  /** Values between -1 and 1, the same in every run. */
  static Tensor random(Backend backend, int... extents) {
    Shape shape = Shape.of(extents);
    SplittableRandom random = new SplittableRandom(shape.size());
    float[] values = new float[shape.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = random.nextFloat() * 2 - 1;
    }
    return Tensor.of(backend, shape, values);
  }
}
