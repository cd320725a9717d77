package dev.jdiffusion.tensor.ops;

import dev.jdiffusion.tensor.Shape;
import dev.jdiffusion.tensor.Tensor;
import java.util.Arrays;
import java.util.List;

/** Moving elements: concat, slice, permute. */
public interface Layout {
  /** Joins tensors along an axis; all other extents are equal. */
  void concat(List<Tensor> parts, int axis, Tensor out);

  /** {@code out = x[.., start : start + out.dim(axis), ..]}. */
  void slice(Tensor x, int axis, int start, Tensor out);

  /**
   * {@code dx = 0} but for {@code dx[.., start : start + dy.dim(axis), ..] = dy}: the gradient of
   * {@link #slice}.
   */
  void sliceGrad(Tensor dy, int axis, int start, Tensor dx);

  /**
   * Axis i of out is axis {@code axes[i]} of x.
   *
   * @param axes a permutation of 0..rank-1
   */
  void permute(Tensor x, int[] axes, Tensor out);

  /** The shape of the result of {@link #concat}. */
  static Shape checkConcat(List<Tensor> parts, int axis) {
    Checks.require(!parts.isEmpty(), "concat", "there is nothing to join");
    Shape first = parts.getFirst().shape();
    int along = first.normalizeAxis(axis);
    int extent = 0;
    for (Tensor part : parts) {
      Checks.require(
          part.shape().rank() == first.rank()
              && part.shape().with(along, first.dim(along)).equals(first),
          "concat",
          "shapes " + first + " and " + part.shape() + " differ beside axis " + axis);
      extent += part.dim(along);
    }
    return first.with(along, extent);
  }

  /** The shape of the result of {@link #slice}. */
  static Shape checkSlice(Tensor x, int axis, int start, int length) {
    Checks.require(
        start >= 0 && length >= 1 && start <= x.dim(axis) - length,
        "slice",
        "elements "
            + start
            + ".."
            + (start + length - 1)
            + " do not lie within axis "
            + axis
            + " of "
            + x.shape());
    return x.shape().with(axis, length);
  }

  /** The shape of the result of {@link #permute}. */
  static Shape checkPermute(Tensor x, int[] axes) {
    boolean[] seen = new boolean[x.shape().rank()];
    int[] extents = new int[axes.length];
    boolean valid = axes.length == seen.length;
    for (int i = 0; valid && i < axes.length; i++) {
      valid = axes[i] >= 0 && axes[i] < seen.length && !seen[axes[i]];
      if (valid) {
        seen[axes[i]] = true;
        extents[i] = x.dim(axes[i]);
      }
    }
    Checks.require(
        valid,
        "permute",
        Arrays.toString(axes) + " is not a permutation of the axes of " + x.shape());
    return Shape.of(extents);
  }
}
