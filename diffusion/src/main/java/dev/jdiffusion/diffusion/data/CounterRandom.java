package dev.jdiffusion.diffusion.data;

/**
 * SplitMix64 (Steele, Lea, Flood, "Fast Splittable Pseudorandom Number Generators", 2014), started
 * anywhere from a few numbers.
 *
 * <p>Written out here because the JDK does not promise that its generators keep their bits, and
 * pictures and shuffles must stay the same for ever.
 */
final class CounterRandom {
  private static final long GOLDEN_GAMMA = 0x9E3779B97F4A7C15L;

  private long state;

  /** The stream of {@code (seed, first, second)}; different arguments give unrelated streams. */
  CounterRandom(long seed, long first, long second) {
    state = mix(mix(mix(seed + GOLDEN_GAMMA) + first * GOLDEN_GAMMA + 1) + second * GOLDEN_GAMMA);
  }

  static long mix(long z) {
    z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
    z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
    return z ^ (z >>> 31);
  }

  long nextLong() {
    state += GOLDEN_GAMMA;
    return mix(state);
  }

  /** Uniform in [0, 1). */
  double nextDouble() {
    return (nextLong() >>> 11) * 0x1p-53;
  }

  /** Uniform in [low, high). */
  double uniform(double low, double high) {
    return low + (high - low) * nextDouble();
  }

  /** Uniform in 0 .. bound-1; the bias of at most bound / 2^64 is beyond notice. */
  int nextInt(int bound) {
    return (int) Math.unsignedMultiplyHigh(nextLong(), bound);
  }

  /**
   * Nearly normal with mean 0 and variance 1: the sum of four 16-bit uniforms, so at most 3.46 away
   * from 0 and free of transcendental functions.
   */
  double nextBell() {
    long bits = nextLong();
    long sum =
        (bits & 0xFFFF) + ((bits >>> 16) & 0xFFFF) + ((bits >>> 32) & 0xFFFF) + (bits >>> 48);
    // Four uniforms on [0, 1) have mean 2 and variance 1/3.
    return ((sum + 2) * 0x1p-16 - 2) * 1.7320508075688772;
  }
}
