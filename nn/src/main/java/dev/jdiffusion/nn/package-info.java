/**
 * Networks: {@link dev.jdiffusion.nn.Module} with named parameters, the layers and blocks that
 * models are built of, and {@link dev.jdiffusion.nn.ParameterStore}, which gives the parameters
 * their memory. May use {@code autograd} and {@code tensor}.
 *
 * <p>Start with {@link dev.jdiffusion.nn.Module}, then {@link dev.jdiffusion.nn.Linear}. What moves
 * the weights is in {@link dev.jdiffusion.nn.optim}, their files in {@link dev.jdiffusion.nn.io}.
 */
@NullMarked
package dev.jdiffusion.nn;

import org.jspecify.annotations.NullMarked;
