package dev.jdiffusion.tensor.ops;

import dev.jdiffusion.tensor.IntTensor;
import dev.jdiffusion.tensor.RandomKey;
import dev.jdiffusion.tensor.Tensor;

/**
 * Random numbers from Philox4x32-10. Row r of a tensor draws from the stream of (key, rows[r]), so
 * a picture's noise depends on its own index and not on the batch it is in.
 */
public interface RandomFill {
  /**
   * Independent standard normal numbers, by Box and Muller.
   *
   * @param rows one stream for each index of out's first axis
   */
  void normal(RandomKey key, IntTensor rows, Tensor out);

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
}
