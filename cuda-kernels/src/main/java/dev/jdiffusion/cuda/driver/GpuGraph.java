package dev.jdiffusion.cuda.driver;

/** Captured work of a {@link GpuDriver}, by the driver's number for it. */
public record GpuGraph(long handle) {}
