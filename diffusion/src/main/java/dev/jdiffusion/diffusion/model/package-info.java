/**
 * The networks that predict noise. May use {@code nn} and below. Start at {@link
 * dev.jdiffusion.diffusion.model.UNet}.
 */
@NullMarked
package dev.jdiffusion.diffusion.model;

import org.jspecify.annotations.NullMarked;
