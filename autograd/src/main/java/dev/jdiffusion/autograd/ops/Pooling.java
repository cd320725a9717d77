package dev.jdiffusion.autograd.ops;

import static dev.jdiffusion.autograd.Tape.inputs;
import static dev.jdiffusion.autograd.Tape.saved;

import dev.jdiffusion.autograd.Tape;
import dev.jdiffusion.autograd.Variable;
import dev.jdiffusion.tensor.Shape;
import dev.jdiffusion.tensor.Tensor;
import dev.jdiffusion.tensor.ops.Pooling.Kind;
import dev.jdiffusion.tensor.ops.Pooling.Window;

/** Maximum and mean over square windows, NHWC. */
public final class Pooling {
  private Pooling() {}

  /** The largest element of each window; its gradient goes to the first of equal ones. */
  public static Variable maxPool2d(Variable x, Window window) {
    return pool("maxPool2d", Kind.MAX, x, window);
  }

  /** The mean of each window, padding counted as zeros. */
  public static Variable averagePool2d(Variable x, Window window) {
    return pool("averagePool2d", Kind.AVERAGE, x, window);
  }

  private static Variable pool(String name, Kind kind, Variable x, Window window) {
    Tensor input = x.value();
    Shape shape = dev.jdiffusion.tensor.ops.Pooling.check(input, window);
    var kernel = input.backend().pooling();
    Tensor out = Tensor.empty(input.backend(), shape);
    kernel.forward(kind, input, window, out);
    return Tape.node(
        name,
        out,
        inputs(x),
        saved(kind == Kind.MAX ? input : null),
        (dOut, gradients) -> {
          Tensor dX = Operands.like(input);
          kernel.backward(kind, input, dOut, window, dX);
          gradients.add(x, dX);
        });
  }
}
