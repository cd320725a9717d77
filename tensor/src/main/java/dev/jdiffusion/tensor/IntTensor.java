package dev.jdiffusion.tensor;

import java.util.Arrays;

/**
 * Row-major integers in host memory: class labels, timesteps, rows of an embedding table. Backends
 * copy them to where their kernels run.
 *
 * @param shape the extents
 * @param values the elements, not copied
 */
@SuppressWarnings("ArrayRecordComponent") // a view of the caller's array is the point
public record IntTensor(Shape shape, int[] values) {
  public IntTensor {
    if (shape.size() != values.length) {
      throw new IllegalArgumentException(
          "shape " + shape + " needs " + shape.size() + " values, got " + values.length);
    }
  }

  public static IntTensor of(int... values) {
    return new IntTensor(Shape.of(values.length), values);
  }

  /** The integers {@code first .. first + count - 1}. */
  public static IntTensor range(int first, int count) {
    int[] values = new int[count];
    Arrays.setAll(values, i -> first + i);
    return of(values);
  }
}
