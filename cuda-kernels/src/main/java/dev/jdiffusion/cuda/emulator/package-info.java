/**
 * A GPU that is not there: runs PTX, the warps of a block together, and checks what a GPU does not:
 * every access, every barrier, every exchange between threads. Uses {@code ptx} and keeps the
 * contract of {@code driver}. Start at {@link dev.jdiffusion.cuda.emulator.EmulatorDriver} for the
 * outside, at {@code Block} for how instructions follow each other, at {@code Decoder} for what
 * each instruction becomes.
 */
@NullMarked
package dev.jdiffusion.cuda.emulator;

import org.jspecify.annotations.NullMarked;
