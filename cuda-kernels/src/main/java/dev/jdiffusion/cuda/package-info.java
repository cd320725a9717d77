/**
 * What this program knows about NVIDIA GPUs: today, only whether a driver is there. May use {@code
 * tensor}.
 */
@NullMarked
package dev.jdiffusion.cuda;

import org.jspecify.annotations.NullMarked;
