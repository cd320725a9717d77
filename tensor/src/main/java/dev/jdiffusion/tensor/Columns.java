package dev.jdiffusion.tensor;

/**
 * A range of the innermost axis of a tensor, seen without a copy: the q, k or v part of a packed
 * projection.
 *
 * @param tensor of shape {@code [..., width]}
 * @param first first column
 * @param count number of columns
 */
public record Columns(Tensor tensor, int first, int count) {
  public Columns {
    if (first < 0 || count < 1 || first + count > tensor.dim(-1)) {
      throw new IllegalArgumentException(
          "columns " + first + ".." + (first + count - 1) + " do not lie within " + tensor.shape());
    }
  }

  /** All columns of a tensor. */
  public static Columns all(Tensor tensor) {
    return new Columns(tensor, 0, tensor.dim(-1));
  }

  /** Distance between consecutive rows, in elements. */
  public int rowStride() {
    return tensor.dim(-1);
  }

  /** Index in the storage of the first row's first column. */
  public int offset() {
    return tensor.offset() + first;
  }
}
