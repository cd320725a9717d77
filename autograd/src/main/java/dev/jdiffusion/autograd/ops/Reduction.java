package dev.jdiffusion.autograd.ops;

import static dev.jdiffusion.autograd.Tape.inputs;
import static dev.jdiffusion.autograd.Tape.saved;

import dev.jdiffusion.autograd.Tape;
import dev.jdiffusion.autograd.Variable;
import dev.jdiffusion.tensor.Shape;
import dev.jdiffusion.tensor.Tensor;
import dev.jdiffusion.tensor.ops.Elementwise.Binary;
import java.util.Arrays;

/** Sums and means over axes. */
public final class Reduction {
  private Reduction() {}

  /** The sum of all elements, a scalar. */
  public static Variable sum(Variable x) {
    return reduce("sum", x, 1, false, allAxes(x));
  }

  /**
   * The sum over some axes.
   *
   * @param keepDims whether these axes stay, with extent 1
   */
  public static Variable sum(Variable x, boolean keepDims, int... axes) {
    return reduce("sum", x, 1, keepDims, axes);
  }

  /** The mean of all elements, a scalar. */
  public static Variable mean(Variable x) {
    return mean(x, false, allAxes(x));
  }

  /**
   * The mean over some axes.
   *
   * @param keepDims whether these axes stay, with extent 1
   */
  public static Variable mean(Variable x, boolean keepDims, int... axes) {
    int count = 1;
    for (int axis : axes) {
      count *= x.dim(axis);
    }
    if (count == 0) {
      throw new IllegalArgumentException(
          "mean: the mean of no elements does not exist (input " + x.shape() + ")");
    }
    return reduce("mean", x, 1.0 / count, keepDims, axes);
  }

  private static Variable reduce(
      String name, Variable x, double scale, boolean keepDims, int... axes) {
    Shape shape = x.shape();
    boolean[] reduced = new boolean[shape.rank()];
    Shape kept = shape;
    for (int axis : axes) {
      int index = shape.normalizeAxis(axis);
      if (reduced[index]) {
        throw new IllegalArgumentException(
            name + ": axis " + axis + " is named twice in " + Arrays.toString(axes));
      }
      reduced[index] = true;
      kept = kept.with(index, 1);
    }
    dev.jdiffusion.tensor.ops.Reduction.checkSumTo(x.value(), kept);
    Tensor sums = Tensor.empty(x.backend(), kept);
    x.backend().reduction().sumTo(x.value(), sums, false);
    if (scale != 1) {
      x.backend().elementwise().affine(sums, scale, 0, sums);
    }
    Tensor out = keepDims ? sums : sums.reshape(without(shape, reduced));
    Shape keptShape = kept;
    return Tape.node(
        name,
        out,
        inputs(x),
        saved(),
        (dOut, gradients) -> {
          Tensor dSums = dOut.reshape(keptShape);
          Tensor dX = Tensor.zeros(dOut.backend(), shape);
          dX.backend()
              .elementwise()
              .binary(Binary.ADD, dX, scale == 1 ? dSums : Operands.scaled(dSums, scale), dX);
          gradients.add(x, dX);
        });
  }

  private static Shape without(Shape shape, boolean[] removed) {
    int[] extents = new int[shape.rank()];
    int rank = 0;
    for (int axis = 0; axis < shape.rank(); axis++) {
      if (!removed[axis]) {
        extents[rank++] = shape.dim(axis);
      }
    }
    return Shape.of(Arrays.copyOf(extents, rank));
  }

  private static int[] allAxes(Variable x) {
    int[] axes = new int[x.shape().rank()];
    Arrays.setAll(axes, i -> i);
    return axes;
  }
}
