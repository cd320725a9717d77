/**
 * Modules, layers, losses and optimizers. May use {@code autograd} and {@code tensor}. Start at
 * {@code Module}.
 */
@NullMarked
package dev.jdiffusion.nn;

import org.jspecify.annotations.NullMarked;
