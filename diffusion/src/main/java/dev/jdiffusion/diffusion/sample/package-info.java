/**
 * Drawing: pictures from a trained network, in files.
 *
 * <p>Start with {@link dev.jdiffusion.diffusion.sample.Painter}, which draws, also for the trainer;
 * {@link dev.jdiffusion.diffusion.sample.SampleRun} is what the {@code sample} command does around
 * it. May use checkpoints, the samplers and the image files.
 */
@NullMarked
package dev.jdiffusion.diffusion.sample;

import org.jspecify.annotations.NullMarked;
