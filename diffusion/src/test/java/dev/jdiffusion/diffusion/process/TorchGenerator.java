package dev.jdiffusion.diffusion.process;

/**
 * PyTorch's CPU generator, so that sums which its users published can be reproduced: MT19937 and a
 * blocked Box-Muller.
 */
final class TorchGenerator {
  private static final int N = 624;
  private static final int M = 397;
  private static final int BLOCK = 16;

  private final int[] state = new int[N];
  private int next = N;

  TorchGenerator(int seed) {
    state[0] = seed;
    for (int i = 1; i < N; i++) {
      state[i] = 1812433253 * (state[i - 1] ^ (state[i - 1] >>> 30)) + i;
    }
  }

  private int nextInt() {
    if (next == N) {
      for (int i = 0; i < N; i++) {
        int y = (state[i] & 0x80000000) | (state[(i + 1) % N] & 0x7fffffff);
        state[i] = state[(i + M) % N] ^ (y >>> 1) ^ ((y & 1) == 0 ? 0 : 0x9908b0df);
      }
      next = 0;
    }
    int y = state[next++];
    y ^= y >>> 11;
    y ^= (y << 7) & 0x9d2c5680;
    y ^= (y << 15) & 0xefc60000;
    return y ^ (y >>> 18);
  }

  /** Standard normal numbers; count must be a multiple of 16. */
  double[] normal(int count) {
    double[] values = new double[count];
    for (int i = 0; i < count; i++) {
      values[i] = (nextInt() & 0xffffff) * 0x1p-24;
    }
    for (int block = 0; block < count; block += BLOCK) {
      for (int j = block; j < block + BLOCK / 2; j++) {
        double radius = Math.sqrt(-2 * Math.log(1 - values[j]));
        double angle = 2 * Math.PI * values[j + BLOCK / 2];
        values[j] = radius * Math.cos(angle);
        values[j + BLOCK / 2] = radius * Math.sin(angle);
      }
    }
    return values;
  }
}
