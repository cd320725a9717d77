/**
 * All benchmarks in one run, and their results as a table. {@link
 * dev.jdiffusion.benchmarks.suite.Suite} is the program, {@link
 * dev.jdiffusion.benchmarks.suite.Plan} says what it runs, {@link
 * dev.jdiffusion.benchmarks.suite.Report} reads what JMH wrote.
 */
@NullMarked
package dev.jdiffusion.benchmarks.suite;

import org.jspecify.annotations.NullMarked;
