/**
 * The way from the loop that everybody writes to the kernel of the engine, one change at a time.
 * {@link dev.jdiffusion.benchmarks.ladder.GemmLadder} first, then {@link
 * dev.jdiffusion.benchmarks.ladder.ConvolutionLadder}; {@code docs/performance.md} has the measured
 * times and tells why each rung is faster than the one before.
 *
 * <p>To be read and timed, not used: the engine's own kernels are in {@code
 * dev.jdiffusion.tensor.cpu}.
 */
@NullMarked
package dev.jdiffusion.benchmarks.ladder;

import org.jspecify.annotations.NullMarked;
