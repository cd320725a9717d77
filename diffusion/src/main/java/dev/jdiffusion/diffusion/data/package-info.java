/**
 * Datasets of images and the loader that feeds them to training.
 *
 * <p>Plain Java, no tensors: pictures are NHWC floats in [-1, 1] in a {@code float[]}. Start at
 * {@link dev.jdiffusion.diffusion.data.ImageDataset} (the contract), {@link
 * dev.jdiffusion.diffusion.data.Datasets} (opens one by name or path) and {@link
 * dev.jdiffusion.diffusion.data.BatchLoader}. The embedded default is {@link
 * dev.jdiffusion.diffusion.data.StrokesDataset}. Every reader treats its input as hostile: no
 * length field of a file drives an allocation before it is checked, and damage ends in a {@link
 * dev.jdiffusion.diffusion.UserError}.
 */
@NullMarked
package dev.jdiffusion.diffusion.data;

import org.jspecify.annotations.NullMarked;
