package dev.jdiffusion.tensor.cpu;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * The vector width of this JVM, and reductions that do not depend on it.
 *
 * <p>The width is the machine's preferred one, at most 512 bits; the system property {@code
 * jdiffusion.vectorBits} (128, 256 or 512) chooses another.
 *
 * <p><b>Reductions.</b> A sum of floats depends on the order of the additions, so the order is
 * fixed: element i goes to logical lane {@code i % 16} of phase {@code i / 16 % 4}, in ascending
 * order of i; the four phases are added as {@code (p0 + p1) + (p2 + p3)}, the 16 lanes by halving
 * ({@link #combine}). A 512-bit vector holds all 16 lanes; narrower ones make {@link #GROUPS}
 * passes over the data, each for {@link #L} of the lanes. Elements after the last multiple of 64 go
 * to phase 0. A kernel with a reduction of its own follows the same pattern:
 *
 * <pre>{@code
 * for (int g = 0; g < 16; g += L) {
 *   FloatVector sum = FloatVector.zero(F);
 *   for (int i = from + g; i < from + blocked; i += 16) {
 *     sum = sum.add(...F, x, i...);
 *   }
 *   sum.intoArray(lanes, g);
 * }
 * // scalar: rest of the elements into lanes[i % 16]; then combine(lanes)
 * }</pre>
 */
final class Lanes {
  /** Species of all kernels. */
  static final VectorSpecies<Float> F = species();

  /** Floats in a vector. */
  static final int L = F.length();

  /** Lanes of a reduction, whatever the hardware. */
  static final int LOGICAL = 16;

  /** Vectors that make up the logical lanes. */
  static final int GROUPS = LOGICAL / L;

  private Lanes() {}

  private static VectorSpecies<Float> species() {
    String bits = System.getProperty("jdiffusion.vectorBits");
    if (bits == null) {
      VectorSpecies<Float> preferred = FloatVector.SPECIES_PREFERRED;
      return preferred.vectorBitSize() > 512 ? FloatVector.SPECIES_512 : preferred;
    }
    return switch (bits) {
      case "128" -> FloatVector.SPECIES_128;
      case "256" -> FloatVector.SPECIES_256;
      case "512" -> FloatVector.SPECIES_512;
      default ->
          throw new IllegalArgumentException(
              "jdiffusion.vectorBits must be 128, 256 or 512, is '" + bits + "'");
    };
  }

  /** Adds 16 lanes by halving: 8 + 8, 4 + 4, 2 + 2, 1 + 1. Overwrites them. */
  static float combine(float[] lanes) {
    for (int half = LOGICAL / 2; half > 0; half /= 2) {
      for (int i = 0; i < half; i++) {
        lanes[i] += lanes[i + half];
      }
    }
    return lanes[0];
  }

  /** The sum of {@code length} elements. */
  static float sum(float[] x, int from, int length, float[] lanes) {
    int blocked = length & -64;
    for (int g = 0; g < LOGICAL; g += L) {
      FloatVector p0 = FloatVector.zero(F);
      FloatVector p1 = FloatVector.zero(F);
      FloatVector p2 = FloatVector.zero(F);
      FloatVector p3 = FloatVector.zero(F);
      for (int i = from + g; i < from + blocked; i += 64) {
        p0 = p0.add(FloatVector.fromArray(F, x, i));
        p1 = p1.add(FloatVector.fromArray(F, x, i + 16));
        p2 = p2.add(FloatVector.fromArray(F, x, i + 32));
        p3 = p3.add(FloatVector.fromArray(F, x, i + 48));
      }
      p0.add(p1).add(p2.add(p3)).intoArray(lanes, g);
    }
    for (int i = blocked; i < length; i++) {
      lanes[i & 15] += x[from + i];
    }
    return combine(lanes);
  }

  /** The inner product of {@code length} elements, by fused multiply-adds. */
  static float dot(float[] x, int fromX, float[] y, int fromY, int length, float[] lanes) {
    int blocked = length & -64;
    for (int g = 0; g < LOGICAL; g += L) {
      FloatVector p0 = FloatVector.zero(F);
      FloatVector p1 = FloatVector.zero(F);
      FloatVector p2 = FloatVector.zero(F);
      FloatVector p3 = FloatVector.zero(F);
      for (int i = g; i < blocked; i += 64) {
        int a = fromX + i;
        int b = fromY + i;
        p0 = FloatVector.fromArray(F, x, a).fma(FloatVector.fromArray(F, y, b), p0);
        p1 = FloatVector.fromArray(F, x, a + 16).fma(FloatVector.fromArray(F, y, b + 16), p1);
        p2 = FloatVector.fromArray(F, x, a + 32).fma(FloatVector.fromArray(F, y, b + 32), p2);
        p3 = FloatVector.fromArray(F, x, a + 48).fma(FloatVector.fromArray(F, y, b + 48), p3);
      }
      p0.add(p1).add(p2.add(p3)).intoArray(lanes, g);
    }
    for (int i = blocked; i < length; i++) {
      lanes[i & 15] = Math.fma(x[fromX + i], y[fromY + i], lanes[i & 15]);
    }
    return combine(lanes);
  }
}
