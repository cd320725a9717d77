package dev.jdiffusion.tensor.conformance;

import dev.jdiffusion.tensor.Tensor;
import dev.jdiffusion.tensor.conformance.HeadColumns.Packing;

final class AttentionCases {
  private AttentionCases() {}

  static void addTo(Cases cases) {
    for (Packing packing : Packing.values()) {
      add(cases, packing, 1, 1, 1, 1, 1, 1);
      add(cases, packing, 2, 3, 3, 1, 5, 1);
      add(cases, packing, 2, 49, 49, 4, 32, 1);
      add(cases, packing, 1, 196, 196, 2, 16, 1);
      add(cases, packing, 3, 17, 17, 3, 7, 1);
      add(cases, packing, 1, 65, 65, 1, 33, 1);
      add(cases, packing, 1, 16, 16, 2, 64, 8);
    }
    // So many images that a thread has all heads of one.
    add(cases, Packing.PACKED, 130, 3, 3, 2, 8, 1);
    add(cases, Packing.APART, 2, 5, 9, 2, 8, 1);
    add(cases, Packing.APART, 2, 70, 1, 2, 8, 1);
    add(cases, Packing.APART, 1, 1, 130, 4, 28, 1);
    add(cases, Packing.APART, 1, 33, 80, 1, 112, 1);
    add(cases, Packing.APART, 2, 31, 67, 2, 3, 30);
    add(cases, Packing.APART, 1, 5, 9, 1, 100, 1);
    add(cases, Packing.APART, 1, 1100, 300, 1, 8, 1);
    add(cases, Packing.PACKED, 1, 600, 600, 1, 16, 1);
    // Heads too large to be kept in registers.
    add(cases, Packing.GAPS, 1, 7, 7, 2, 150, 1);
    add(cases, Packing.APART, 2, 3, 5, 1, 300, 1);
    add(cases, Packing.APART, 1, 3, 5, 2, 240, 1);
  }

  private static void add(
      Cases cases,
      Packing packing,
      int n,
      int rows,
      int keys,
      int heads,
      int features,
      double spread) {
    String name =
        "attention "
            + packing
            + " ["
            + n
            + ", "
            + rows
            + ", "
            + keys
            + "] "
            + heads
            + " heads of "
            + features
            + " spread "
            + spread;
    // A score's rounding error is its exponential's relative error.
    double error = 2e-6 * (1 + spread * spread * Math.sqrt(features) / 4);
    double scale = 1 / Math.sqrt(features);
    // Columns outside q, k and v stay undefined.
    cases.addUndefined(
        name,
        run -> {
          int columns = heads * features;
          HeadColumns in = HeadColumns.inputs(run, packing, n, rows, keys, columns, spread);
          Tensor out = run.output("out", Tolerance.ofMaximum(error), n, rows, columns);
          Tensor logSumExp =
              run.output(
                  "logSumExp", Tolerance.ofMaximum(2e-6).plusAbsolute(error), n, heads, rows);
          run.on().attention().forward(in.q(), in.k(), in.v(), heads, scale, out, logSumExp);
          HeadColumns grad =
              HeadColumns.outputs(
                  run,
                  packing,
                  n,
                  rows,
                  keys,
                  columns,
                  Tolerance.ofMaximum(4 * error).plusAbsolute(error));
          Tensor dOut = run.input(n, rows, columns);
          run.on()
              .attention()
              .backward(
                  in.q(), in.k(), in.v(), heads, scale, out, logSumExp, dOut, grad.q(), grad.k(),
                  grad.v());
        });
  }
}
