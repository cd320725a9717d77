/**
 * The reference backend: every operation as plain loops in double precision, slow and obviously
 * right. Read it to learn what an operation does; all other backends are tested against it.
 *
 * <p>Uses nothing but {@link dev.jdiffusion.tensor} and {@link dev.jdiffusion.tensor.ops}. Reached
 * through {@link dev.jdiffusion.tensor.Backends}.
 */
@NullMarked
package dev.jdiffusion.tensor.reference;

import org.jspecify.annotations.NullMarked;
