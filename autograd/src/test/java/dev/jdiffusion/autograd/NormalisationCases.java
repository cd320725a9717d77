package dev.jdiffusion.autograd;

import dev.jdiffusion.autograd.GradientCheck.Input;
import dev.jdiffusion.autograd.ops.GroupNorm;
import dev.jdiffusion.autograd.ops.LayerNorm;
import dev.jdiffusion.autograd.ops.Softmax;
import dev.jdiffusion.tensor.Activation;
import dev.jdiffusion.tensor.ops.GroupNorm.Spec;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Group norm, layer norm and softmax. */
final class NormalisationCases {
  private NormalisationCases() {}

  static List<GradientCase> all() {
    List<GradientCase> cases = new ArrayList<>();
    for (int[] shape : new int[][] {{2, 3, 2, 4}, {1, 5, 6}, {3, 4}, {1, 1, 1, 2}}) {
      for (int groups : new int[] {1, 2}) {
        Input x = Input.normal(shape);
        Input channels = Input.normal(shape[shape.length - 1]);
        cases.add(
            GradientCase.of(
                "groupNorm " + x.shape() + ", groups " + groups,
                in -> GroupNorm.groupNorm(in.get(0), in.get(1), in.get(2), groups, 1e-5),
                x,
                channels,
                channels));
      }
    }
    for (int options = 0; options < 8; options++) {
      for (Activation post : new Activation[] {Activation.NONE, Activation.SILU}) {
        addFused(cases, options, new Spec(2, 1e-5, Activation.NONE, post));
      }
      addFused(cases, options, new Spec(1, 1e-3, Activation.GELU, Activation.NONE));
    }
    addFused(cases, 7, new Spec(4, 1e-5, Activation.SILU, Activation.GELU));
    addFused(cases, 2, new Spec(2, 1e-5, Activation.RELU, Activation.NONE));
    addFused(cases, 0, new Spec(2, 1e-5, Activation.NONE, Activation.RELU));
    for (int[] shape : new int[][] {{5}, {3, 4}, {2, 3, 5}, {3, 1}}) {
      Input x = Input.normal(shape);
      Input channels = Input.normal(shape[shape.length - 1]);
      cases.add(
          GradientCase.of(
              "layerNorm " + x.shape(),
              in -> LayerNorm.layerNorm(in.get(0), in.get(1), in.get(2), 1e-5),
              x,
              channels,
              channels));
    }
    for (int axis : new int[] {0, 1, 2, -1, -2}) {
      cases.add(
          GradientCase.of(
              "softmax over axis " + axis,
              in -> Softmax.softmax(in.get(0), axis),
              Input.normal(2, 3, 5)));
    }
    cases.add(
        GradientCase.of(
            "softmax of one element", in -> Softmax.softmax(in.get(0), 0), Input.normal(1)));
    return cases;
  }

  /**
   * @param options which of the optional inputs are present: 1 channel bias, 2 scale and shift, 4
   *     residual
   */
  private static void addFused(List<GradientCase> cases, int options, Spec spec) {
    Input x = Input.of(Input.Kind.AWAY_FROM_ZERO, 2, 3, 1, 4);
    List<Input> inputs = new ArrayList<>(List.of(x, Input.normal(4), Input.normal(4)));
    String name = "groupNorm " + spec;
    if ((options & 1) != 0) {
      inputs.add(Input.normal(2, 4));
      name += ", channel bias";
    }
    if ((options & 2) != 0) {
      inputs.add(Input.normal(2, 8));
      name += ", scale and shift";
    }
    if ((options & 4) != 0) {
      inputs.add(Input.normal(2, 3, 1, 4));
      name += ", residual";
    }
    cases.add(
        GradientCase.of(
            name,
            in -> {
              Iterator<Variable> optional = in.subList(3, in.size()).iterator();
              @Nullable Variable channelBias = (options & 1) != 0 ? optional.next() : null;
              @Nullable Variable scaleShift = (options & 2) != 0 ? optional.next() : null;
              @Nullable Variable residual = (options & 4) != 0 ? optional.next() : null;
              return GroupNorm.groupNorm(
                  in.get(0), channelBias, in.get(1), in.get(2), scaleShift, residual, spec);
            },
            inputs.toArray(Input[]::new)));
  }
}
