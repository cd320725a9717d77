/**
 * Which NVIDIA GPUs this machine has, and why none. May use {@code tensor} and {@code
 * java.lang.foreign}. Start at {@link dev.jdiffusion.cuda.CudaDriverProbe}; what computes on them
 * is in the package {@code backend}.
 */
@NullMarked
package dev.jdiffusion.cuda;

import org.jspecify.annotations.NullMarked;
