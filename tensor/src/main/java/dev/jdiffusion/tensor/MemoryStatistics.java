package dev.jdiffusion.tensor;

/**
 * A pool's bookkeeping, in bytes.
 *
 * @param inUse handed out and not yet returned; on the CPU also what became unreachable without
 *     having been released
 * @param pooled returned and waiting to be handed out again
 * @param peakInUse the most that was ever handed out at once
 * @param handedOut all that was ever handed out, the same memory as often as it was
 * @param allocations how often the pool had to ask the JVM or the driver for memory
 */
public record MemoryStatistics(
    long inUse, long pooled, long peakInUse, long handedOut, long allocations) {}
