package dev.jdiffusion.tensor.ops;

import dev.jdiffusion.tensor.IntTensor;
import dev.jdiffusion.tensor.Tensor;

/** Rows of a table, chosen by index. */
public interface Embedding {
  /**
   * @param table {@code [V, D]}
   * @param indices any shape, in 0..V-1
   * @param out {@code [indices..., D]}
   */
  void forward(Tensor table, IntTensor indices, Tensor out);

  /** Adds each row of dOut to the row of dTable that it came from, in the order of the indices. */
  void backward(Tensor dOut, IntTensor indices, Tensor dTable);

  static void check(Tensor table, IntTensor indices) {
    Checks.rank("embedding", "table [V, D]", table, 2);
    for (int index : indices.values()) {
      Checks.require(
          index >= 0 && index < table.dim(0),
          "embedding",
          "index " + index + " is not a row of " + table.shape());
    }
  }
}
