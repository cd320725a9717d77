package dev.jdiffusion.autograd;

import dev.jdiffusion.autograd.GradientCheck.Input;
import dev.jdiffusion.autograd.ops.MatMul;
import java.util.ArrayList;
import java.util.List;

final class MatMulCases {
  private MatMulCases() {}

  static List<GradientCase> all() {
    List<GradientCase> cases = new ArrayList<>();
    cases.add(
        GradientCase.of(
            "matMul of matrices",
            in -> MatMul.matMul(in.get(0), in.get(1)),
            Input.normal(3, 4),
            Input.normal(4, 2)));
    cases.add(
        GradientCase.of(
            "matMul of a matrix with itself",
            in -> MatMul.matMul(in.get(0), in.get(0)),
            Input.normal(3, 3)));
    for (int batchA : new int[] {0, 2}) {
      for (int batchB : new int[] {0, 2}) {
        for (boolean ta : new boolean[] {false, true}) {
          for (boolean tb : new boolean[] {false, true}) {
            Input a = matrix(batchA, ta ? 4 : 3, ta ? 3 : 4);
            Input b = matrix(batchB, tb ? 5 : 4, tb ? 4 : 5);
            String name = "matMul " + a.shape() + (ta ? "^T " : " ") + b.shape() + (tb ? "^T" : "");
            cases.add(
                GradientCase.of(name, in -> MatMul.matMul(in.get(0), ta, in.get(1), tb), a, b));
            Input residual = matrix(Math.max(batchA, batchB), 3, 5);
            cases.add(
                GradientCase.of(
                    name + " + bias",
                    in -> MatMul.matMul(in.get(0), ta, in.get(1), tb, in.get(2), null),
                    a,
                    b,
                    Input.normal(5)));
            cases.add(
                GradientCase.of(
                    name + " + residual",
                    in -> MatMul.matMul(in.get(0), ta, in.get(1), tb, null, in.get(2)),
                    a,
                    b,
                    residual));
            cases.add(
                GradientCase.of(
                    name + " + bias + residual",
                    in -> MatMul.matMul(in.get(0), ta, in.get(1), tb, in.get(2), in.get(3)),
                    a,
                    b,
                    Input.normal(5),
                    residual));
          }
        }
      }
    }
    cases.add(
        GradientCase.of(
            "matMul with extents 1",
            in -> MatMul.matMul(in.get(0), false, in.get(1), true, in.get(2), null),
            Input.normal(1, 1, 1),
            Input.normal(1, 1),
            Input.normal(1)));
    for (int[] shape : new int[][] {{4}, {1, 4}, {3, 4}, {2, 3, 4}, {2, 1, 3, 4}}) {
      Input x = Input.normal(shape);
      int[] result = shape.clone();
      result[shape.length - 1] = 3;
      cases.add(
          GradientCase.of(
              "linear " + x.shape() + " without bias",
              in -> MatMul.linear(in.get(0), in.get(1), null),
              x,
              Input.normal(4, 3)));
      cases.add(
          GradientCase.of(
              "linear " + x.shape(),
              in -> MatMul.linear(in.get(0), in.get(1), in.get(2)),
              x,
              Input.normal(4, 3),
              Input.normal(3)));
      cases.add(
          GradientCase.of(
              "linear " + x.shape() + " with residual",
              in -> MatMul.linear(in.get(0), in.get(1), in.get(2), in.get(3)),
              x,
              Input.normal(4, 3),
              Input.normal(3),
              Input.normal(result)));
    }
    return cases;
  }

  private static Input matrix(int batch, int rows, int columns) {
    return batch == 0 ? Input.normal(rows, columns) : Input.normal(batch, rows, columns);
  }
}
