/** What the benchmarks ask for. */
@NullMarked
package dev.jdiffusion.benchmarks;

import org.jspecify.annotations.NullMarked;
