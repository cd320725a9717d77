package dev.jdiffusion.autograd.ops;

import static dev.jdiffusion.autograd.Tape.inputs;
import static dev.jdiffusion.autograd.Tape.saved;

import dev.jdiffusion.autograd.Tape;
import dev.jdiffusion.autograd.Variable;
import dev.jdiffusion.tensor.Columns;
import dev.jdiffusion.tensor.Tensor;

/**
 * Linear attention (Shen et al. 2018); the formula is at {@link
 * dev.jdiffusion.tensor.ops.LinearAttention}.
 */
public final class LinearAttention {
  private LinearAttention() {}

  /**
   * Attention among the positions of one sequence, at a cost linear in their number.
   *
   * @param qkv {@code [N, T, 3 * heads * D]}: the queries, then the keys, then the values
   * @param scale of the queries after their softmax, usually {@code 1 / sqrt(D)}
   * @return {@code [N, T, heads * D]}
   */
  public static Variable linearAttention(Variable qkv, int heads, double scale) {
    int columns = Operands.thirdOfColumns("linearAttention", qkv, heads);
    Tensor packed = qkv.value();
    Columns q = new Columns(packed, 0, columns);
    Columns k = new Columns(packed, columns, columns);
    Columns v = new Columns(packed, 2 * columns, columns);
    dev.jdiffusion.tensor.ops.LinearAttention.check(q, k, v, heads);
    var kernel = packed.backend().linearAttention();
    Tensor out = Tensor.empty(packed.backend(), packed.shape().with(-1, columns));
    Tensor state =
        Tensor.empty(
            packed.backend(), dev.jdiffusion.tensor.ops.LinearAttention.savedShape(q, heads));
    kernel.forward(q, k, v, heads, scale, out, state);
    return Tape.node(
        "linearAttention",
        out,
        inputs(qkv),
        saved(packed, state),
        (dOut, gradients) -> {
          Tensor dPacked = kernel.worksInPlace() ? gradients.over(packed) : Operands.like(packed);
          kernel.backward(
              q,
              k,
              v,
              heads,
              scale,
              state,
              dOut,
              new Columns(dPacked, 0, columns),
              new Columns(dPacked, columns, columns),
              new Columns(dPacked, 2 * columns, columns));
          gradients.add(qkv, dPacked);
        });
  }
}
