package dev.jdiffusion.tensor.conformance;

import dev.jdiffusion.tensor.Shape;
import dev.jdiffusion.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;

final class LayoutCases {
  private LayoutCases() {}

  static void addTo(Cases cases) {
    concat(cases, Shape.of(7), 0, 5);
    concat(cases, Shape.of(7), 0, 1, 6, 2);
    concat(cases, Shape.of(2, 3), 0, 1, 4);
    concat(cases, Shape.of(2, 3), 1, 1, 4);
    concat(cases, Shape.of(2, 7, 9, 1), 3, 28, 28);
    concat(cases, Shape.of(3, 5, 5, 1), 3, 56, 17, 1);
    concat(cases, Shape.of(2, 14, 14, 1), 3, 112, 56);
    concat(cases, Shape.of(2, 7, 9, 5), 1, 3, 4);
    concat(cases, Shape.of(2, 7, 9, 5), 2, 3, 4);
    slice(cases, Shape.of(17), 0, 5, 7);
    slice(cases, Shape.of(5, 7), 0, 1, 3);
    slice(cases, Shape.of(5, 7), 1, 0, 7);
    slice(cases, Shape.of(5, 7), 1, 6, 1);
    slice(cases, Shape.of(2, 14, 14, 112), 3, 56, 56);
    slice(cases, Shape.of(2, 14, 14, 112), 3, 0, 28);
    slice(cases, Shape.of(2, 7, 9, 5), 1, 2, 3);
    slice(cases, Shape.of(2, 7, 9, 5), 2, 8, 1);
    slice(cases, Shape.of(2, 7, 9, 5), 0, 1, 1);
    for (Shape shape :
        List.of(
            Shape.of(13),
            Shape.of(7, 33),
            Shape.of(150, 170),
            Shape.of(1, 18),
            Shape.of(3, 70, 100),
            Shape.of(2, 9, 17),
            Shape.of(2, 7, 9, 5),
            Shape.of(3, 1, 16, 28),
            Shape.of(2, 3, 1, 5, 4))) {
      permutations(shape.rank(), axes -> permute(cases, shape, axes));
    }
  }

  private static void concat(Cases cases, Shape shape, int axis, int... extents) {
    cases.add(
        "layout concat of " + Arrays.toString(extents) + " along axis " + axis + " of " + shape,
        run -> {
          List<Tensor> parts = new ArrayList<>();
          for (int extent : extents) {
            parts.add(run.input(shape.with(axis, extent).toArray()));
          }
          Tensor out =
              run.output("out", Tolerance.EXACT, shape.with(axis, Arrays.stream(extents).sum()));
          run.on().layout().concat(parts, axis, out);
        });
  }

  private static void slice(Cases cases, Shape shape, int axis, int start, int count) {
    cases.add(
        "layout slice " + start + " +" + count + " of axis " + axis + " of " + shape,
        run -> {
          Shape part = shape.with(axis, count);
          Tensor x = run.input(shape.toArray());
          run.on().layout().slice(x, axis, start, run.output("out", Tolerance.EXACT, part));
          Tensor dy = run.input(part.toArray());
          run.on().layout().sliceGrad(dy, axis, start, run.output("dx", Tolerance.EXACT, shape));
        });
  }

  private static void permute(Cases cases, Shape shape, int[] axes) {
    cases.add(
        "layout permute " + Arrays.toString(axes) + " of " + shape,
        run -> {
          int[] extents = Arrays.stream(axes).map(shape::dim).toArray();
          Tensor x = run.input(shape.toArray());
          run.on().layout().permute(x, axes, run.output("out", Tolerance.EXACT, extents));
        });
  }

  private static void permutations(int rank, Consumer<int[]> action) {
    extend(new ArrayList<>(), rank, action);
  }

  private static void extend(List<Integer> prefix, int rank, Consumer<int[]> action) {
    if (prefix.size() == rank) {
      action.accept(prefix.stream().mapToInt(Integer::intValue).toArray());
    }
    for (int axis = 0; axis < rank; axis++) {
      if (!prefix.contains(axis)) {
        prefix.add(axis);
        extend(prefix, rank, action);
        prefix.removeLast();
      }
    }
  }
}
