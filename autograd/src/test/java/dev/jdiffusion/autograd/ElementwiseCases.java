package dev.jdiffusion.autograd;

import static dev.jdiffusion.autograd.GradientCheck.Input.Kind.AWAY_FROM_ZERO;
import static dev.jdiffusion.autograd.GradientCheck.Input.Kind.POSITIVE;

import dev.jdiffusion.autograd.GradientCheck.Input;
import dev.jdiffusion.autograd.ops.Elementwise;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BinaryOperator;
import java.util.function.UnaryOperator;

final class ElementwiseCases {
  private ElementwiseCases() {}

  static List<GradientCase> all() {
    List<GradientCase> cases = new ArrayList<>();
    Map<String, BinaryOperator<Variable>> binary = new LinkedHashMap<>();
    binary.put("add", Elementwise::add);
    binary.put("sub", Elementwise::sub);
    binary.put("mul", Elementwise::mul);
    binary.put("div", Elementwise::div);
    int[][][] shapes = {
      {{2, 3}, {2, 3}},
      {{2, 3, 5}, {5}},
      {{5}, {2, 3, 5}},
      {{2, 1, 3}, {4, 1}},
      {{3, 2}, {}},
      {{}, {}},
      {{1, 3}, {2, 1, 1, 1}}
    };
    binary.forEach((name, operation) -> {
      for (int[][] pair : shapes) {
        Input a = Input.of(AWAY_FROM_ZERO, pair[0]);
        Input b = Input.of(AWAY_FROM_ZERO, pair[1]);
        cases.add(
            GradientCase.of(
                name + " " + a.shape() + " " + b.shape(),
                in -> operation.apply(in.get(0), in.get(1)),
                a,
                b));
      }
      cases.add(
          GradientCase.of(
              name + " of a variable with itself",
              in -> operation.apply(in.get(0), in.get(0)),
              Input.of(AWAY_FROM_ZERO, 2, 3)));
    });
    Map<String, UnaryOperator<Variable>> smooth = new LinkedHashMap<>();
    smooth.put("neg", Elementwise::neg);
    smooth.put("exp", Elementwise::exp);
    smooth.put("square", Elementwise::square);
    smooth.put("silu", Elementwise::silu);
    smooth.put("gelu", Elementwise::gelu);
    smooth.put("geluTanh", Elementwise::geluTanh);
    smooth.put("sigmoid", Elementwise::sigmoid);
    smooth.put("tanh", Elementwise::tanh);
    smooth.put("affine", x -> Elementwise.affine(x, -1.5, 0.25));
    smooth.put("power 3", x -> Elementwise.power(x, 3));
    smooth.put("power 0", x -> Elementwise.power(x, 0));
    smooth.put("power 1", x -> Elementwise.power(x, 1));
    addUnary(cases, smooth, Input.Kind.NORMAL);
    Map<String, UnaryOperator<Variable>> kinked = new LinkedHashMap<>();
    kinked.put("abs", Elementwise::abs);
    kinked.put("relu", Elementwise::relu);
    kinked.put("power -2", x -> Elementwise.power(x, -2));
    addUnary(cases, kinked, AWAY_FROM_ZERO);
    Map<String, UnaryOperator<Variable>> positive = new LinkedHashMap<>();
    positive.put("log", Elementwise::log);
    positive.put("sqrt", Elementwise::sqrt);
    positive.put("power -0.5", x -> Elementwise.power(x, -0.5));
    addUnary(cases, positive, POSITIVE);
    return cases;
  }

  private static void addUnary(
      List<GradientCase> cases, Map<String, UnaryOperator<Variable>> operations, Input.Kind kind) {
    operations.forEach((name, operation) -> {
      for (int[] shape : new int[][] {{}, {7}, {3, 1, 5}}) {
        Input x = Input.of(kind, shape);
        cases.add(GradientCase.of(name + " " + x.shape(), in -> operation.apply(in.get(0)), x));
      }
    });
  }
}
