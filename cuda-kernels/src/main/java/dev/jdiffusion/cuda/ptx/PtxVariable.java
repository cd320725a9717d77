package dev.jdiffusion.cuda.ptx;

/**
 * A variable or a parameter.
 *
 * @param space {@code global}, {@code const}, {@code shared}, {@code local} or {@code param}
 * @param name unique within its function
 * @param align in bytes
 * @param bytes its size; 0 for an array whose size the launch gives
 * @param data its first contents, empty if there are none
 */
public record PtxVariable(String space, String name, int align, long bytes, byte[] data) {}
