package dev.jdiffusion.autograd;

import dev.jdiffusion.autograd.GradientCheck.Input;
import dev.jdiffusion.autograd.ops.Dropout;
import dev.jdiffusion.autograd.ops.Elementwise;
import dev.jdiffusion.autograd.ops.Embedding;
import dev.jdiffusion.autograd.ops.Layout;
import dev.jdiffusion.tensor.IntTensor;
import dev.jdiffusion.tensor.Shape;
import dev.jdiffusion.tensor.Tensor;
import dev.jdiffusion.tensor.ops.RandomFill.DeviceKey;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Moving elements, choosing rows and dropping elements. */
final class LayoutCases {
  private LayoutCases() {}

  static List<GradientCase> all() {
    List<GradientCase> cases = new ArrayList<>();
    for (int axis : new int[] {0, 1, 2, -1}) {
      int[] other = {2, 3, 4};
      other[axis < 0 ? axis + 3 : axis] = 1;
      cases.add(
          GradientCase.of(
              "concat along axis " + axis,
              in -> Layout.concat(axis, in.get(0), in.get(1), in.get(2)),
              Input.normal(2, 3, 4),
              Input.normal(other),
              Input.normal(2, 3, 4)));
      cases.add(
          GradientCase.of(
              "slice of axis " + axis,
              in -> Layout.slice(in.get(0), axis, 1, 2),
              Input.normal(4, 3, 5)));
    }
    cases.add(
        GradientCase.of("concat of one", in -> Layout.concat(0, in.get(0)), Input.normal(2, 3)));
    cases.add(
        GradientCase.of(
            "concat of a variable with itself",
            in -> Layout.concat(1, in.get(0), in.get(0)),
            Input.normal(2, 3)));
    cases.add(
        GradientCase.of(
            "slice of everything", in -> Layout.slice(in.get(0), 0, 0, 3), Input.normal(3)));
    cases.add(
        GradientCase.of(
            "chunk, parts joined in another order",
            in -> {
              List<Variable> parts = Layout.chunk(in.get(0), 3, -1);
              return Layout.concat(-1, parts.get(2), parts.get(0), parts.get(1));
            },
            Input.normal(2, 6)));
    cases.add(
        GradientCase.of(
            "chunk, one part unused",
            in -> Layout.chunk(in.get(0), 2, 0).get(1),
            Input.normal(4, 3)));
    cases.add(
        GradientCase.of(
            "reshape to extents", in -> Layout.reshape(in.get(0), 3, -1), Input.normal(2, 3, 2)));
    cases.add(
        GradientCase.of(
            "reshape to a shape",
            in -> Layout.reshape(in.get(0), Shape.of(1, 6, 1)),
            Input.normal(2, 3)));
    for (int[] axes : new int[][] {{0, 1, 2}, {2, 0, 1}, {1, 0, 2}, {2, 1, 0}}) {
      cases.add(
          GradientCase.of(
              "permute " + Arrays.toString(axes),
              in -> Layout.permute(in.get(0), axes),
              Input.normal(2, 3, 4)));
    }
    cases.add(
        GradientCase.of("permute of a scalar", in -> Layout.permute(in.get(0)), Input.normal()));
    cases.add(
        GradientCase.of(
            "embedding with repeated and unused rows",
            in -> Embedding.embedding(in.get(0), IntTensor.of(3, 0, 3, 3)),
            Input.normal(5, 3)));
    cases.add(
        GradientCase.of(
            "embedding of indices of rank 2",
            in ->
                Embedding.embedding(
                    in.get(0), new IntTensor(Shape.of(2, 2), new int[] {1, 0, 2, 1})),
            Input.normal(3, 1)));
    for (double p : new double[] {0.3, 0.9}) {
      cases.add(
          GradientCase.of(
              "dropout with probability " + p,
              in -> Dropout.dropout(in.get(0), p, key(in)),
              Input.normal(3, 7)));
    }
    cases.add(
        GradientCase.of(
            "dropout with probability 0",
            in -> Elementwise.neg(Dropout.dropout(in.get(0), 0, key(in))),
            Input.normal(3, 7)));
    return cases;
  }

  private static DeviceKey key(List<Variable> in) {
    return new DeviceKey(17, 3, Tensor.of(in.getFirst().backend(), Shape.of(2), 5, 0));
  }
}
