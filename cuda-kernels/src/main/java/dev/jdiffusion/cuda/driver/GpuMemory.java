package dev.jdiffusion.cuda.driver;

/** Memory of a device, in bytes. */
public record GpuMemory(long free, long total) {}
