/**
 * Training: the loop, the run's folder and everything that it leaves there.
 *
 * <p>Start with {@link dev.jdiffusion.diffusion.train.Trainer}, the loop; {@link
 * dev.jdiffusion.diffusion.train.TrainingRun} is what the {@code train} command does around it. May
 * use everything in the module but the command line.
 */
@NullMarked
package dev.jdiffusion.diffusion.train;

import org.jspecify.annotations.NullMarked;
