/**
 * The same work done by other libraries, to compare with. Built only with {@code -Ppeers}; uses
 * nothing of this project. Start at {@link dev.jdiffusion.benchmarks.peers.AnnotatedStepPeer}.
 */
@NullMarked
package dev.jdiffusion.benchmarks.peers;

import org.jspecify.annotations.NullMarked;
