package dev.jdiffusion.tensor.conformance;

import dev.jdiffusion.tensor.Tensor;
import dev.jdiffusion.tensor.conformance.HeadColumns.Packing;
import dev.jdiffusion.tensor.ops.LinearAttention;

final class LinearAttentionCases {
  private LinearAttentionCases() {}

  static void addTo(Cases cases) {
    for (Packing packing : Packing.values()) {
      add(cases, packing, 1, 1, 1, 1, 1);
      add(cases, packing, 2, 3, 1, 5, 1);
      add(cases, packing, 1, 784, 4, 32, 1);
      add(cases, packing, 2, 49, 4, 32, 1);
      add(cases, packing, 3, 17, 3, 7, 1);
      add(cases, packing, 1, 65, 1, 33, 1);
      add(cases, packing, 1, 1, 2, 16, 1);
      add(cases, packing, 2, 40, 2, 64, 20);
    }
    // So many images that a thread has all heads of one.
    add(cases, Packing.PACKED, 130, 3, 2, 8, 1);
    add(cases, Packing.APART, 1, 530, 3, 5, 1);
    add(cases, Packing.APART, 1, 5, 2, 110, 1);
  }

  private static void add(
      Cases cases, Packing packing, int n, int length, int heads, int features, double spread) {
    String name =
        "linearAttention "
            + packing
            + " ["
            + n
            + ", "
            + length
            + "] "
            + heads
            + " heads of "
            + features
            + " spread "
            + spread;
    double error = 4e-6 * Math.max(1, spread / 4);
    double scale = 1 / Math.sqrt(features);
    // Columns outside q, k and v stay undefined.
    cases.addUndefined(
        name,
        run -> {
          int columns = heads * features;
          HeadColumns in = HeadColumns.inputs(run, packing, n, length, length, columns, spread);
          Tensor out = run.output("out", Tolerance.ofMaximum(error), n, length, columns);
          Tensor saved =
              run.output(
                  "saved",
                  Tolerance.relative(error).plusAbsolute(error),
                  LinearAttention.savedShape(in.q(), heads));
          run.on().linearAttention().forward(in.q(), in.k(), in.v(), heads, scale, out, saved);
          HeadColumns grad =
              HeadColumns.outputs(
                  run,
                  packing,
                  n,
                  length,
                  length,
                  columns,
                  Tolerance.ofMaximum(2 * error).plusAbsolute(error / 4));
          Tensor dOut = run.input(n, length, columns);
          run.on()
              .linearAttention()
              .backward(
                  in.q(), in.k(), in.v(), heads, scale, saved, dOut, grad.q(), grad.k(), grad.v());
        });
  }
}
