/** What a run plans, and what its table says of measurements. */
@NullMarked
package dev.jdiffusion.benchmarks.suite;

import org.jspecify.annotations.NullMarked;
