/**
 * NVIDIA's own libraries of products, cuBLAS and cuDNN, as something to compare with: what is asked
 * of them ({@link dev.jdiffusion.cuda.vendor.Cublas}, {@link dev.jdiffusion.cuda.vendor.Cudnn}),
 * where they are looked for ({@link dev.jdiffusion.cuda.vendor.VendorSearch}), and how they are
 * called through {@code java.lang.foreign}. The package {@code jcuda} calls them through JCuda.
 * Uses {@code tensor} for names of precisions, and {@code driver} for its exception. Start at
 * {@code Cublas}.
 */
@NullMarked
package dev.jdiffusion.cuda.vendor;

import org.jspecify.annotations.NullMarked;
