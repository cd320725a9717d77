/**
 * What this project asks of a GPU: one contract, {@link dev.jdiffusion.cuda.driver.GpuDriver}, that
 * the NVIDIA driver and the emulator both keep. Uses the JDK alone. Start there; then {@link
 * dev.jdiffusion.cuda.driver.KernelArguments}, which is how a launch gets its numbers.
 */
@NullMarked
package dev.jdiffusion.cuda.driver;

import org.jspecify.annotations.NullMarked;
