package dev.jdiffusion.tensor.conformance;

import dev.jdiffusion.tensor.Tensor;

/** Copies between host and device. */
final class MemoryCases {
  private MemoryCases() {}

  static void addTo(Cases cases) {
    for (int size : new int[] {1, 5, 33, 1000}) {
      cases.add(
          "memory float copies of " + size,
          run -> {
            Tensor from = run.input(size);
            Tensor to = run.output("out", Tolerance.EXACT, size);
            float[] host = new float[size + 7];
            run.on().read(from, host, 3);
            run.on().write(host, 3, to);
          });
      cases.add(
          "memory double copies of " + size,
          run -> {
            Tensor from = run.input(size);
            Tensor to = run.output("out", Tolerance.EXACT, size);
            double[] host = new double[size + 7];
            run.on().read(from, host, 3);
            run.on().write(host, 3, to);
          });
    }
  }
}
