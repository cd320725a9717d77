/**
 * Differentiable operations: one class a family, with the name of the family's interface in {@link
 * dev.jdiffusion.tensor.ops}, where shapes, formulas and layouts are stated.
 *
 * <p>Every operation checks its arguments, computes its result into a tensor of the current {@link
 * dev.jdiffusion.tensor.Scope}, and states its gradient right beside; {@link
 * dev.jdiffusion.autograd.Tape#node} keeps that for the backward pass if somebody records. Start
 * with {@link dev.jdiffusion.autograd.ops.Elementwise}.
 */
@NullMarked
package dev.jdiffusion.autograd.ops;

import org.jspecify.annotations.NullMarked;
