package dev.jdiffusion.benchmarks.peers;

import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;

/**
 * Lets go of tensors when C++ and Python would: of a temporary at the end of its expression, of a
 * variable's value when the variable gets another. Otherwise all tensors of a step would be alive
 * until the step's scope ends, far more than libtorch needs.
 *
 * <p>Only handles are freed here. What autograd has saved for the gradients, or another handle
 * refers to, remains.
 */
final class Scopes {
  private Scopes() {}

  /** What {@code work} gives, for the scope around; all else that it makes is freed. */
  static Tensor scoped(Supplier<Tensor> work) {
    Tensor result;
    try (PointerScope _ = new PointerScope()) {
      // A handle of its own: the work may give what belongs to somebody else, like its input.
      result = TorchOperation.keep(new Tensor(work.get()));
    }
    PointerScope.getInnerScope().attach(result);
    result.releaseReference();
    return result;
  }

  /** A variable's next value, from its last one, which is freed: {@code h = next(h)}. */
  static Tensor then(Tensor last, UnaryOperator<Tensor> next) {
    Tensor result = scoped(() -> next.apply(last));
    last.deallocate();
    return result;
  }

  /** Layers one after another; each result is freed after the next one, {@code x} is not. */
  @SafeVarargs
  static Tensor chain(Tensor x, UnaryOperator<Tensor>... layers) {
    Tensor h = new Tensor(x);
    for (UnaryOperator<Tensor> layer : layers) {
      h = then(h, layer);
    }
    return h;
  }
}
