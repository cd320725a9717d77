/**
 * An NVIDIA GPU through JCuda: {@link dev.jdiffusion.cuda.jcuda.JCudaDriver} keeps the {@link
 * dev.jdiffusion.cuda.driver.GpuDriver} contract with NVIDIA's driver, {@link
 * dev.jdiffusion.cuda.jcuda.JCublas} and {@link dev.jdiffusion.cuda.jcuda.JCudnn} those of the
 * package {@code vendor}, and {@link dev.jdiffusion.cuda.jcuda.JCudaNatives} loads JCuda's native
 * libraries safely. The only package that knows JCuda. Start at {@code JCudaDriver.open}.
 */
@NullMarked
package dev.jdiffusion.cuda.jcuda;

import org.jspecify.annotations.NullMarked;
