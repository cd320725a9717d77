/**
 * Reverse-mode differentiation over tensors. May use {@code tensor} only. Start at {@code Variable}.
 */
@NullMarked
package dev.jdiffusion.autograd;

import org.jspecify.annotations.NullMarked;
