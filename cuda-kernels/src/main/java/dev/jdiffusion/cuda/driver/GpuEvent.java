package dev.jdiffusion.cuda.driver;

/** A mark in a stream of a {@link GpuDriver}, by the driver's number for it. */
public record GpuEvent(long handle) {}
