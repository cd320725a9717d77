/**
 * The operations a backend offers: one interface a family, with shapes, formulas and the checks of
 * arguments.
 *
 * <p>An operation has the same name in every room: its interface here, its plain loops in {@link
 * dev.jdiffusion.tensor.reference}, its vector kernel in {@link dev.jdiffusion.tensor.cpu}, its
 * gradient in the autograd module.
 */
@NullMarked
package dev.jdiffusion.tensor.ops;

import org.jspecify.annotations.NullMarked;
