package dev.jdiffusion.tensor.ops;

import dev.jdiffusion.tensor.Tensor;
import java.util.List;

/** Moving elements: concat, slice, permute. */
public interface Layout {
  /** Joins tensors along an axis; all other extents are equal. */
  void concat(List<Tensor> parts, int axis, Tensor out);

  /** {@code out = x[.., start : start + out.dim(axis), ..]}. */
  void slice(Tensor x, int axis, int start, Tensor out);

  /** {@code dx = 0} but for {@code dx[.., start : start + dy.dim(axis), ..] = dy}: the gradient of {@link #slice}. */
  void sliceGrad(Tensor dy, int axis, int start, Tensor dx);

  /**
   * Axis i of out is axis {@code axes[i]} of x.
   *
   * @param axes a permutation of 0..rank-1
   */
  void permute(Tensor x, int[] axes, Tensor out);
}
