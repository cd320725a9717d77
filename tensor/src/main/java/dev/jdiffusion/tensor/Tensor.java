package dev.jdiffusion.tensor;

import java.util.Arrays;

/**
 * A dense row-major array of real numbers on a device: a shape over a contiguous range of a {@link
 * Storage}.
 *
 * <p>{@link #reshape} and {@link #range} share the storage. Everything that would need strides
 * copies, through the backend's {@link dev.jdiffusion.tensor.ops.Layout}.
 */
public final class Tensor {
  private final Storage storage;
  private final int offset;
  private final Shape shape;

  private Tensor(Storage storage, int offset, Shape shape) {
    this.storage = storage;
    this.offset = offset;
    this.shape = shape;
  }

  /** A tensor with undefined contents, owned by the current {@link Scope}. */
  public static Tensor empty(Backend backend, Shape shape) {
    Storage storage = backend.allocate(shape.size());
    Scope.register(storage);
    return new Tensor(storage, storage.first(), shape);
  }

  public static Tensor zeros(Backend backend, Shape shape) {
    return full(backend, shape, 0);
  }

  public static Tensor full(Backend backend, Shape shape, double value) {
    Tensor tensor = empty(backend, shape);
    backend.elementwise().fill(value, tensor);
    return tensor;
  }

  /** A tensor holding these values in row-major order. */
  public static Tensor of(Backend backend, Shape shape, float... values) {
    Tensor tensor = empty(backend, shape);
    tensor.copyFrom(values);
    return tensor;
  }

  /** A tensor holding these values in row-major order, rounded to the device's precision. */
  public static Tensor of(Backend backend, Shape shape, double[] values) {
    Tensor tensor = empty(backend, shape);
    tensor.copyFrom(values);
    return tensor;
  }

  public static Tensor scalar(Backend backend, double value) {
    return of(backend, Shape.of(), new double[] {value});
  }

  public Backend backend() {
    return storage.backend();
  }

  public Shape shape() {
    return shape;
  }

  /** Number of elements. */
  public int size() {
    return shape.size();
  }

  /** The extent of an axis; negative axes count from the last. */
  public int dim(int axis) {
    return shape.dim(axis);
  }

  public Storage storage() {
    return storage;
  }

  /** Index of the first element in the storage. */
  public int offset() {
    return offset;
  }

  /** The same elements under another shape; one extent may be -1 and is inferred. */
  public Tensor reshape(int... extents) {
    int[] resolved = extents.clone();
    int unknown = -1;
    int known = 1;
    for (int i = 0; i < resolved.length; i++) {
      if (resolved[i] == -1) {
        if (unknown >= 0) {
          throw new IllegalArgumentException(
              "reshape: more than one -1 in " + Arrays.toString(extents));
        }
        unknown = i;
      } else {
        known *= resolved[i];
      }
    }
    if (unknown >= 0) {
      if (known == 0 || size() % known != 0) {
        throw new IllegalArgumentException(
            "reshape: " + shape + " does not fit " + Arrays.toString(extents));
      }
      resolved[unknown] = size() / known;
    }
    return reshape(Shape.of(resolved));
  }

  /** The same elements under another shape of the same size. */
  public Tensor reshape(Shape newShape) {
    if (newShape.size() != shape.size()) {
      throw new IllegalArgumentException(
          "reshape: "
              + shape
              + " has "
              + shape.size()
              + " elements, "
              + newShape
              + " has "
              + newShape.size());
    }
    return new Tensor(storage, offset, newShape);
  }

  /**
   * A view of {@code shape.size()} consecutive elements, starting at element {@code start} of this
   * tensor.
   */
  public Tensor range(int start, Shape rangeShape) {
    if (start < 0 || start > size() - rangeShape.size()) {
      throw new IllegalArgumentException(
          "range: " + rangeShape + " from element " + start + " does not lie within " + shape);
    }
    return new Tensor(storage, offset + start, rangeShape);
  }

  /** Overwrites the elements, in row-major order. */
  public void copyFrom(float[] values) {
    checkLength(values.length);
    backend().write(values, 0, this);
  }

  /** Overwrites the elements, in row-major order, rounding to the device's precision. */
  public void copyFrom(double[] values) {
    checkLength(values.length);
    backend().write(values, 0, this);
  }

  /** A copy of the elements, in row-major order. */
  public float[] toFloats() {
    float[] values = new float[size()];
    backend().read(this, values, 0);
    return values;
  }

  /** A copy of the elements, in row-major order. */
  public double[] toDoubles() {
    double[] values = new double[size()];
    backend().read(this, values, 0);
    return values;
  }

  /** The value of a tensor with one element. */
  public double item() {
    if (size() != 1) {
      throw new IllegalStateException(
          "item: tensor of shape " + shape + " has " + size() + " elements, not one");
    }
    return toDoubles()[0];
  }

  private void checkLength(int length) {
    if (length != size()) {
      throw new IllegalArgumentException(
          "shape " + shape + " needs " + size() + " values, got " + length);
    }
  }

  @Override
  public String toString() {
    return "Tensor" + shape + "@" + backend().device();
  }
}
