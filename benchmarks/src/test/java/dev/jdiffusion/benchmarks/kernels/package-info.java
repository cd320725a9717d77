/**
 * What must stay true of the CPU kernels whatever the machine's speed: they allocate next to
 * nothing, and C2 compiles every one of them to vector instructions. Start at {@code
 * KernelRegressionTest}.
 */
@NullMarked
package dev.jdiffusion.benchmarks.kernels;

import org.jspecify.annotations.NullMarked;
