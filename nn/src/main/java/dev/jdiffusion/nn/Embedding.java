package dev.jdiffusion.nn;

import dev.jdiffusion.autograd.Tape;
import dev.jdiffusion.autograd.Variable;
import dev.jdiffusion.tensor.IntTensor;
import dev.jdiffusion.tensor.Shape;

/** A learned vector for each of a number of classes: rows of {@code table [count, features]}. */
public final class Embedding extends Module {
  private final Parameter table;

  public Embedding(int count, int features) {
    Arguments.positive("Embedding", "count", count);
    Arguments.positive("Embedding", "features", features);
    table = parameter("table", Shape.of(count, features), new Initializer.Normal(1));
  }

  /**
   * @param indices any shape, in 0..count-1
   * @return {@code [indices..., features]}
   */
  public Variable forward(IntTensor indices) {
    try (Tape.Label _ = label()) {
      return dev.jdiffusion.autograd.ops.Embedding.embedding(table.variable(), indices);
    }
  }
}
