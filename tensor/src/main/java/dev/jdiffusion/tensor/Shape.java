package dev.jdiffusion.tensor;

import java.util.Arrays;

/**
 * The extents of a dense row-major tensor, outermost axis first; images are {@code [N, H, W, C]}.
 *
 * <p>The shape of a scalar has rank 0 and one element.
 */
public final class Shape {
  private static final Shape SCALAR = new Shape(new int[0]);

  private final int[] extents;
  private final int size;

  private Shape(int[] extents) {
    // Whatever the others are, one that is 0 leaves no elements.
    long product = Arrays.stream(extents).anyMatch(extent -> extent == 0) ? 0 : 1;
    for (int extent : extents) {
      if (extent < 0) {
        throw new IllegalArgumentException(
            "shape " + Arrays.toString(extents) + " has a negative extent");
      }
      product *= extent;
      if (product > Integer.MAX_VALUE) {
        throw new IllegalArgumentException(
            "shape "
                + Arrays.toString(extents)
                + " has more than 2^31-1 elements, the most one tensor holds");
      }
    }
    this.extents = extents;
    this.size = (int) product;
  }

  /** The shape with these extents; without any, a scalar's. */
  public static Shape of(int... extents) {
    return extents.length == 0 ? SCALAR : new Shape(extents.clone());
  }

  public int rank() {
    return extents.length;
  }

  /** The extent of an axis; negative axes count from the last ({@code -1}). */
  public int dim(int axis) {
    return extents[normalizeAxis(axis)];
  }

  /** The axis as an index in {@code [0, rank)}; negative axes count from the last. */
  public int normalizeAxis(int axis) {
    int index = axis < 0 ? axis + extents.length : axis;
    if (index < 0 || index >= extents.length) {
      throw new IllegalArgumentException("axis " + axis + " does not exist in shape " + this);
    }
    return index;
  }

  /** Number of elements. */
  public int size() {
    return size;
  }

  /** Product of the extents of the axes {@code [from, to)}. */
  public int sizeOf(int from, int to) {
    int product = 1;
    for (int axis = from; axis < to; axis++) {
      product *= extents[axis];
    }
    return product;
  }

  public int[] toArray() {
    return extents.clone();
  }

  /** This shape with one axis changed. */
  public Shape with(int axis, int extent) {
    int[] changed = extents.clone();
    changed[normalizeAxis(axis)] = extent;
    return new Shape(changed);
  }

  /**
   * The common shape under the broadcasting rule of NumPy: aligned at the last axis, extents are
   * equal or one of them is 1.
   */
  public static Shape broadcast(Shape a, Shape b) {
    int rank = Math.max(a.rank(), b.rank());
    int[] result = new int[rank];
    for (int i = 1; i <= rank; i++) {
      int da = i <= a.rank() ? a.extents[a.rank() - i] : 1;
      int db = i <= b.rank() ? b.extents[b.rank() - i] : 1;
      if (da != db && da != 1 && db != 1) {
        throw new IllegalArgumentException(
            "shapes " + a + " and " + b + " do not broadcast: " + da + " against " + db);
      }
      result[rank - i] = da == 1 ? db : da;
    }
    return new Shape(result);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Shape shape && Arrays.equals(extents, shape.extents);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(extents);
  }

  @Override
  public String toString() {
    return Arrays.toString(extents);
  }
}
