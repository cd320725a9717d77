package dev.jdiffusion.tensor.ops;

import dev.jdiffusion.tensor.Tensor;

/**
 * What the device can do at best: the ceiling that the speed of every kernel is divided by. Memory
 * bandwidth needs no probe; {@link Elementwise#copy} and {@link Elementwise#addScaled} of tensors
 * larger than the caches show it.
 */
public interface Probe {
  /**
   * Chains that keep every multiply-add unit busy: ten vectors of 512 bits hide the latency of four
   * cycles at two instructions a cycle, and still leave registers for the constants.
   */
  int CHAINS = 10 * 16;

  /**
   * For each element {@code x = fma(x, -2, x)}, {@code rounds} times. Every thread computes that on
   * several copies, in registers, so that the time is that of the arithmetic alone. The result is
   * {@code -x}, exactly, so chains neither grow nor vanish; no compiler may take the short cut,
   * since infinity becomes NaN.
   *
   * @param chains of any size, which is replaced by the result; multiples of {@link #CHAINS} reach
   *     the peak
   * @return floating-point operations done, of which a fused multiply-add is two: {@code 2 * rounds
   *     * size} times the number of copies
   */
  double multiplyAdds(int rounds, Tensor chains);
}
