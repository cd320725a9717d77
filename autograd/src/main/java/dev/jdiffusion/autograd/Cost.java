package dev.jdiffusion.autograd;

/**
 * The least that some work takes, whoever does it.
 *
 * @param flops floating-point operations; a fused multiply-add is two
 * @param bytes to and from memory, if each input is read once and each output written once; an
 *     element counts as 4 bytes
 */
public record Cost(double flops, double bytes) {
  /** Of work that moves and computes nothing, or of which nothing is known. */
  public static final Cost NONE = new Cost(0, 0);

  /** So many floating-point operations, and so many elements read and written. */
  public static Cost of(double flops, double elements) {
    return new Cost(flops, Float.BYTES * elements);
  }
}
