package dev.jdiffusion.tensor.cpu;

import static dev.jdiffusion.tensor.cpu.Lanes.F;
import static dev.jdiffusion.tensor.cpu.Lanes.L;

import dev.jdiffusion.tensor.IntTensor;
import dev.jdiffusion.tensor.Philox;
import dev.jdiffusion.tensor.RandomKey;
import dev.jdiffusion.tensor.Tensor;
import dev.jdiffusion.tensor.ops.RandomFill;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

/**
 * Philox numbers, in chunks of a row. The words come one block after the other; the transform of
 * Box and Muller runs in vectors, with sine and cosine as polynomials in quarter turns.
 */
final class CpuRandomFill implements RandomFill {
  /** Numbers of a task. */
  private static final int CHUNK = 1 << 10;

  /** Multiply-adds that one number costs, roughly. */
  private static final int WORK = 32;

  private static final float ROUND = 0x1.8p23f;

  // sin(pi/2 t) = t (S1 + t^2 (S3 + ..)), cos(pi/2 t) = 1 + t^2 (C2 + ..) for |t| <= 1/2.
  private static final float S1 = 1.5707964f;
  private static final float S3 = -0.6459641f;
  private static final float S5 = 0.07969259f;
  private static final float S7 = -0.004681297f;
  private static final float S9 = 0.00015826168f;
  private static final float C2 = -1.2337005f;
  private static final float C4 = 0.25366923f;
  private static final float C6 = -0.020860286f;
  private static final float C8 = 0.0009040157f;

  private final Workers workers;
  private final FloatPool pool;

  CpuRandomFill(Workers workers, FloatPool pool) {
    this.workers = workers;
    this.pool = pool;
  }

  /** Fills {@code count} numbers of a row's stream, from a position that a block starts with. */
  private interface Fill {
    void chunk(int row, int position, float[] out, int at, int count);
  }

  private void rows(IntTensor rows, Tensor out, Fill fill) {
    int[] streams = rows.values();
    if (out.size() == 0) {
      return;
    }
    int length = out.size() / streams.length;
    int chunks = Math.ceilDiv(length, CHUNK);
    float[] array = FloatStorage.array(out);
    workers.run(
        streams.length * chunks,
        (long) out.size() * WORK,
        task -> {
          int position = task % chunks * CHUNK;
          int at = out.offset() + task / chunks * length + position;
          fill.chunk(
              streams[task / chunks], position, array, at, Math.min(CHUNK, length - position));
        });
  }

  @Override
  public void normal(RandomKey key, IntTensor rows, Tensor out) {
    rows(
        rows,
        out,
        (row, position, array, at, count) -> {
          float[] u1 = pool.take(CHUNK / 2);
          float[] u2 = pool.take(CHUNK / 2);
          uniformPairs(key, row, position, count, u1, u2);
          int pairs = (count + 1) / 2;
          Kernel.launch(() -> radii(u1, pairs));
          Kernel.launch(() -> boxMuller(u1, u2, pairs));
          for (int i = 0; i < count; i++) {
            array[at + i] = (i & 1) == 0 ? u1[i >> 1] : u2[i >> 1];
          }
          pool.give(u1);
          pool.give(u2);
        });
  }

  private static void uniformPairs(
      RandomKey key, int row, int position, int count, float[] u1, float[] u2) {
    int[] words = new int[Philox.BLOCK];
    for (int i = 0; i < count; i += Philox.BLOCK) {
      Philox.block(key, row, (position + i) / Philox.BLOCK, words);
      u1[i / 2] = Philox.positiveUniform(words[0]);
      u2[i / 2] = Philox.uniform(words[1]);
      u1[i / 2 + 1] = Philox.positiveUniform(words[2]);
      u2[i / 2 + 1] = Philox.uniform(words[3]);
    }
  }

  /** Replaces u by {@code sqrt(-2 ln u)}. */
  private static void radii(float[] u, int pairs) {
    for (int i = 0; i < pairs; i += L) {
      VectorMath.log(FloatVector.fromArray(F, u, i)).mul(-2f).sqrt().intoArray(u, i);
    }
  }

  /** Replaces radii r by {@code r cos(2 pi u)} and u by {@code r sin(2 pi u)}. */
  private static void boxMuller(float[] r, float[] u, int pairs) {
    for (int i = 0; i < pairs; i += L) {
      FloatVector radius = FloatVector.fromArray(F, r, i);
      FloatVector turns = FloatVector.fromArray(F, u, i).mul(4f);
      FloatVector shifted = turns.add(ROUND);
      // Quarter turns, and what is left of one, exactly.
      IntVector quarter = shifted.reinterpretAsInts();
      FloatVector t = turns.sub(shifted.sub(ROUND));
      FloatVector t2 = t.mul(t);
      FloatVector sine =
          t2.fma(FloatVector.broadcast(F, S9), FloatVector.broadcast(F, S7))
              .fma(t2, FloatVector.broadcast(F, S5))
              .fma(t2, FloatVector.broadcast(F, S3))
              .mul(t2)
              .fma(t, t.mul(S1));
      FloatVector cosine =
          t2.fma(FloatVector.broadcast(F, C8), FloatVector.broadcast(F, C6))
              .fma(t2, FloatVector.broadcast(F, C4))
              .fma(t2, FloatVector.broadcast(F, C2))
              .fma(t2, FloatVector.broadcast(F, 1f));
      VectorMask<Float> odd = quarter.and(1).compare(VectorOperators.NE, 0).cast(F);
      FloatVector first = cosine.blend(sine, odd);
      FloatVector second = sine.blend(cosine, odd);
      radius.mul(flip(first, quarter.add(1))).intoArray(r, i);
      radius.mul(flip(second, quarter)).intoArray(u, i);
    }
  }

  /** {@code -x} where bit 1 of n is set. */
  private static FloatVector flip(FloatVector x, IntVector n) {
    IntVector sign = n.and(2).lanewise(VectorOperators.LSHL, 30);
    return x.reinterpretAsInts().lanewise(VectorOperators.XOR, sign).reinterpretAsFloats();
  }

  @Override
  public void uniform(RandomKey key, IntTensor rows, Tensor out) {
    rows(
        rows,
        out,
        (row, position, array, at, count) -> {
          int[] words = new int[Philox.BLOCK];
          for (int i = 0; i < count; i++) {
            if (i % Philox.BLOCK == 0) {
              Philox.block(key, row, (position + i) / Philox.BLOCK, words);
            }
            array[at + i] = Philox.uniform(words[i % Philox.BLOCK]);
          }
        });
  }

  @Override
  public void dropout(RandomKey key, double p, Tensor x, Tensor out) {
    float[] from = FloatStorage.array(x);
    float[] to = FloatStorage.array(out);
    float scale = (float) (1 / (1 - p));
    int n = out.size();
    workers.forRanges(
        n,
        CHUNK,
        (long) n * WORK,
        (first, end) -> {
          int[] words = new int[Philox.BLOCK];
          for (int i = first; i < end; i++) {
            if (i % Philox.BLOCK == 0) {
              Philox.block(key, 0, i / Philox.BLOCK, words);
            }
            boolean kept = Philox.uniform(words[i % Philox.BLOCK]) >= p;
            float value = from[x.offset() + i];
            // A product, so that NaN and infinity are not hidden.
            to[out.offset() + i] = value * (kept ? 1f : 0f) * scale;
          }
        });
  }
}
