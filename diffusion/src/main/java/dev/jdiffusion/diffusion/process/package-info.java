/**
 * Diffusion itself: adding noise to pictures, what a network learns from it, and removing the noise
 * again.
 *
 * <p>Start with {@link dev.jdiffusion.diffusion.process.DiffusionProcess} (training) and {@link
 * dev.jdiffusion.diffusion.process.Sampling} (generation). Uses tensors, autograd and {@link
 * dev.jdiffusion.diffusion.schedule}; knows neither the network, nor data sets, nor files.
 */
@NullMarked
package dev.jdiffusion.diffusion.process;

import org.jspecify.annotations.NullMarked;
