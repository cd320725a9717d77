/**
 * What this program knows about NVIDIA GPUs: so far, only whether a driver and devices are there.
 * May use {@code tensor} and {@code java.lang.foreign}. Start at {@link
 * dev.jdiffusion.cuda.CudaDriverProbe}.
 */
@NullMarked
package dev.jdiffusion.cuda;

import org.jspecify.annotations.NullMarked;
