/** What contenders are given. */
@NullMarked
package dev.jdiffusion.benchmarks.work;

import org.jspecify.annotations.NullMarked;
