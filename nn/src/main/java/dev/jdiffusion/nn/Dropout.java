package dev.jdiffusion.nn;

import dev.jdiffusion.autograd.Tape;
import dev.jdiffusion.autograd.Variable;
import dev.jdiffusion.tensor.ops.RandomFill.DeviceKey;

/**
 * Dropout (Srivastava et al. 2014): while training, each element is 0 with a probability, and the
 * others grow so that the mean stays. In evaluation it passes everything on; see {@link
 * Module#train}.
 */
public final class Dropout extends Module {
  private final double probability;

  public Dropout(double probability) {
    if (!(probability >= 0 && probability < 1)) {
      throw new IllegalArgumentException(
          "Dropout: probability must lie in [0, 1), got " + probability);
    }
    this.probability = probability;
  }

  /**
   * @param x of any shape
   * @return of x's shape
   */
  public Variable forward(Variable x) {
    DeviceKey key = trainingKey();
    if (key == null || probability == 0) {
      return x;
    }
    try (Tape.Label _ = label()) {
      return dev.jdiffusion.autograd.ops.Dropout.dropout(x, probability, key);
    }
  }
}
