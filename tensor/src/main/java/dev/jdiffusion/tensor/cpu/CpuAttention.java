package dev.jdiffusion.tensor.cpu;

import static dev.jdiffusion.tensor.cpu.Lanes.F;
import static dev.jdiffusion.tensor.cpu.Lanes.L;

import dev.jdiffusion.tensor.Columns;
import dev.jdiffusion.tensor.Tensor;
import dev.jdiffusion.tensor.ops.Attention;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;

/**
 * Softmax attention. A task is one head of one image, or a part of its queries, and goes through
 * the queries in blocks: all scores of a block fit the second-level cache, so the softmax sees
 * whole rows and nothing has to be rescaled. The products are those of {@link SmallMatMul}; the
 * transposed keys are made once a task.
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
  private static final int QUERIES = 48;

  /** Scores of a block, about. */
  private static final int SCORES = 1 << 14;

  /** Queries of a forward task. */
  private static final int TASK_QUERIES = 256;

  private final Workers workers;
  private final FloatPool pool;

  CpuAttention(Workers workers, FloatPool pool) {
    this.workers = workers;
    this.pool = pool;
  }

  private static int blockQueries(int keyWidth) {
    return Math.clamp(SCORES / keyWidth & -8, 8, QUERIES);
  }

  /**
   * Padded length of rows of scores and of transposed keys. Not a multiple of a kilobyte, or one
   * column would occupy few sets of the first-level cache.
   */
  private static int keyWidth(int length) {
    int width = SmallMatMul.padded(length);
    return width % 256 == 0 ? width + SmallMatMul.COLUMNS : width;
  }

  private static int start(Columns columns, int image, int head, int features) {
    return columns.offset()
        + image * columns.tensor().dim(1) * columns.rowStride()
        + head * features;
  }

  private static long work(Columns q, Columns k) {
    return 2L * q.tensor().dim(0) * q.tensor().dim(1) * k.tensor().dim(1) * q.count();
  }

  @Override
  public void forward(
      Columns q, Columns k, Columns v, int heads, double scale, Tensor out, Tensor logSumExp) {
    int length = q.tensor().dim(1);
    int parts = (length + TASK_QUERIES - 1) / TASK_QUERIES;
    workers.run(
        q.tensor().dim(0) * heads * parts,
        work(q, k),
        task -> {
          int from = task % parts * TASK_QUERIES;
          int to = Math.min(length, from + TASK_QUERIES);
          int head = task / parts % heads;
          forwardHead(
              q, k, v, task / parts / heads, head, heads, (float) scale, from, to, out, logSumExp);
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
    int keyWidth = keyWidth(length);
    int block = blockQueries(keyWidth);
    int keys = 0;
    int values = keys + features * keyWidth;
    int queries = values + length * width;
    int scores = queries + block * width;
    int results = scores + block * keyWidth;
    int maxima = results + block * width;
    // Reductions overwrite a multiple of 16.
    int sums = maxima + QUERIES;
    int scratch = sums + QUERIES;
    float[] work = pool.take(scratch + RowSoftmax.scratch(block));
    load(k, image, head, features, length, work, values, width);
    transpose(work, values, width, features, length, keys, keyWidth);
    load(v, image, head, features, length, work, values, width);
    float[] logSumExps = FloatStorage.array(logSumExp);
    int logSumExpAt = logSumExp.offset() + (image * heads + head) * queryLength;
    int outRow = heads * features;
    int outAt = out.offset() + image * queryLength * outRow + head * features;
    for (int i = from; i < to; i += block) {
      int rows = Math.min(block, to - i);
      HeadTiles.load(
          FloatStorage.array(q.tensor()),
          start(q, image, head, features) + i * q.rowStride(),
          q.rowStride(),
          rows,
          features,
          scale,
          work,
          queries,
          width,
          0f);
      SmallMatMul.multiply(
          work, queries, width, 1, work, keys, keyWidth, work, scores, keyWidth, rows, keyWidth,
          features, false);
      RowSoftmax.exponentials(
          work, scores, keyWidth, rows, length, work, scores, keyWidth, work, scratch, work, maxima,
          work, sums);
      for (int r = 0; r < rows; r++) {
        logSumExps[logSumExpAt + i + r] = work[maxima + r] + VectorMath.log(work[sums + r]);
      }
      SmallMatMul.multiply(
          work, scores, keyWidth, 1, work, values, width, work, results, width, rows, width, length,
          false);
      Kernel.launch(() -> divideRows(work, results, width, rows, sums));
      HeadTiles.store(
          work,
          results,
          width,
          rows,
          features,
          1f,
          FloatStorage.array(out),
          outAt + i * outRow,
          outRow);
    }
    pool.give(work);
  }

  private static void divideRows(float[] x, int at, int width, int rows, int divisors) {
    for (int r = 0; r < rows; r++) {
      FloatVector divisor = FloatVector.broadcast(F, x[divisors + r]);
      for (int i = at + r * width; i < at + (r + 1) * width; i += L) {
        FloatVector.fromArray(F, x, i).div(divisor).intoArray(x, i);
      }
    }
  }

  /** The head's rows. */
  private static void load(
      Columns columns,
      int image,
      int head,
      int features,
      int length,
      float[] work,
      int at,
      int width) {
    HeadTiles.load(
        FloatStorage.array(columns.tensor()),
        start(columns, image, head, features),
        columns.rowStride(),
        length,
        features,
        1f,
        work,
        at,
        width,
        0f);
  }

  /** The rows at {@code from} as columns, padded with zeros. */
  private static void transpose(
      float[] work, int from, int width, int features, int length, int at, int keyWidth) {
    for (int d = 0; d < features; d++) {
      Arrays.fill(work, at + d * keyWidth + length, at + (d + 1) * keyWidth, 0f);
    }
    SmallMatMul.transpose(work, from, width, length, features, work, at, keyWidth);
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
    workers.run(
        q.tensor().dim(0) * heads,
        work(q, k),
        task ->
            backwardHead(
                q,
                k,
                v,
                task / heads,
                task % heads,
                heads,
                (float) scale,
                out,
                logSumExp,
                dOut,
                dQ,
                dK,
                dV));
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
    int keyWidth = keyWidth(length);
    int block = blockQueries(keyWidth);
    int keysTransposed = 0;
    int valuesTransposed = keysTransposed + features * keyWidth;
    int keys = valuesTransposed + features * keyWidth;
    int dKeys = keys + length * width;
    int dValues = dKeys + length * width;
    int queries = dValues + length * width;
    int upstream = queries + block * width;
    int results = upstream + block * width;
    int probabilities = results + block * width;
    int dScores = probabilities + block * keyWidth;
    int shifts = dScores + block * keyWidth;
    int deltas = shifts + block;
    int scratch = deltas + QUERIES;
    float[] work = pool.take(scratch + RowSoftmax.scratch(block));
    load(v, image, head, features, length, work, keys, width);
    transpose(work, keys, width, features, length, valuesTransposed, keyWidth);
    load(k, image, head, features, length, work, keys, width);
    transpose(work, keys, width, features, length, keysTransposed, keyWidth);
    Arrays.fill(work, dKeys, queries, 0f);
    float[] logSumExps = FloatStorage.array(logSumExp);
    int logSumExpAt = logSumExp.offset() + (image * heads + head) * queryLength;
    int outRow = heads * features;
    int outAt = image * queryLength * outRow + head * features;
    for (int i = 0; i < queryLength; i += block) {
      int rows = Math.min(block, queryLength - i);
      int outBlock = outAt + i * outRow;
      HeadTiles.load(
          FloatStorage.array(q.tensor()),
          start(q, image, head, features) + i * q.rowStride(),
          q.rowStride(),
          rows,
          features,
          scale,
          work,
          queries,
          width,
          0f);
      HeadTiles.load(
          FloatStorage.array(dOut),
          dOut.offset() + outBlock,
          outRow,
          rows,
          features,
          1f,
          work,
          upstream,
          width,
          0f);
      SmallMatMul.multiply(
          work,
          queries,
          width,
          1,
          work,
          keysTransposed,
          keyWidth,
          work,
          probabilities,
          keyWidth,
          rows,
          keyWidth,
          features,
          false);
      SmallMatMul.multiply(
          work,
          upstream,
          width,
          1,
          work,
          valuesTransposed,
          keyWidth,
          work,
          dScores,
          keyWidth,
          rows,
          keyWidth,
          features,
          false);
      for (int r = 0; r < rows; r++) {
        work[shifts + r] = logSumExps[logSumExpAt + i + r];
      }
      RowSoftmax.dots(
          FloatStorage.array(out),
          out.offset() + outBlock,
          outRow,
          work,
          upstream,
          width,
          rows,
          features,
          work,
          scratch,
          deltas);
      Kernel.launch(
          () -> scoreGradients(work, probabilities, dScores, rows, keyWidth, shifts, deltas));
      SmallMatMul.multiply(
          work,
          probabilities,
          1,
          keyWidth,
          work,
          upstream,
          width,
          work,
          dValues,
          width,
          length,
          width,
          rows,
          true);
      SmallMatMul.multiply(
          work, dScores, 1, keyWidth, work, queries, width, work, dKeys, width, length, width, rows,
          true);
      SmallMatMul.multiply(
          work, dScores, keyWidth, 1, work, keys, width, work, results, width, rows, width, length,
          false);
      HeadTiles.store(
          work,
          results,
          width,
          rows,
          features,
          scale,
          FloatStorage.array(dQ.tensor()),
          start(dQ, image, head, features) + i * dQ.rowStride(),
          dQ.rowStride());
    }
    HeadTiles.store(
        work,
        dKeys,
        width,
        length,
        features,
        1f,
        FloatStorage.array(dK.tensor()),
        start(dK, image, head, features),
        dK.rowStride());
    HeadTiles.store(
        work,
        dValues,
        width,
        length,
        features,
        1f,
        FloatStorage.array(dV.tensor()),
        start(dV, image, head, features),
        dV.rowStride());
    pool.give(work);
  }

  /** Scores become P, their dP becomes dS. The rows' padding is never read. */
  private static void scoreGradients(
      float[] x, int scores, int dScores, int rows, int width, int shifts, int deltas) {
    for (int r = 0; r < rows; r++) {
      FloatVector logSumExp = FloatVector.broadcast(F, x[shifts + r]);
      FloatVector delta = FloatVector.broadcast(F, x[deltas + r]);
      for (int i = r * width; i < (r + 1) * width; i += L) {
        FloatVector p =
            VectorMath.expNegative(FloatVector.fromArray(F, x, scores + i).sub(logSumExp));
        p.intoArray(x, scores + i);
        FloatVector.fromArray(F, x, dScores + i).sub(delta).mul(p).intoArray(x, dScores + i);
      }
    }
  }
}
