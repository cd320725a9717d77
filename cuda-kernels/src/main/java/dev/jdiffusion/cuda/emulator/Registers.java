package dev.jdiffusion.cuda.emulator;

import java.util.List;

/**
 * The registers of a block: of each register one array with a lane for every thread, a warp's
 * behind those of the warp before. So what all warps do at the same time is one loop.
 */
final class Registers {
  /** How many lanes there are: whole warps. */
  final int lanes;

  /** Registers of up to 32 bits, constants and special registers. */
  final int[][] narrow;

  /** Registers of 64 bits and constants. */
  final long[][] wide;

  /** Registers of type {@code .f32} and constants. */
  final float[][] single;

  /** Results of instructions that only some lanes take part in. */
  final int[] narrowScratch;

  final long[] wideScratch;
  final float[] singleScratch;
  final int[][] adjusted;

  Registers(Program program, int warps) {
    lanes = warps * Lanes.COUNT;
    List<Program.Slot> slots = program.narrow();
    narrow = new int[slots.size()][];
    for (int i = 0; i < narrow.length; i++) {
      int[] constant = slots.get(i).constant();
      narrow[i] = constant != null ? constant : new int[lanes];
    }
    List<long[]> wideSlots = program.wide();
    wide = new long[wideSlots.size()][];
    for (int i = 0; i < wide.length; i++) {
      wide[i] = wideSlots.get(i).length > 0 ? wideSlots.get(i) : new long[lanes];
    }
    List<float[]> singleSlots = program.single();
    single = new float[singleSlots.size()][];
    for (int i = 0; i < single.length; i++) {
      single[i] = singleSlots.get(i).length > 0 ? singleSlots.get(i) : new float[lanes];
    }
    narrowScratch = new int[lanes];
    wideScratch = new long[lanes];
    singleScratch = new float[lanes];
    adjusted = new int[3][lanes];
  }
}
