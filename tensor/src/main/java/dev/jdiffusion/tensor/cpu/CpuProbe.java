package dev.jdiffusion.tensor.cpu;

import static dev.jdiffusion.tensor.cpu.Lanes.F;
import static dev.jdiffusion.tensor.cpu.Lanes.L;

import dev.jdiffusion.tensor.Tensor;
import dev.jdiffusion.tensor.ops.Probe;
import jdk.incubator.vector.FloatVector;

/**
 * Ten vectors at a time, in named locals as in the kernels of {@link WideProducts}: enough to hide
 * the latency of a multiply-add (four or five cycles, two begun in each), and few enough for 16
 * registers. C2's multiply-adds overwrite what is added, so nothing has to be copied before.
 */
final class CpuProbe implements Probe {
  /** Several, so that a thread that wakes late finds less to do and nobody waits for it. */
  private static final int COPIES_PER_THREAD = 8;

  private static final int BLOCK = 10 * L;

  private final Workers workers;
  private final FloatPool pool;

  CpuProbe(Workers workers, FloatPool pool) {
    this.workers = workers;
    this.pool = pool;
  }

  @Override
  public double multiplyAdds(int rounds, Tensor chains) {
    int size = chains.size();
    int copies = workers.threads() * COPIES_PER_THREAD;
    double work = (double) rounds * size * copies;
    float[] start = pool.take(size);
    System.arraycopy(FloatStorage.array(chains), chains.offset(), start, 0, size);
    workers.run(
        copies,
        (long) work,
        copy -> {
          float[] x = pool.take(size);
          System.arraycopy(start, 0, x, 0, size);
          iterate(rounds, x, size);
          if (copy == 0) {
            System.arraycopy(x, 0, FloatStorage.array(chains), chains.offset(), size);
          }
          pool.give(x);
        });
    pool.give(start);
    return 2 * work;
  }

  private static void iterate(int rounds, float[] x, int size) {
    int blocked = size - size % BLOCK;
    for (int block = 0; block < blocked; block += BLOCK) {
      int from = block;
      Kernel.launch(() -> tenVectors(rounds, x, from));
    }
    for (int i = blocked; i < size; i++) {
      float chain = x[i];
      for (int round = 0; round < rounds; round++) {
        chain = Math.fma(chain, -2f, chain);
      }
      x[i] = chain;
    }
  }

  private static void tenVectors(int rounds, float[] x, int from) {
    FloatVector x0 = FloatVector.fromArray(F, x, from);
    FloatVector x1 = FloatVector.fromArray(F, x, from + L);
    FloatVector x2 = FloatVector.fromArray(F, x, from + 2 * L);
    FloatVector x3 = FloatVector.fromArray(F, x, from + 3 * L);
    FloatVector x4 = FloatVector.fromArray(F, x, from + 4 * L);
    FloatVector x5 = FloatVector.fromArray(F, x, from + 5 * L);
    FloatVector x6 = FloatVector.fromArray(F, x, from + 6 * L);
    FloatVector x7 = FloatVector.fromArray(F, x, from + 7 * L);
    FloatVector x8 = FloatVector.fromArray(F, x, from + 8 * L);
    FloatVector x9 = FloatVector.fromArray(F, x, from + 9 * L);
    for (int round = 0; round < rounds; round++) {
      x0 = x0.fma(FloatVector.broadcast(F, -2f), x0);
      x1 = x1.fma(FloatVector.broadcast(F, -2f), x1);
      x2 = x2.fma(FloatVector.broadcast(F, -2f), x2);
      x3 = x3.fma(FloatVector.broadcast(F, -2f), x3);
      x4 = x4.fma(FloatVector.broadcast(F, -2f), x4);
      x5 = x5.fma(FloatVector.broadcast(F, -2f), x5);
      x6 = x6.fma(FloatVector.broadcast(F, -2f), x6);
      x7 = x7.fma(FloatVector.broadcast(F, -2f), x7);
      x8 = x8.fma(FloatVector.broadcast(F, -2f), x8);
      x9 = x9.fma(FloatVector.broadcast(F, -2f), x9);
    }
    x0.intoArray(x, from);
    x1.intoArray(x, from + L);
    x2.intoArray(x, from + 2 * L);
    x3.intoArray(x, from + 3 * L);
    x4.intoArray(x, from + 4 * L);
    x5.intoArray(x, from + 5 * L);
    x6.intoArray(x, from + 6 * L);
    x7.intoArray(x, from + 7 * L);
    x8.intoArray(x, from + 8 * L);
    x9.intoArray(x, from + 9 * L);
  }
}
