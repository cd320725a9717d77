package dev.jdiffusion.autograd.ops;

import static dev.jdiffusion.autograd.Tape.inputs;
import static dev.jdiffusion.autograd.Tape.saved;

import dev.jdiffusion.autograd.Tape;
import dev.jdiffusion.autograd.Variable;
import dev.jdiffusion.tensor.Shape;
import dev.jdiffusion.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Moving elements: concat, slice, chunk, reshape, permute. */
public final class Layout {
  private Layout() {}

  /** Joins variables along an axis; all other extents are equal. */
  public static Variable concat(int axis, Variable... parts) {
    List<Tensor> tensors = Arrays.stream(parts).map(Variable::value).toList();
    Shape shape = dev.jdiffusion.tensor.ops.Layout.checkConcat(tensors, axis);
    Tensor out = Tensor.empty(tensors.getFirst().backend(), shape);
    int along = shape.normalizeAxis(axis);
    out.backend().layout().concat(tensors, along, out);
    Variable[] variables = parts.clone();
    return Tape.node(
        "concat",
        out,
        variables,
        saved(),
        (dOut, gradients) -> {
          int start = 0;
          for (Variable part : variables) {
            if (gradients.needs(part)) {
              Tensor dPart = Operands.like(part.value());
              dOut.backend().layout().slice(dOut, along, start, dPart);
              gradients.add(part, dPart);
            }
            start += part.dim(along);
          }
        });
  }

  /** The elements {@code start .. start + length - 1} of an axis. */
  public static Variable slice(Variable x, int axis, int start, int length) {
    Shape shape = dev.jdiffusion.tensor.ops.Layout.checkSlice(x.value(), axis, start, length);
    int along = shape.normalizeAxis(axis);
    Tensor out = Tensor.empty(x.backend(), shape);
    x.backend().layout().slice(x.value(), along, start, out);
    return Tape.node(
        "slice",
        out,
        inputs(x),
        saved(),
        (dOut, gradients) -> {
          Tensor dX = Operands.like(x.value());
          dOut.backend().layout().sliceGrad(dOut, along, start, dX);
          gradients.add(x, dX);
        });
  }

  /** Cuts an axis into equal parts. */
  public static List<Variable> chunk(Variable x, int chunks, int axis) {
    if (chunks < 1 || x.dim(axis) % chunks != 0) {
      throw new IllegalArgumentException(
          "chunk: " + chunks + " chunks do not divide axis " + axis + " of " + x.shape());
    }
    int length = x.dim(axis) / chunks;
    List<Variable> parts = new ArrayList<>(chunks);
    for (int i = 0; i < chunks; i++) {
      parts.add(slice(x, axis, i * length, length));
    }
    return parts;
  }

  /**
   * The same elements under another shape, without a copy; one extent may be -1 and is inferred.
   */
  public static Variable reshape(Variable x, int... extents) {
    return reshape(x, x.value().reshape(extents));
  }

  /** The same elements under another shape of the same size, without a copy. */
  public static Variable reshape(Variable x, Shape shape) {
    return reshape(x, x.value().reshape(shape));
  }

  private static Variable reshape(Variable x, Tensor view) {
    return Tape.node(
        "reshape",
        view,
        inputs(x),
        saved(),
        (dOut, gradients) -> gradients.add(x, dOut.reshape(x.shape())));
  }

  /** Axis i of the result is axis {@code axes[i]} of x. */
  public static Variable permute(Variable x, int... axes) {
    int[] order = axes.clone();
    Shape shape = dev.jdiffusion.tensor.ops.Layout.checkPermute(x.value(), order);
    int[] inverse = new int[order.length];
    for (int i = 0; i < order.length; i++) {
      inverse[order[i]] = i;
    }
    Tensor out = Tensor.empty(x.backend(), shape);
    x.backend().layout().permute(x.value(), order, out);
    return Tape.node(
        "permute",
        out,
        inputs(x),
        saved(),
        (dOut, gradients) -> {
          Tensor dX = Operands.like(x.value());
          dOut.backend().layout().permute(dOut, inverse, dX);
          gradients.add(x, dX);
        });
  }
}
