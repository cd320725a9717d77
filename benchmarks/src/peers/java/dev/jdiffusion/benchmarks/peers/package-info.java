/**
 * The same work done by other libraries, to compare with: libtorch and OpenBLAS through JavaCPP.
 * Built only with {@code -Ppeers}. Start at {@link
 * dev.jdiffusion.benchmarks.peers.LibtorchContender}; that they compute what we compute is checked
 * by {@link dev.jdiffusion.benchmarks.peers.PeerAgreement}.
 */
@NullMarked
package dev.jdiffusion.benchmarks.peers;

import org.jspecify.annotations.NullMarked;
