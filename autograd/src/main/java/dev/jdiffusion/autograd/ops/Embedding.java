package dev.jdiffusion.autograd.ops;

import static dev.jdiffusion.autograd.Tape.inputs;
import static dev.jdiffusion.autograd.Tape.saved;

import dev.jdiffusion.autograd.Tape;
import dev.jdiffusion.autograd.Variable;
import dev.jdiffusion.tensor.IntTensor;
import dev.jdiffusion.tensor.Shape;
import dev.jdiffusion.tensor.Tensor;
import java.util.Arrays;

/** Rows of a table, chosen by index. */
public final class Embedding {
  private Embedding() {}

  /**
   * Looks up a row for each index.
   *
   * @param table {@code [V, D]}
   * @param indices any shape, in 0..V-1
   * @return {@code [indices..., D]}
   */
  public static Variable embedding(Variable table, IntTensor indices) {
    Tensor rows = table.value();
    dev.jdiffusion.tensor.ops.Embedding.check(rows, indices);
    var kernel = rows.backend().embedding();
    int[] extents = Arrays.copyOf(indices.shape().toArray(), indices.shape().rank() + 1);
    extents[extents.length - 1] = rows.dim(1);
    Tensor out = Tensor.empty(rows.backend(), Shape.of(extents));
    kernel.forward(rows, indices, out);
    return Tape.node(
        "embedding",
        out,
        inputs(table),
        saved(),
        (dOut, gradients) -> kernel.backward(dOut, indices, gradients.buffer(table)));
  }
}
