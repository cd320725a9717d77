/**
 * What a training run is asked to do: the settings, the presets that give them values, and the
 * layers (preset, file, flags) that override one another.
 *
 * <p>Start with {@link dev.jdiffusion.diffusion.config.Setting}, the table of everything that can
 * be set; {@link dev.jdiffusion.diffusion.config.RunConfig} is one complete choice of values. May
 * use the schedule package and the JSON streaming reader; knows no tensors.
 */
@NullMarked
package dev.jdiffusion.diffusion.config;

import org.jspecify.annotations.NullMarked;
