/**
 * What the emulator computes and what it must notice, proven with small kernels written for the
 * purpose. Start at {@link dev.jdiffusion.cuda.emulator.Emulated}.
 */
@NullMarked
package dev.jdiffusion.cuda.emulator;

import org.jspecify.annotations.NullMarked;
