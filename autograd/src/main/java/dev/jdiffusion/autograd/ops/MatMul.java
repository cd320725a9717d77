package dev.jdiffusion.autograd.ops;

import static dev.jdiffusion.autograd.Tape.inputs;
import static dev.jdiffusion.autograd.Tape.saved;

import dev.jdiffusion.autograd.Gradients;
import dev.jdiffusion.autograd.Tape;
import dev.jdiffusion.autograd.Variable;
import dev.jdiffusion.tensor.Shape;
import dev.jdiffusion.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/** Matrix products. */
public final class MatMul {
  private MatMul() {}

  /** {@code a b}, of matrices or batches of matrices. */
  public static Variable matMul(Variable a, Variable b) {
    return matMul(a, false, b, false, null, null);
  }

  /** {@code op(a) op(b)}, where op may transpose the last two axes. */
  public static Variable matMul(Variable a, boolean transposeA, Variable b, boolean transposeB) {
    return matMul(a, transposeA, b, transposeB, null, null);
  }

  /**
   * {@code op(a) op(b) + bias + residual}.
   *
   * @param a {@code [M, K]} or {@code [B, M, K]}; with transposeA {@code [K, M]} or {@code [B, K,
   *     M]}
   * @param b {@code [K, N]} or {@code [B, K, N]}; with transposeB {@code [N, K]} or {@code [B, N,
   *     K]}
   * @param bias {@code [N]}
   * @param residual of the result's shape
   * @return {@code [M, N]}, or {@code [B, M, N]} where a or b is a batch; a single matrix serves
   *     every product
   */
  public static Variable matMul(
      Variable a,
      boolean transposeA,
      Variable b,
      boolean transposeB,
      @Nullable Variable bias,
      @Nullable Variable residual) {
    Tensor x = a.value();
    Tensor y = b.value();
    Shape shape =
        dev.jdiffusion.tensor.ops.MatMul.check(x, transposeA, y, transposeB, Operands.value(bias));
    checkResidual(residual, shape);
    Tensor out = Tensor.empty(x.backend(), shape);
    x.backend()
        .matMul()
        .matMul(x, transposeA, y, transposeB, Operands.value(bias), Operands.value(residual), out);
    return Tape.node(
        "matMul",
        out,
        inputs(a, b, bias, residual),
        saved(b.requiresGradient() ? x : null, a.requiresGradient() ? y : null),
        (dOut, gradients) -> {
          boolean plain =
              !transposeA && !transposeB && x.shape().rank() == 2 && y.shape().rank() == 2;
          if (plain && gradients.needs(a) && gradients.needs(b)) {
            Tensor dA = Operands.like(x);
            x.backend().matMul().gradients(x, y, dOut, dA, gradients.buffer(b));
            gradients.add(a, dA);
          } else {
            addProducts(gradients, a, transposeA, b, transposeB, dOut);
          }
          Operands.addBiasGradient(gradients, bias, dOut);
          gradients.add(residual, dOut);
        });
  }

  /**
   * A layer's {@code x weight + bias}.
   *
   * @param x {@code [..., K]}
   * @param weight {@code [K, N]}
   * @param bias {@code [N]}
   * @return {@code [..., N]}
   */
  public static Variable linear(Variable x, Variable weight, @Nullable Variable bias) {
    return linear(x, weight, bias, null);
  }

  /**
   * A layer's {@code x weight + bias + residual}.
   *
   * @param x {@code [..., K]}
   * @param weight {@code [K, N]}
   * @param bias {@code [N]}
   * @param residual {@code [..., N]}
   * @return {@code [..., N]}
   */
  public static Variable linear(
      Variable x, Variable weight, @Nullable Variable bias, @Nullable Variable residual) {
    if (x.shape().rank() < 1 || weight.shape().rank() != 2) {
      throw new IllegalArgumentException(
          "linear: needs input [..., K] and weight [K, N], got "
              + x.shape()
              + " and "
              + weight.shape());
    }
    if (x.shape().rank() == 2) {
      return matMul(x, false, weight, false, bias, residual);
    }
    int rows = x.shape().sizeOf(0, x.shape().rank() - 1);
    Shape shape = x.shape().with(-1, weight.dim(1));
    checkResidual(residual, shape);
    Variable out =
        matMul(
            Layout.reshape(x, rows, x.dim(-1)),
            false,
            weight,
            false,
            bias,
            residual == null ? null : Layout.reshape(residual, rows, weight.dim(1)));
    return Layout.reshape(out, shape);
  }

  /**
   * Adds to the gradients of both operands. With C = A B: dA = dC B^T and dB = A^T dC; an operand
   * that was transposed wants the transpose of that.
   */
  private static void addProducts(
      Gradients gradients,
      Variable a,
      boolean transposeA,
      Variable b,
      boolean transposeB,
      Tensor dOut) {
    if (gradients.needs(a)) {
      if (transposeA) {
        addProduct(gradients, a, b.value(), transposeB, dOut, true);
      } else {
        addProduct(gradients, a, dOut, false, b.value(), !transposeB);
      }
    }
    if (gradients.needs(b)) {
      if (transposeB) {
        addProduct(gradients, b, dOut, true, a.value(), transposeA);
      } else {
        addProduct(gradients, b, a.value(), !transposeA, dOut, false);
      }
    }
  }

  /**
   * Adds {@code op(p) op(q)} to an input's gradient, summed over the batch if the input served all
   * of it.
   */
  private static void addProduct(
      Gradients gradients,
      Variable input,
      Tensor p,
      boolean transposeP,
      Tensor q,
      boolean transposeQ) {
    var kernel = p.backend().matMul();
    if (input.shape().rank() == 2
        && p.shape().rank() == 3
        && q.shape().rank() == 3
        && transposeP
        && !transposeQ) {
      // A sum of products p_i^T q_i is one product of the matrices stacked along their rows.
      addProduct(gradients, input, p.reshape(-1, p.dim(2)), true, q.reshape(-1, q.dim(2)), false);
      return;
    }
    Shape shape = dev.jdiffusion.tensor.ops.MatMul.check(p, transposeP, q, transposeQ, null);
    boolean single = shape.equals(input.shape());
    if (single && input.isParameter()) {
      Tensor buffer = gradients.buffer(input);
      kernel.matMul(p, transposeP, q, transposeQ, null, buffer, buffer);
      return;
    }
    Tensor product = Tensor.empty(p.backend(), shape);
    kernel.matMul(p, transposeP, q, transposeQ, null, null, product);
    if (single) {
      gradients.add(input, product);
    } else {
      product.backend().reduction().sumTo(product, gradients.buffer(input), true);
    }
  }

  private static void checkResidual(@Nullable Variable residual, Shape shape) {
    if (residual != null && !residual.shape().equals(shape)) {
      throw new IllegalArgumentException(
          "matMul: residual has shape " + residual.shape() + ", the product has " + shape);
    }
  }
}
