package dev.jdiffusion.tensor.cpu;

import dev.jdiffusion.tensor.Columns;
import dev.jdiffusion.tensor.Tensor;
import dev.jdiffusion.tensor.ops.Attention;
import java.util.Arrays;

/**
 * Softmax attention. A task is a head of an image, or a part of its queries, and goes through the
 * queries in blocks: all scores of a block fit the second-level cache, so the softmax sees all keys
 * and nothing has to be rescaled. The products are those of {@link SmallMatMul}.
 *
 * <p>Scores stand transposed, a row for each key: a query's softmax is then a matter of one lane,
 * see {@link ColumnSoftmax}, and only the few queries of a block have to be transposed and padded.
 * Queries are scaled by {@code 1 / ln 2} besides, because powers of two are cheaper than of e.
 *
 * <p>Backward: {@code P = e^(S - logSumExp)} is computed again, and with {@code delta[i] = dOut[i]
 * . out[i]}
 *
 * <pre>
 * dV = P^T dOut      dS = P * (dOut V^T - delta)      dQ = scale dS K      dK = scale dS^T Q
 * </pre>
 */
final class CpuAttention implements Attention {
  /** Most queries of a block. */
  private static final int QUERIES = 112;

  /** Scores of a block, about: they and, backward, their gradients fit the second-level cache. */
  private static final int SCORES = 1 << 15;

  /** Queries of a forward task. */
  private static final int TASK_QUERIES = 256;

  private final HeadTasks tasks;
  private final FloatPool pool;

  CpuAttention(Workers workers, FloatPool pool) {
    this.tasks = new HeadTasks(workers, pool);
    this.pool = pool;
  }

  /** The next multiple of the widest vector. */
  private static int padded(int queries) {
    return (queries + Lanes.LOGICAL - 1) & -Lanes.LOGICAL;
  }

  /** Queries of a block. */
  private static int block(int queries, int keys) {
    return Math.min(padded(queries), Math.clamp(SCORES / keys & -32, 32, QUERIES));
  }

  private static long work(Columns q, Columns k) {
    return 2L * q.tensor().dim(0) * q.tensor().dim(1) * k.tensor().dim(1) * q.count();
  }

  @Override
  public void forward(
      Columns q, Columns k, Columns v, int heads, double scale, Tensor out, Tensor logSumExp) {
    int length = q.tensor().dim(1);
    int parts = (length + TASK_QUERIES - 1) / TASK_QUERIES;
    tasks.run(
        q.tensor(),
        heads,
        parts,
        work(q, k),
        (image, head, part) -> {
          int from = part * TASK_QUERIES;
          int to = Math.min(length, from + TASK_QUERIES);
          forwardHead(q, k, v, image, head, heads, (float) scale, from, to, out, logSumExp);
        });
  }

  private void forwardHead(
      Columns q,
      Columns k,
      Columns v,
      int image,
      int head,
      int heads,
      float scale,
      int from,
      int to,
      Tensor out,
      Tensor logSumExp) {
    int queryLength = q.tensor().dim(1);
    int length = k.tensor().dim(1);
    int features = q.count() / heads;
    int width = SmallMatMul.padded(features);
    int block = block(to - from, length);
    int keys = 0;
    int values = keys + length * width;
    int queries = values + length * width;
    int results = queries + features * block;
    int scores = results + block * width;
    int maxima = scores + length * block;
    // Twice the place, for their logarithms.
    int sums = maxima + 2 * block;
    float[] work = pool.take(sums + block);
    HeadTiles.load(k, image, head, features, 0, length, 1f, work, keys, width);
    HeadTiles.load(v, image, head, features, 0, length, 1f, work, values, width);
    float[] logSumExps = FloatStorage.array(logSumExp);
    int logSumExpAt = logSumExp.offset() + (image * heads + head) * queryLength;
    for (int i = from; i < to; i += block) {
      int rows = Math.min(block, to - i);
      int columns = padded(rows);
      HeadTiles.load(
          q, image, head, features, i, rows, scale * VectorMath.LOG2_E, work, results, width);
      transpose(work, results, width, rows, features, queries, block);
      SmallMatMul.multiply(
          work, keys, width, 1, work, queries, block, work, scores, block, length, columns,
          features, false);
      ColumnSoftmax.maxima(work, scores, block, length, columns, work, maxima);
      Arrays.fill(work, sums, sums + block, 0f);
      ColumnSoftmax.powers(work, scores, block, length, columns, work, maxima, work, sums);
      ColumnSoftmax.logarithms(work, maxima, work, sums, columns);
      System.arraycopy(work, maxima, logSumExps, logSumExpAt + i, rows);
      SmallMatMul.multiply(
          work, scores, 1, block, work, values, width, work, results, width, rows, width, length,
          false);
      HeadTiles.storeScaled(
          work, results, width, rows, features, work, sums, Columns.all(out), image, head, i);
    }
    pool.give(work);
  }

  /**
   * The rows at {@code from} as columns; zeros in the columns up to a multiple of {@link
   * Lanes#LOGICAL}. There must be place for as many rows, which are overwritten.
   */
  private static void transpose(
      float[] work, int from, int width, int rows, int features, int to, int toRow) {
    int columns = padded(rows);
    Arrays.fill(work, from + rows * width, from + columns * width, 0f);
    SmallMatMul.transpose(work, from, width, columns, features, work, to, toRow);
  }

  @Override
  public void backward(
      Columns q,
      Columns k,
      Columns v,
      int heads,
      double scale,
      Tensor out,
      Tensor logSumExp,
      Tensor dOut,
      Columns dQ,
      Columns dK,
      Columns dV) {
    tasks.run(
        q.tensor(),
        heads,
        1,
        work(q, k),
        (image, head, part) ->
            backwardHead(
                q, k, v, image, head, heads, (float) scale, out, logSumExp, dOut, dQ, dK, dV));
  }

  private void backwardHead(
      Columns q,
      Columns k,
      Columns v,
      int image,
      int head,
      int heads,
      float scale,
      Tensor out,
      Tensor logSumExp,
      Tensor dOut,
      Columns dQ,
      Columns dK,
      Columns dV) {
    int queryLength = q.tensor().dim(1);
    int length = k.tensor().dim(1);
    int features = q.count() / heads;
    int width = SmallMatMul.padded(features);
    int block = block(queryLength, length);
    int keys = 0;
    int values = keys + length * width;
    int dKeys = values + length * width;
    int dValues = dKeys + length * width;
    int queries = dValues + length * width;
    int queriesTransposed = queries + block * width;
    int upstream = queriesTransposed + features * block;
    int upstreamTransposed = upstream + block * width;
    int results = upstreamTransposed + features * block;
    int shifts = results + block * width;
    int deltas = shifts + block;
    int probabilities = deltas + block;
    int dScores = probabilities + length * block;
    int scratch = dScores + length * block;
    float[] work = pool.take(scratch + RowSoftmax.scratch(block));
    HeadTiles.load(v, image, head, features, 0, length, 1f, work, values, width);
    HeadTiles.load(k, image, head, features, 0, length, 1f, work, keys, width);
    if (queryLength == 0) {
      // There is no first block, whose sums start from nothing.
      Arrays.fill(work, dKeys, queries, 0f);
    }
    float[] logSumExps = FloatStorage.array(logSumExp);
    int logSumExpAt = logSumExp.offset() + (image * heads + head) * queryLength;
    for (int i = 0; i < queryLength; i += block) {
      int rows = Math.min(block, queryLength - i);
      int columns = padded(rows);
      HeadTiles.load(
          q, image, head, features, i, rows, scale * VectorMath.LOG2_E, work, queries, width);
      transpose(work, queries, width, rows, features, queriesTransposed, block);
      HeadTiles.load(Columns.all(dOut), image, head, features, i, rows, 1f, work, upstream, width);
      transpose(work, upstream, width, rows, features, upstreamTransposed, block);
      SmallMatMul.multiply(
          work,
          keys,
          width,
          1,
          work,
          queriesTransposed,
          block,
          work,
          probabilities,
          block,
          length,
          columns,
          features,
          false);
      SmallMatMul.multiply(
          work,
          values,
          width,
          1,
          work,
          upstreamTransposed,
          block,
          work,
          dScores,
          block,
          length,
          columns,
          features,
          false);
      Arrays.fill(work, shifts, shifts + block, 0f);
      for (int r = 0; r < rows; r++) {
        work[shifts + r] = logSumExps[logSumExpAt + i + r] * VectorMath.LOG2_E;
      }
      HeadTiles.load(Columns.all(out), image, head, features, i, rows, 1f, work, results, width);
      RowSoftmax.dots(
          work, results, width, work, upstream, width, rows, features, work, scratch, deltas);
      ColumnSoftmax.gradients(
          work, probabilities, work, dScores, block, length, columns, work, shifts, deltas);
      SmallMatMul.multiply(
          work,
          probabilities,
          block,
          1,
          work,
          upstream,
          width,
          work,
          dValues,
          width,
          length,
          width,
          rows,
          i > 0);
      SmallMatMul.multiply(
          work, dScores, block, 1, work, queries, width, work, dKeys, width, length, width, rows,
          i > 0);
      SmallMatMul.multiply(
          work, dScores, 1, block, work, keys, width, work, results, width, rows, width, length,
          false);
      HeadTiles.store(work, results, width, rows, features, scale, dQ, image, head, i);
    }
    // The queries were scaled for powers of two.
    HeadTiles.store(work, dKeys, width, length, features, VectorMath.LN2, dK, image, head, 0);
    HeadTiles.store(work, dValues, width, length, features, 1f, dV, image, head, 0);
    pool.give(work);
  }
}
