/**
 * Tensors: {@link dev.jdiffusion.tensor.Shape}, {@link dev.jdiffusion.tensor.Tensor} and its
 * memory, and the contract {@link dev.jdiffusion.tensor.Backend} that every device fulfils.
 *
 * <p>Start with {@link dev.jdiffusion.tensor.Tensor}, then {@link dev.jdiffusion.tensor.Scope},
 * which says how long one lives. The operations are declared in {@link dev.jdiffusion.tensor.ops},
 * explained by plain loops in {@link dev.jdiffusion.tensor.reference} and made fast in {@link
 * dev.jdiffusion.tensor.cpu}.
 */
@NullMarked
package dev.jdiffusion.tensor;

import org.jspecify.annotations.NullMarked;
