package dev.jdiffusion.tensor.conformance;

import dev.jdiffusion.tensor.Columns;
import dev.jdiffusion.tensor.Shape;
import dev.jdiffusion.tensor.Tensor;

/** q, k and v, or their gradients: each its own tensor, or columns of one. */
record HeadColumns(Columns q, Columns k, Columns v) {
  /** Where q, k and v lie. */
  enum Packing {
    /** Three tensors. */
    APART,
    /** {@code [N, T, 3 * columns]}: q, k, v, as a projection gives them. */
    PACKED,
    /** {@code [N, T, 3 * columns + 5]} with unused columns before, between and behind. */
    GAPS
  }

  static HeadColumns inputs(
      Run run, Packing packing, int n, int rows, int keys, int columns, double spread) {
    if (packing == Packing.APART) {
      return apart(
          run.input(Shape.of(n, rows, columns), random -> spread * random.nextGaussian()),
          run.input(Shape.of(n, keys, columns), random -> spread * random.nextGaussian()),
          run.input(n, keys, columns));
    }
    return within(
        run.input(Shape.of(n, rows, width(packing, columns)), r -> spread * r.nextGaussian()),
        packing,
        columns);
  }

  static HeadColumns outputs(
      Run run, Packing packing, int n, int rows, int keys, int columns, Tolerance tolerance) {
    if (packing == Packing.APART) {
      return apart(
          run.output("dQ", tolerance, n, rows, columns),
          run.output("dK", tolerance, n, keys, columns),
          run.output("dV", tolerance, n, keys, columns));
    }
    return within(
        run.output("dQKV", tolerance, n, rows, width(packing, columns)), packing, columns);
  }

  private static HeadColumns apart(Tensor q, Tensor k, Tensor v) {
    return new HeadColumns(Columns.all(q), Columns.all(k), Columns.all(v));
  }

  private static HeadColumns within(Tensor tensor, Packing packing, int columns) {
    int before = packing == Packing.GAPS ? 1 : 0;
    int between = packing == Packing.GAPS ? 2 : 0;
    return new HeadColumns(
        new Columns(tensor, before, columns),
        new Columns(tensor, before + columns + between, columns),
        new Columns(tensor, before + 2 * columns + between, columns));
  }

  private static int width(Packing packing, int columns) {
    return 3 * columns + (packing == Packing.GAPS ? 5 : 0);
  }
}
