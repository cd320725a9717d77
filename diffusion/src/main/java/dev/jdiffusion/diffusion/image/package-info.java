/**
 * What a run leaves to look at: grids of pictures as PNG, the denoising as GIF, the loss as a plot.
 *
 * <p>Plain Java, no tensors: pictures come as NHWC floats in [-1, 1]. Files are written beside
 * their place and renamed, so that nobody ever sees half of one. Start at {@link
 * dev.jdiffusion.diffusion.image.ImageGrid}.
 */
@NullMarked
package dev.jdiffusion.diffusion.image;

import org.jspecify.annotations.NullMarked;
