package dev.jdiffusion.tensor.conformance;

import dev.jdiffusion.tensor.IntTensor;
import dev.jdiffusion.tensor.Shape;
import dev.jdiffusion.tensor.Tensor;
import java.util.Arrays;

final class EmbeddingCases {
  private EmbeddingCases() {}

  static void addTo(Cases cases) {
    add(cases, 1, 1, Shape.of(1));
    add(cases, 10, 112, Shape.of(7));
    add(cases, 3, 17, Shape.of(40));
    add(cases, 1000, 28, Shape.of(128));
    add(cases, 5, 16, Shape.of(2, 3, 4));
    add(cases, 5, 7, Shape.of());
    add(cases, 3, 450, Shape.of(4));
  }

  private static void add(Cases cases, int rows, int width, Shape shape) {
    cases.add(
        "embedding of " + shape + " in [" + rows + ", " + width + "]",
        run -> {
          IntTensor indices =
              new IntTensor(shape, run.random().ints(shape.size(), 0, rows).toArray());
          int[] extents = Arrays.copyOf(shape.toArray(), shape.rank() + 1);
          extents[shape.rank()] = width;
          Tensor table = run.input(rows, width);
          run.on().embedding().forward(table, indices, run.output("out", Tolerance.EXACT, extents));
          Tensor dOut = run.input(extents);
          run.on()
              .embedding()
              .backward(dOut, indices, run.updated("dTable", Tolerance.SUM, rows, width));
        });
  }
}
