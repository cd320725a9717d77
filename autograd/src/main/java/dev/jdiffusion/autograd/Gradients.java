package dev.jdiffusion.autograd;

import dev.jdiffusion.tensor.Scope;
import dev.jdiffusion.tensor.Tensor;
import dev.jdiffusion.tensor.ops.Elementwise;
import org.jspecify.annotations.Nullable;

/**
 * Where an operation's {@link Backward} puts the gradients of its inputs. A variable that was used
 * several times gets the sum of what each use contributes.
 */
public final class Gradients {
  private @Nullable Tensor dOut;

  Gradients() {}

  void run(Backward backward, Tensor outputGradient) {
    dOut = outputGradient;
    try (Scope _ = Scope.open()) {
      backward.run(outputGradient, this);
    } finally {
      dOut = null;
    }
  }

  /** Whether a gradient has to be computed; an absent input needs none. */
  public boolean needs(@Nullable Variable input) {
    return input != null && input.requiresGradient();
  }

  /**
   * Adds a contribution to an input's gradient; does nothing if the input needs none.
   *
   * <p>The contribution is taken over and must not be used afterwards. It is either a new tensor or
   * {@code dOut}, or a view of {@code dOut}: then several gradients share memory, and the first
   * that has to grow moves elsewhere.
   */
  public void add(@Nullable Variable input, Tensor contribution) {
    if (input == null || !input.requiresGradient()) {
      return;
    }
    if (!contribution.shape().equals(input.shape())) {
      throw new IllegalStateException(
          "gradient of shape "
              + contribution.shape()
              + " for a variable of shape "
              + input.shape());
    }
    Elementwise elementwise = contribution.backend().elementwise();
    boolean fresh = dOut == null || contribution.storage() != dOut.storage();
    Tensor old = input.isParameter() ? input.gradient() : input.gradient;
    if (old == null) {
      replace(input, contribution, fresh);
    } else if (input.isParameter() || input.ownsGradient) {
      elementwise.addScaled(1, contribution, old);
    } else if (fresh) {
      elementwise.addScaled(1, old, contribution);
      replace(input, contribution, true);
    } else {
      Tensor sum = Tensor.empty(old.backend(), old.shape());
      elementwise.binary(Elementwise.Binary.ADD, old, contribution, sum);
      replace(input, sum, true);
    }
  }

  /**
   * The tensor to which a kernel adds its contribution to an input's gradient: a parameter's own
   * gradient, so that nothing has to be moved. For an input that needs no gradient it is a scratch
   * tensor of zeros.
   */
  public Tensor buffer(Variable input) {
    if (input.isParameter()) {
      return input.gradient();
    }
    if (!input.requiresGradient()) {
      return Tensor.zeros(input.backend(), input.shape());
    }
    Tensor old = input.gradient;
    if (old == null) {
      Tensor zeros = Tensor.zeros(input.backend(), input.shape());
      replace(input, zeros, true);
      return zeros;
    }
    if (!input.ownsGradient) {
      Tensor copy = Tensor.empty(old.backend(), old.shape());
      old.backend().elementwise().copy(old, copy);
      replace(input, copy, true);
      return copy;
    }
    return old;
  }

  /**
   * Where a kernel that works in place puts the gradient of a tensor that the operation saved: over
   * it, if the tape alone holds it, which spares both memory and the way there; otherwise into a
   * new tensor.
   */
  public Tensor over(Tensor saved) {
    return saved.storage().isShared() ? Tensor.empty(saved.backend(), saved.shape()) : saved;
  }

  /** Makes a tensor a result's gradient, on which the tape holds one reference. */
  static void replace(Variable result, Tensor gradient, boolean owned) {
    gradient.storage().retain();
    drop(result);
    result.gradient = gradient;
    result.ownsGradient = owned;
  }

  /** Lets go of a result's gradient. */
  static void drop(Variable result) {
    Tensor old = result.gradient;
    if (old != null) {
      result.gradient = null;
      old.storage().release();
    }
  }
}
