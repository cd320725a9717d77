/**
 * JMH benchmarks. Each class asks one question, in its Javadoc, and names the {@link
 * dev.jdiffusion.benchmarks.work work} that answers it; {@link
 * dev.jdiffusion.benchmarks.SideBySide} sets it up, compares results and times it on any device.
 * {@link dev.jdiffusion.benchmarks.suite} runs them all and writes a table.
 */
@NullMarked
package dev.jdiffusion.benchmarks;

import org.jspecify.annotations.NullMarked;
