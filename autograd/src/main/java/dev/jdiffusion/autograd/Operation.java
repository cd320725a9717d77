package dev.jdiffusion.autograd;

import dev.jdiffusion.tensor.Tensor;
import java.util.List;

/**
 * An operation on a {@link Tape}, as an {@link Observer} sees it. In the backward pass its tensors
 * may have been released: their shapes are still good.
 *
 * @param name for people
 * @param path the {@link Tape#label labels} around it, joined by dots
 * @param inputs all variables that it depends on, without those that are absent
 * @param saved what its gradient reads, besides the gradient of the output
 */
public record Operation(
    String name, String path, List<Variable> inputs, Tensor output, List<Tensor> saved) {}
