package dev.jdiffusion.tensor.ops;

import dev.jdiffusion.tensor.Halfwords;
import dev.jdiffusion.tensor.IntTensor;
import dev.jdiffusion.tensor.RandomKey;
import dev.jdiffusion.tensor.Tensor;

/**
 * Random numbers from Philox4x32-10. Row r of a tensor draws from the stream of (key, rows[r]), so
 * a picture's noise depends on its own index and not on the batch it is in.
 */
public interface RandomFill {
  /**
   * A {@link RandomKey} whose step is on the device, where recorded work reads it anew at each
   * repetition.
   *
   * @param step {@code [}{@value Halfwords#INT}{@code ]}, as {@link Halfwords}
   */
  record DeviceKey(long seed, int purpose, Tensor step) {
    /** Reads the step. */
    public RandomKey toHost() {
      return new RandomKey(seed, purpose, Halfwords.getInt(step.toDoubles(), 0));
    }
  }

  /**
   * Independent standard normal numbers, by Box and Muller.
   *
   * @param rows one stream for each index of out's first axis
   */
  void normal(RandomKey key, IntTensor rows, Tensor out);

  /** The same with the key's step on the device; row r draws from stream r. */
  default void normal(DeviceKey key, Tensor out) {
    normal(key.toHost(), IntTensor.range(0, out.dim(0)), out);
  }

  /** Independent uniform numbers in [0, 1), multiples of 2^-24. */
  void uniform(RandomKey key, IntTensor rows, Tensor out);

  /**
   * Dropout: {@code out = x * mask / (1 - p)}, where the mask is 0 with probability p. The same
   * call with dy gives the gradient. The mask of element i is drawn from row 0 of the key: {@code
   * uniform >= p}.
   *
   * @param p in [0, 1)
   */
  void dropout(RandomKey key, double p, Tensor x, Tensor out);

  /** The same with the key's step on the device. */
  default void dropout(DeviceKey key, double p, Tensor x, Tensor out) {
    dropout(key.toHost(), p, x, out);
  }
}
