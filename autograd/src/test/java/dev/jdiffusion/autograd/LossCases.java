package dev.jdiffusion.autograd;

import static dev.jdiffusion.autograd.GradientCheck.Input.Kind.BETWEEN_DISTINCT;
import static dev.jdiffusion.autograd.GradientCheck.Input.Kind.DISTINCT;

import dev.jdiffusion.autograd.GradientCheck.Input;
import dev.jdiffusion.autograd.ops.CrossEntropy;
import dev.jdiffusion.autograd.ops.Loss;
import dev.jdiffusion.tensor.IntTensor;
import dev.jdiffusion.tensor.ops.Loss.Kind;
import java.util.ArrayList;
import java.util.List;

/**
 * Losses; differences of the inputs lie 0.03 or more from 0 and from 1, where penalties have kinks.
 */
final class LossCases {
  private LossCases() {}

  static List<GradientCase> all() {
    List<GradientCase> cases = new ArrayList<>();
    for (int[] shape : new int[][] {{}, {1}, {5, 7}, {2, 3, 4, 1}}) {
      Input prediction = Input.of(DISTINCT, shape);
      Input target = Input.of(BETWEEN_DISTINCT, shape);
      String name = " " + prediction.shape();
      cases.add(
          GradientCase.of("mse" + name, in -> Loss.mse(in.get(0), in.get(1)), prediction, target));
      cases.add(
          GradientCase.of("l1" + name, in -> Loss.l1(in.get(0), in.get(1)), prediction, target));
      cases.add(
          GradientCase.of(
              "huber" + name, in -> Loss.huber(in.get(0), in.get(1)), prediction, target));
      for (Kind kind : Kind.values()) {
        cases.add(
            GradientCase.of(
                "loss " + kind + name,
                in -> Loss.loss(kind, in.get(0), in.get(1)),
                prediction,
                target));
      }
    }
    cases.add(
        GradientCase.of(
            "crossEntropy",
            in -> CrossEntropy.crossEntropy(in.get(0), IntTensor.of(1, 0, 4)),
            Input.normal(3, 5)));
    cases.add(
        GradientCase.of(
            "crossEntropy of one row and one class",
            in -> CrossEntropy.crossEntropy(in.get(0), IntTensor.of(0)),
            Input.normal(1, 1)));
    return cases;
  }
}
