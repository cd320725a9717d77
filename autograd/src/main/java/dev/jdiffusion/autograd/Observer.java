package dev.jdiffusion.autograd;

import dev.jdiffusion.tensor.Tensor;
import java.util.List;

/**
 * Is told of every operation on a {@link Tape}, also of those that need no gradient: for profiles
 * and diagnoses.
 *
 * <p>Times are measured from the end of the operation before, so they include what the caller did
 * in between.
 */
public interface Observer {
  /**
   * An operation has computed its result.
   *
   * @param path the {@link Tape#label labels} around it, joined by dots
   */
  void forward(
      String operation, String path, List<Variable> inputs, Tensor output, long nanoseconds);

  /** An operation has added its share to the gradients of its inputs. */
  void backward(String operation, String path, List<Variable> inputs, long nanoseconds);
}
