package dev.jdiffusion.autograd;

import dev.jdiffusion.autograd.GradientCheck.Input;
import dev.jdiffusion.autograd.ops.Reduction;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

final class ReductionCases {
  private ReductionCases() {}

  static List<GradientCase> all() {
    List<GradientCase> cases = new ArrayList<>();
    for (int[] shape : new int[][] {{}, {5}, {2, 3, 4}, {1, 1}}) {
      Input x = Input.normal(shape);
      cases.add(GradientCase.of("sum of all " + x.shape(), in -> Reduction.sum(in.get(0)), x));
      cases.add(GradientCase.of("mean of all " + x.shape(), in -> Reduction.mean(in.get(0)), x));
    }
    for (int[] axes : new int[][] {{0}, {1}, {-1}, {0, 2}, {2, 1}, {0, 1, 2}, {}}) {
      for (boolean keep : new boolean[] {true, false}) {
        String which = " over " + Arrays.toString(axes) + (keep ? ", kept" : "");
        Input x = Input.normal(2, 3, 4);
        cases.add(GradientCase.of("sum" + which, in -> Reduction.sum(in.get(0), keep, axes), x));
        cases.add(GradientCase.of("mean" + which, in -> Reduction.mean(in.get(0), keep, axes), x));
      }
    }
    return cases;
  }
}
