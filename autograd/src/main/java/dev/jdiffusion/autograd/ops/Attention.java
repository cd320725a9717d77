package dev.jdiffusion.autograd.ops;

import static dev.jdiffusion.autograd.Tape.inputs;
import static dev.jdiffusion.autograd.Tape.saved;

import dev.jdiffusion.autograd.Tape;
import dev.jdiffusion.autograd.Variable;
import dev.jdiffusion.tensor.Columns;
import dev.jdiffusion.tensor.Shape;
import dev.jdiffusion.tensor.Tensor;

/** Softmax attention with several heads, {@code softmax(scale * q k^T) v} (Vaswani et al. 2017). */
public final class Attention {
  private Attention() {}

  /**
   * Attention of the positions of q to those of k and v.
   *
   * @param q {@code [N, Tq, heads * D]}
   * @param k {@code [N, Tk, heads * D]}
   * @param v {@code [N, Tk, heads * D]}
   * @param scale of the scores, usually {@code 1 / sqrt(D)}
   * @return {@code [N, Tq, heads * D]}
   */
  public static Variable scaledDotProductAttention(
      Variable q, Variable k, Variable v, int heads, double scale) {
    Columns queries = Columns.all(q.value());
    Columns keys = Columns.all(k.value());
    Columns values = Columns.all(v.value());
    dev.jdiffusion.tensor.ops.Attention.check(queries, keys, values, heads);
    var kernel = q.backend().attention();
    Tensor out = Operands.like(q.value());
    Tensor logSumExp = Tensor.empty(q.backend(), Shape.of(q.dim(0), heads, q.dim(1)));
    kernel.forward(queries, keys, values, heads, scale, out, logSumExp);
    return Tape.node(
        "scaledDotProductAttention",
        out,
        inputs(q, k, v),
        saved(q.value(), k.value(), v.value(), out, logSumExp),
        (dOut, gradients) -> {
          Tensor dQ = Operands.like(queries.tensor());
          Tensor dK = Operands.like(keys.tensor());
          Tensor dV = Operands.like(values.tensor());
          kernel.backward(
              queries,
              keys,
              values,
              heads,
              scale,
              out,
              logSumExp,
              dOut,
              Columns.all(dQ),
              Columns.all(dK),
              Columns.all(dV));
          gradients.add(q, dQ);
          gradients.add(k, dK);
          gradients.add(v, dV);
        });
  }

  /**
   * Attention among the positions of one sequence, with scale {@code 1 / sqrt(D)}.
   *
   * @param qkv {@code [N, T, 3 * heads * D]}: the queries, then the keys, then the values
   * @return {@code [N, T, heads * D]}
   */
  public static Variable selfAttention(Variable qkv, int heads) {
    int columns = Operands.thirdOfColumns("selfAttention", qkv, heads);
    double scale = 1 / Math.sqrt((double) columns / heads);
    Tensor packed = qkv.value();
    Columns q = new Columns(packed, 0, columns);
    Columns k = new Columns(packed, columns, columns);
    Columns v = new Columns(packed, 2 * columns, columns);
    dev.jdiffusion.tensor.ops.Attention.check(q, k, v, heads);
    var kernel = packed.backend().attention();
    Tensor out = Tensor.empty(packed.backend(), packed.shape().with(-1, columns));
    Tensor logSumExp = Tensor.empty(packed.backend(), Shape.of(qkv.dim(0), heads, qkv.dim(1)));
    kernel.forward(q, k, v, heads, scale, out, logSumExp);
    return Tape.node(
        "selfAttention",
        out,
        inputs(qkv),
        saved(packed, out, logSumExp),
        (dOut, gradients) -> {
          Tensor dPacked = kernel.worksInPlace() ? gradients.over(packed) : Operands.like(packed);
          kernel.backward(
              q,
              k,
              v,
              heads,
              scale,
              out,
              logSumExp,
              dOut,
              new Columns(dPacked, 0, columns),
              new Columns(dPacked, columns, columns),
              new Columns(dPacked, 2 * columns, columns));
          gradients.add(qkv, dPacked);
        });
  }
}
