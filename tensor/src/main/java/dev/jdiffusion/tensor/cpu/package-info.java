/**
 * The CPU backend: single precision, Vector API kernels over pooled {@code float[]}, several
 * threads. The only package that may use {@code jdk.incubator.vector}.
 *
 * <p>One file a family. Bit-identical results for any number of threads and any vector width. Start
 * with {@code CpuBackend}, then {@code Workers} (threads), {@code VectorMath} (exp and its family)
 * and the kernels. {@code WideProducts}, {@code NarrowProducts}, {@code WideGradients}, {@code
 * NarrowGradients}, {@code SmallProducts} and {@code DepthwiseTiles} are unrolled loops that {@code
 * KernelGenerator}, among the tests, writes; read one method of each.
 */
@NullMarked
package dev.jdiffusion.tensor.cpu;

import org.jspecify.annotations.NullMarked;
