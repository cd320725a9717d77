package dev.jdiffusion.cuda.driver;

/** A queue of work of a {@link GpuDriver}, by the driver's number for it. */
public record GpuStream(long handle) {}
