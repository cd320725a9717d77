/**
 * The backend of the devices {@code cuda:N} and {@code cuda:emulator}: one class for each family of
 * operations, named as the family, which chooses grids and starts the kernels of the {@code .cu}
 * file of the same name. Uses {@code tensor} and the {@link dev.jdiffusion.cuda.driver.GpuDriver}
 * contract, never an implementation of it but to open one. {@link
 * dev.jdiffusion.cuda.backend.VendorProducts} puts NVIDIA's libraries in the place of our products.
 * Start at {@link dev.jdiffusion.cuda.backend.Kernel}.
 */
@NullMarked
package dev.jdiffusion.cuda.backend;

import org.jspecify.annotations.NullMarked;
