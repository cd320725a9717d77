package dev.jdiffusion.autograd;

import dev.jdiffusion.tensor.Shape;
import dev.jdiffusion.tensor.Tensor;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.ToDoubleFunction;

/**
 * What each operation costs at least, from the shapes of its inputs and its output.
 *
 * <p>The traffic is that of the operation alone: the sum of several gradients of one variable is
 * not in it, nor is what a kernel needs besides, such as a packed weight. A function of one element
 * counts as one operation, be it a sum or an exponential, because memory is its limit.
 */
final class Costs {
  private static final Map<String, Rules> RULES = rules();

  private Costs() {}

  @FunctionalInterface
  private interface Rule {
    Cost of(Operation operation);
  }

  private record Rules(Rule forward, Rule backward) {}

  /** Of the result; empty for an operation that is not in the table. */
  static Optional<Cost> forward(Operation operation) {
    Rules rules = RULES.get(operation.name());
    return rules == null ? Optional.empty() : Optional.of(rules.forward.of(operation));
  }

  /** Of the gradients of all inputs that need one. */
  static Optional<Cost> backward(Operation operation) {
    Rules rules = RULES.get(operation.name());
    return rules == null ? Optional.empty() : Optional.of(rules.backward.of(operation));
  }

  private static Map<String, Rules> rules() {
    Map<String, Rules> rules = new HashMap<>();
    Rules linear = new Rules(Costs::pointwise, op -> Cost.of(out(op), 2 * out(op)));
    for (String name : List.of("neg", "affine", "dropout")) {
      rules.put(name, linear);
    }
    // Also reads the argument or the value.
    Rules curved = new Rules(Costs::pointwise, op -> Cost.of(out(op), 3 * out(op)));
    for (String name :
        List.of(
            "exp",
            "log",
            "sqrt",
            "square",
            "abs",
            "relu",
            "silu",
            "gelu",
            "geluTanh",
            "sigmoid",
            "tanh",
            "power")) {
      rules.put(name, curved);
    }
    // The gradient of a sum is passed on as it is; only what was broadcast is summed.
    Rules sum = new Rules(Costs::pointwise, op -> reducedGradients(op, 0));
    rules.put("add", sum);
    rules.put("sub", sum);
    Rules product = new Rules(Costs::pointwise, op -> reducedGradients(op, 2));
    rules.put("mul", product);
    rules.put("div", product);

    rules.put("reshape", new Rules(_ -> Cost.NONE, _ -> Cost.NONE));
    Rules move = new Rules(op -> Cost.of(0, 2 * out(op)), op -> Cost.of(0, 2 * out(op)));
    rules.put("permute", move);
    rules.put("concat", move);
    rules.put("embedding", move);
    // The gradient of what was cut off is zero, and has to be written.
    rules.put(
        "slice", new Rules(op -> Cost.of(0, 2 * out(op)), op -> Cost.of(0, out(op) + in(op, 0))));

    Rules total = new Rules(Costs::reads, op -> Cost.of(0, in(op, 0) + out(op)));
    rules.put("sum", total);
    rules.put("mean", total);
    Rules resampled = new Rules(Costs::reads, op -> Cost.of(in(op, 0), in(op, 0) + out(op)));
    rules.put("averagePool2d", resampled);
    rules.put("upsampleNearest", resampled);
    rules.put(
        "maxPool2d", new Rules(Costs::reads, op -> Cost.of(in(op, 0), 2 * in(op, 0) + out(op))));
    Rules loss =
        new Rules(
            op -> Cost.of(3 * in(op, 0), 2 * in(op, 0)),
            op -> Cost.of(2 * in(op, 0), 3 * in(op, 0)));
    for (String name : List.of("mseLoss", "l1Loss", "huberLoss")) {
      rules.put(name, loss);
    }
    rules.put(
        "crossEntropy",
        new Rules(
            op -> Cost.of(4 * in(op, 0), 2 * in(op, 0)),
            op -> Cost.of(2 * in(op, 0), 2 * in(op, 0))));
    // The maximum, the exponential, their sum, the quotient.
    rules.put(
        "softmax",
        new Rules(
            op -> Cost.of(4 * out(op), 2 * out(op)), op -> Cost.of(4 * out(op), 3 * out(op))));
    // Sums, squares, scale and shift; what an activation costs is not counted.
    Rules norm =
        new Rules(
            op -> Cost.of(6 * out(op), 2 * out(op) + (hasResidual(op) ? out(op) : 0)),
            op -> Cost.of(12 * out(op), 3 * out(op)));
    rules.put("groupNorm", norm);
    rules.put("layerNorm", norm);

    rules.put("matMul", products(op -> matrix(op) / op.output().dim(-2)));
    rules.put("conv2d", products(op -> in(op, 1) / op.output().dim(-1)));
    rules.put("convTranspose2d", new Rules(Costs::transposed, Costs::transposedGradients));
    rules.put("scaledDotProductAttention", attention());
    rules.put("selfAttention", attention());
    rules.put("linearAttention", linearAttention());
    return Map.copyOf(rules);
  }

  private static double out(Operation operation) {
    return operation.output().size();
  }

  private static double in(Operation operation, int index) {
    return operation.inputs().get(index).shape().size();
  }

  private static double inputs(Operation operation) {
    return operation.inputs().stream().mapToDouble(input -> input.shape().size()).sum();
  }

  private static boolean needs(Operation operation, int index) {
    return operation.inputs().get(index).requiresGradient();
  }

  private static boolean hasResidual(Operation operation) {
    Variable last = operation.inputs().getLast();
    return operation.inputs().size() > 1 && last.shape().equals(operation.output().shape());
  }

  private static Cost pointwise(Operation operation) {
    return Cost.of(out(operation), inputs(operation) + out(operation));
  }

  /** One operation for each element of the first input. */
  private static Cost reads(Operation operation) {
    return Cost.of(in(operation, 0), in(operation, 0) + out(operation));
  }

  /**
   * Of a function of two variables.
   *
   * @param factors elements read, besides the result's gradient, for each element of an input's
   */
  private static Cost reducedGradients(Operation operation, int factors) {
    double flops = 0;
    double elements = 0;
    for (Variable input : operation.inputs()) {
      boolean repeated = input.shape().size() < out(operation);
      if (input.requiresGradient() && (repeated || factors > 0)) {
        flops += out(operation);
        elements += out(operation) * Math.max(1, factors) + input.shape().size();
      }
    }
    return Cost.of(flops, elements);
  }

  /**
   * Of a sum of products of two inputs.
   *
   * @param depth products that each element of the output adds up
   */
  private static Rules products(ToDoubleFunction<Operation> depth) {
    return new Rules(
        op -> Cost.of(2 * out(op) * depth.applyAsDouble(op), inputs(op) + out(op)),
        op -> {
          double operands = in(op, 0) + in(op, 1) + out(op);
          int gradients = (needs(op, 0) ? 1 : 0) + (needs(op, 1) ? 1 : 0);
          return Cost.of(gradients * 2 * out(op) * depth.applyAsDouble(op), gradients * operands);
        });
  }

  /** Rows times columns of the first operand of a product of matrices. */
  private static double matrix(Operation operation) {
    Shape shape = operation.inputs().getFirst().shape();
    return (double) shape.dim(-1) * shape.dim(-2);
  }

  /** Each element of the input meets every weight of its channel. */
  private static Cost transposed(Operation operation) {
    double weightsOfChannel = in(operation, 1) / operation.inputs().get(1).dim(-1);
    return Cost.of(2 * in(operation, 0) * weightsOfChannel, inputs(operation) + out(operation));
  }

  private static Cost transposedGradients(Operation operation) {
    Cost forward = transposed(operation);
    double operands = in(operation, 0) + in(operation, 1) + out(operation);
    int gradients = (needs(operation, 0) ? 1 : 0) + (needs(operation, 1) ? 1 : 0);
    return Cost.of(gradients * forward.flops(), gradients * operands);
  }

  /** Two products forward; five backward, one of them the scores computed again. */
  private static Rules attention() {
    ToDoubleFunction<Operation> product =
        op -> 2 * out(op) * op.inputs().get(Math.min(1, op.inputs().size() - 1)).dim(1);
    return new Rules(
        op -> Cost.of(2 * product.applyAsDouble(op), inputs(op) + out(op)),
        op -> Cost.of(5 * product.applyAsDouble(op), 2 * inputs(op) + 2 * out(op)));
  }

  private static Rules linearAttention() {
    // What is saved last has a column for each feature of a head.
    ToDoubleFunction<Operation> product =
        op -> {
          Tensor state = op.saved().getLast();
          return 2 * out(op) * state.dim(-1);
        };
    return new Rules(
        op -> Cost.of(2 * product.applyAsDouble(op), inputs(op) + out(op)),
        op -> Cost.of(5 * product.applyAsDouble(op), 2 * inputs(op) + out(op)));
  }
}
