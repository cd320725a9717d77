package dev.jdiffusion.diffusion.checkpoint;

import dev.jdiffusion.diffusion.data.BatchLoader;

/**
 * Where a training stands. Random numbers are drawn by counter, so this and the tensors are its
 * whole state.
 *
 * @param step steps taken, skipped ones included
 * @param applied steps that moved the weights
 * @param cursor of the next batch
 * @param skippedInARow steps since the last that moved the weights
 */
public record Position(int step, long applied, BatchLoader.Cursor cursor, int skippedInARow) {
  /** Where every training starts. */
  public static final Position START = new Position(0, 0, BatchLoader.Cursor.START, 0);
}
