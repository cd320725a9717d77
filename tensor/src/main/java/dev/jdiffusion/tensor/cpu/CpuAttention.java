package dev.jdiffusion.tensor.cpu;

import dev.jdiffusion.tensor.Columns;
import dev.jdiffusion.tensor.Tensor;
import dev.jdiffusion.tensor.cpu.HeadTiles.Rows;
import dev.jdiffusion.tensor.ops.Attention;
import java.util.Arrays;
import java.util.List;

/**
 * Softmax attention. A task is a head of an image, or a part of its queries, and goes through the
 * queries in blocks: all scores of a block fit the second-level cache, so the softmax sees all keys
 * and nothing has to be rescaled. The products are those of {@link SmallMatMul}.
 *
 * <p>Scores stand transposed, a row for each key: a query's softmax is then a matter of one lane,
 * see {@link ColumnSoftmax}, and only the few queries of a block have to be transposed and padded.
 * They are divided by {@code ln 2}, because powers of two are cheaper than of e: with {@code scale2
 * = scale / ln 2} the keys are copied as {@code K2 = scale2 K}.
 *
 * <p>Backward: {@code P = e^(S - logSumExp)} is computed again, and with {@code delta[i] = dOut[i]
 * . out[i]} and {@code Q2 = scale2 Q}
 *
 * <pre>
 * dV = P^T dOut      dS = P * (dOut (ln 2 V)^T - ln 2 delta)      dQ = dS K2      dK = dS^T Q2
 * </pre>
 *
 * <p>So no gradient has to be scaled at the end, and each is summed where it belongs: writing it
 * there later would mean to wait for memory, which the products do not.
 */
final class CpuAttention implements Attention {
  /** Most queries of a block. */
  private static final int QUERIES = SmallMatMul.PITCH;

  /** Scores of a block, about: they and, backward, their gradients fit the second-level cache. */
  private static final int SCORES = 1 << 16;

  /**
   * Scores up to this, of either sign, are raised to powers of two as they are: these, their sums
   * and products with values stay far from overflow and underflow. Of larger ones the maximum is
   * subtracted first.
   */
  private static final float SMALL_SCORES = 48;

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

  private static float scale2(double scale) {
    return (float) scale * VectorMath.LOG2_E;
  }

  private static long work(Columns q, Columns k) {
    return 2L * q.tensor().dim(0) * q.tensor().dim(1) * k.tensor().dim(1) * q.count();
  }

  @Override
  public void forward(
      Columns q, Columns k, Columns v, int heads, double scale, Tensor out, Tensor logSumExp) {
    int length = q.tensor().dim(1);
    int parts = Math.ceilDiv(length, TASK_QUERIES);
    tasks.run(
        List.of(q, k, v, Columns.all(out)),
        heads,
        parts,
        work(q, k),
        (image, head, part) -> {
          int from = part * TASK_QUERIES;
          int to = Math.min(length, from + TASK_QUERIES);
          forwardHead(q, k, v, image, head, heads, scale2(scale), from, to, out, logSumExp);
        });
  }

  private void forwardHead(
      Columns q,
      Columns k,
      Columns v,
      int image,
      int head,
      int heads,
      float scale2,
      int from,
      int to,
      Tensor out,
      Tensor logSumExp) {
    int queryLength = q.tensor().dim(1);
    int length = k.tensor().dim(1);
    int features = q.count() / heads;
    int width = SmallMatMul.padded(features);
    int block = block(to - from, length);
    int keys = FloatPool.FIRST;
    int values = keys + length * width;
    int valuesCopy = values + length * width;
    int queries = valuesCopy + SmallMatMul.copyLength(length, width);
    int results = queries + features * QUERIES;
    int scores = results + block * width;
    int maxima = scores + length * QUERIES;
    // Twice the place, for their logarithms.
    int sums = maxima + 2 * block;
    float[] work = pool.take(sums + block);
    HeadTiles.load(k, image, head, features, 0, length, scale2, work, keys, width);
    HeadTiles.load(v, image, head, features, 0, length, 1f, work, values, width);
    int valuePanels = SmallMatMul.panels(work, values, length, width, valuesCopy);
    float keySquares = ScoreBounds.ofRows(work, keys, width, length, work, scores);
    float[] logSumExps = FloatStorage.array(logSumExp);
    int logSumExpAt = logSumExp.offset() + (image * heads + head) * queryLength;
    for (int i = from; i < to; i += block) {
      int rows = Math.min(block, to - i);
      int columns = padded(rows);
      HeadTiles.load(q, image, head, features, i, rows, 1f, work, results, width);
      transpose(work, results, width, rows, features, queries);
      float querySquares =
          ScoreBounds.ofColumns(work, queries, QUERIES, features, columns, work, maxima);
      Arrays.fill(work, sums, sums + block, 0f);
      if (Math.sqrt((double) keySquares * querySquares) <= SMALL_SCORES) {
        Arrays.fill(work, maxima, maxima + block, 0f);
        ColumnSoftmax.powersOfProduct(
            work, keys, width, work, queries, work, scores, length, columns, features, work, sums);
      } else {
        SmallMatMul.scores(
            work, keys, width, work, queries, work, scores, length, columns, features);
        ColumnSoftmax.maxima(work, scores, QUERIES, length, columns, work, maxima);
        ColumnSoftmax.powers(work, scores, QUERIES, length, columns, work, maxima, work, sums);
      }
      ColumnSoftmax.logarithms(work, maxima, work, sums, columns);
      System.arraycopy(work, maxima, logSumExps, logSumExpAt + i, rows);
      SmallMatMul.multiplyPitchedTransposed(
          work, scores, work, valuePanels, work, results, width, rows, width, length);
      HeadTiles.storeScaled(
          work, results, width, rows, features, work, sums, Columns.all(out), image, head, i);
    }
    pool.give(work);
  }

  /**
   * The rows at {@code from} as columns of a pitched matrix; zeros in the columns up to a multiple
   * of {@link Lanes#LOGICAL}. There must be place for as many rows, which are overwritten.
   */
  private static void transpose(float[] work, int from, int width, int rows, int features, int to) {
    int columns = padded(rows);
    Arrays.fill(work, from + rows * width, from + columns * width, 0f);
    SmallMatMul.transpose(work, from, width, columns, features, work, to, QUERIES);
  }

  @Override
  public boolean worksInPlace() {
    return true;
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
        List.of(q, k, v, Columns.all(out), Columns.all(dOut), dQ, dK, dV),
        heads,
        1,
        work(q, k),
        (image, head, part) ->
            backwardHead(
                q, k, v, image, head, heads, scale2(scale), out, logSumExp, dOut, dQ, dK, dV));
  }

  private void backwardHead(
      Columns q,
      Columns k,
      Columns v,
      int image,
      int head,
      int heads,
      float scale2,
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
    // Tiles are two vectors wide; gradients that are not are summed beside.
    boolean inPlace = width == features;
    int beside = inPlace ? 0 : length * width;
    int keys = FloatPool.FIRST;
    int values = keys + length * width;
    int dKeys = values + length * width;
    int dValues = dKeys + beside;
    int queries = dValues + beside;
    int queriesTransposed = queries + block * width;
    int upstream = queriesTransposed + features * QUERIES;
    int upstreamTransposed = upstream + block * width;
    int results = upstreamTransposed + features * QUERIES;
    int shifts = results + block * width;
    int deltas = shifts + block;
    int probabilities = deltas + block;
    int dScores = probabilities + length * QUERIES;
    int keysCopy = dScores + length * QUERIES;
    int queriesCopy = keysCopy + SmallMatMul.copyLength(length, width);
    int upstreamCopy = queriesCopy + SmallMatMul.copyLength(block, width);
    int scratch = upstreamCopy + SmallMatMul.copyLength(block, width);
    float[] work = pool.take(scratch + RowSoftmax.scratch(block));
    Rows dQRows = inPlace ? Rows.of(dQ, image, head, features) : new Rows(work, results, width);
    Rows dKRows = inPlace ? Rows.of(dK, image, head, features) : new Rows(work, dKeys, width);
    Rows dVRows = inPlace ? Rows.of(dV, image, head, features) : new Rows(work, dValues, width);
    HeadTiles.load(v, image, head, features, 0, length, VectorMath.LN2, work, values, width);
    HeadTiles.load(k, image, head, features, 0, length, scale2, work, keys, width);
    int keyPanels = SmallMatMul.panels(work, keys, length, width, keysCopy);
    float[] logSumExps = FloatStorage.array(logSumExp);
    int logSumExpAt = logSumExp.offset() + (image * heads + head) * queryLength;
    int i = 0;
    do {
      int rows = Math.min(block, queryLength - i);
      int columns = padded(rows);
      HeadTiles.load(q, image, head, features, i, rows, 1f, work, queries, width);
      transpose(work, queries, width, rows, features, queriesTransposed);
      ArithmeticLoops.multiplyScalar(work, queries, scale2, work, queries, rows * width);
      int queryPanels = SmallMatMul.panels(work, queries, rows, width, queriesCopy);
      HeadTiles.load(Columns.all(dOut), image, head, features, i, rows, 1f, work, upstream, width);
      transpose(work, upstream, width, rows, features, upstreamTransposed);
      int upstreamPanels = SmallMatMul.panels(work, upstream, rows, width, upstreamCopy);
      SmallMatMul.scores(
          work,
          keys,
          width,
          work,
          queriesTransposed,
          work,
          probabilities,
          length,
          columns,
          features);
      SmallMatMul.scores(
          work, values, width, work, upstreamTransposed, work, dScores, length, columns, features);
      Arrays.fill(work, shifts, shifts + block, 0f);
      for (int r = 0; r < rows; r++) {
        work[shifts + r] = logSumExps[logSumExpAt + i + r] * VectorMath.LOG2_E;
      }
      HeadTiles.load(
          Columns.all(out), image, head, features, i, rows, VectorMath.LN2, work, results, width);
      RowSoftmax.dots(
          work, results, width, work, upstream, width, rows, features, work, scratch, deltas);
      ColumnSoftmax.gradients(
          work, probabilities, work, dScores, QUERIES, length, columns, work, shifts, deltas);
      SmallMatMul.multiplyPitched(
          work,
          probabilities,
          work,
          upstreamPanels,
          dVRows.array(),
          dVRows.at(),
          dVRows.row(),
          length,
          width,
          rows,
          i > 0);
      SmallMatMul.multiplyPitched(
          work,
          dScores,
          work,
          queryPanels,
          dKRows.array(),
          dKRows.at(),
          dKRows.row(),
          length,
          width,
          rows,
          i > 0);
      SmallMatMul.multiplyPitchedTransposed(
          work,
          dScores,
          work,
          keyPanels,
          dQRows.array(),
          dQRows.at(inPlace ? i : 0),
          dQRows.row(),
          rows,
          width,
          length);
      if (!inPlace) {
        HeadTiles.store(work, results, width, rows, features, 1f, dQ, image, head, i);
      }
      i += block;
    } while (i < queryLength);
    if (!inPlace) {
      HeadTiles.store(work, dKeys, width, length, features, 1f, dK, image, head, 0);
      HeadTiles.store(work, dValues, width, length, features, 1f, dV, image, head, 0);
    }
    pool.give(work);
  }
}
