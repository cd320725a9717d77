/**
 * Checkpoints: what a training leaves behind to be continued or sampled from, as safetensors files.
 *
 * <p>Start with {@link dev.jdiffusion.diffusion.checkpoint.Checkpoint}, one file; {@link
 * dev.jdiffusion.diffusion.checkpoint.CheckpointFiles} is the folder of a run's checkpoints. May
 * use the configuration, the models and {@code nn}.
 */
@NullMarked
package dev.jdiffusion.diffusion.checkpoint;

import org.jspecify.annotations.NullMarked;
