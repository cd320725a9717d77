/**
 * Reverse-mode differentiation over tensors. May use {@code tensor} only.
 *
 * <p>Start at {@link dev.jdiffusion.autograd.Tape}, which is the whole method on one page, then
 * read any operation in {@link dev.jdiffusion.autograd.ops}.
 */
@NullMarked
package dev.jdiffusion.autograd;

import org.jspecify.annotations.NullMarked;
