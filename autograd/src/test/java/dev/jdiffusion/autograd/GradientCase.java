package dev.jdiffusion.autograd;

import java.util.List;
import java.util.function.Function;

/** An operation on inputs of certain shapes, to be checked by {@link GradientCheck#operation}. */
record GradientCase(
    String name, Function<List<Variable>, Variable> operation, List<GradientCheck.Input> inputs) {

  static GradientCase of(
      String name, Function<List<Variable>, Variable> operation, GradientCheck.Input... inputs) {
    return new GradientCase(name, operation, List.of(inputs));
  }
}
