/**
 * Tensors, their storage and lifetime, and the backend contract. Uses nothing but the JDK. Start at
 * {@code Tensor}.
 */
@NullMarked
package dev.jdiffusion.tensor;

import org.jspecify.annotations.NullMarked;
