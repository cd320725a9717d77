/**
 * Gradients checked by finite differences on the reference device: {@link
 * dev.jdiffusion.autograd.GradientCheck} is the fixture, the {@code ...Cases} are the tables,
 * {@link dev.jdiffusion.autograd.GradientTest} runs them and demands that no operation is missing.
 */
@NullMarked
package dev.jdiffusion.autograd;

import org.jspecify.annotations.NullMarked;
