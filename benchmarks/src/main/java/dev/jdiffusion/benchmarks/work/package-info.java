/**
 * The work that benchmarks time and those who do it. A {@link
 * dev.jdiffusion.benchmarks.work.Workload} says what is computed, from which inputs and at what
 * cost; a {@link dev.jdiffusion.benchmarks.work.Contender} makes an {@link
 * dev.jdiffusion.benchmarks.work.Operation} of it: our devices here, other libraries in the {@code
 * peers} profile. All contenders get the same inputs, and their results are compared before
 * anything is timed. Start at {@code Workload}.
 */
@NullMarked
package dev.jdiffusion.benchmarks.work;

import org.jspecify.annotations.NullMarked;
