/**
 * JMH benchmarks: one question each. May use every module; nothing uses this one.
 */
@NullMarked
package dev.jdiffusion.benchmarks;

import org.jspecify.annotations.NullMarked;
