/**
 * The conformance suite: one list of cases that every backend has to pass against the {@code
 * reference} backend.
 *
 * <p>To test a backend, extend {@link dev.jdiffusion.tensor.conformance.BackendConformanceTest}. To
 * add cases, add to the file of the operation's family; an operation without a case fails the
 * suite. Start with {@link dev.jdiffusion.tensor.conformance.Run}, which is what a case sees.
 */
@NullMarked
package dev.jdiffusion.tensor.conformance;

import org.jspecify.annotations.NullMarked;
