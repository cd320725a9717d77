package dev.jdiffusion.tensor.reference;

import dev.jdiffusion.tensor.Shape;
import dev.jdiffusion.tensor.Tensor;
import dev.jdiffusion.tensor.ops.Layout;
import java.util.List;

/**
 * Seen from one axis, a tensor is {@code [outer, axis, inner]}: the axes before it, itself, the
 * axes behind it.
 */
final class ReferenceLayout implements Layout {
  @Override
  public void concat(List<Tensor> parts, int axis, Tensor out) {
    int start = 0;
    for (Tensor part : parts) {
      move(part, 0, out, start, axis, part.dim(axis));
      start += part.dim(axis);
    }
  }

  @Override
  public void slice(Tensor x, int axis, int start, Tensor out) {
    move(x, start, out, 0, axis, out.dim(axis));
  }

  @Override
  public void sliceGrad(Tensor dy, int axis, int start, Tensor dx) {
    Values to = Values.of(dx);
    for (int i = 0; i < dx.size(); i++) {
      to.set(i, 0);
    }
    move(dy, 0, dx, start, axis, dy.dim(axis));
  }

  /**
   * {@code to[.., toStart : toStart + count, ..] = from[.., fromStart : fromStart + count, ..]}.
   */
  private static void move(
      Tensor from, int fromStart, Tensor to, int toStart, int axis, int count) {
    Shape shape = from.shape();
    int index = shape.normalizeAxis(axis);
    int outer = shape.sizeOf(0, index);
    int inner = shape.sizeOf(index + 1, shape.rank());
    Values source = Values.of(from.reshape(Shape.of(outer, from.dim(axis), inner)));
    Values target = Values.of(to.reshape(Shape.of(outer, to.dim(axis), inner)));
    for (int o = 0; o < outer; o++) {
      for (int a = 0; a < count; a++) {
        for (int i = 0; i < inner; i++) {
          target.set(o, toStart + a, i, source.get(o, fromStart + a, i));
        }
      }
    }
  }

  @Override
  public void permute(Tensor x, int[] axes, Tensor out) {
    int rank = axes.length;
    int[] strides = new int[rank];
    for (int i = 0; i < rank; i++) {
      strides[i] = x.shape().sizeOf(axes[i] + 1, rank);
    }
    Values from = Values.of(x);
    Values to = Values.of(out);
    for (int element = 0; element < out.size(); element++) {
      int source = 0;
      int rest = element;
      for (int i = rank - 1; i >= 0; i--) {
        source += rest % out.dim(i) * strides[i];
        rest /= out.dim(i);
      }
      to.set(element, from.get(source));
    }
  }
}
