package dev.jdiffusion.benchmarks.ladder;

import dev.jdiffusion.benchmarks.work.Operation;

/** One rung with its inputs in place. */
record Rung(Runnable work, float[] out) implements Operation {
  @Override
  public void run() {
    work.run();
  }

  @Override
  public float[] result() {
    return out;
  }
}
