package dev.jdiffusion.tensor.reference;

import dev.jdiffusion.tensor.IntTensor;
import dev.jdiffusion.tensor.Philox;
import dev.jdiffusion.tensor.RandomKey;
import dev.jdiffusion.tensor.Tensor;
import dev.jdiffusion.tensor.ops.RandomFill;

/** The formulas stand at {@link Philox}. */
final class ReferenceRandomFill implements RandomFill {
  @Override
  public void normal(RandomKey key, IntTensor rows, Tensor out) {
    int length = rows.values().length == 0 ? 0 : out.size() / rows.values().length;
    Values result = Values.of(out);
    for (int r = 0; r < rows.values().length; r++) {
      for (int position = 0; position < length; position++) {
        result.set(r * length + position, normal(key, rows.values()[r], position));
      }
    }
  }

  @Override
  public void uniform(RandomKey key, IntTensor rows, Tensor out) {
    int length = rows.values().length == 0 ? 0 : out.size() / rows.values().length;
    Values result = Values.of(out);
    for (int r = 0; r < rows.values().length; r++) {
      for (int position = 0; position < length; position++) {
        result.set(r * length + position, uniform(key, rows.values()[r], position));
      }
    }
  }

  @Override
  public void dropout(RandomKey key, double p, Tensor x, Tensor out) {
    Values in = Values.of(x);
    Values result = Values.of(out);
    for (int i = 0; i < out.size(); i++) {
      double mask = uniform(key, 0, i) >= p ? 1 : 0;
      result.set(i, in.get(i) * mask / (1 - p));
    }
  }

  private static double uniform(RandomKey key, int row, int position) {
    int[] words = new int[Philox.BLOCK];
    Philox.block(key, row, position / Philox.BLOCK, words);
    return Philox.uniform(words[position % Philox.BLOCK]);
  }

  private static double normal(RandomKey key, int row, int position) {
    int[] words = new int[Philox.BLOCK];
    Philox.block(key, row, position / Philox.BLOCK, words);
    int pair = position % Philox.BLOCK / 2 * 2;
    double u1 = Philox.positiveUniform(words[pair]);
    double u2 = Philox.uniform(words[pair + 1]);
    double radius = Math.sqrt(-2 * Math.log(u1));
    double angle = 2 * Math.PI * u2;
    return position % 2 == 0 ? radius * Math.cos(angle) : radius * Math.sin(angle);
  }
}
