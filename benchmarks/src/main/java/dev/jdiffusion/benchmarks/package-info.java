/**
 * JMH benchmarks, one question each, named as the operation they time. May use every module;
 * nothing uses this one. Start at {@link dev.jdiffusion.benchmarks.ConvolutionBenchmark}.
 */
@NullMarked
package dev.jdiffusion.benchmarks;

import org.jspecify.annotations.NullMarked;
