package dev.jdiffusion.tensor.cpu;

import dev.jdiffusion.tensor.Columns;
import dev.jdiffusion.tensor.Tensor;
import dev.jdiffusion.tensor.ops.Elementwise.Binary;
import dev.jdiffusion.tensor.ops.LinearAttention;
import java.util.Arrays;
import java.util.List;

/**
 * Linear attention. A task is one head of one image; it goes through its positions in blocks that
 * stay in the first-level cache, with the products of {@link SmallMatMul}.
 *
 * <p>Backward: with {@code dC = sum over t of q'[t] dOut[t]^T} known, one sweep gives dK and dV,
 * since the sum that the softmax over t needs is {@code sum over t of k'[t, d] dk'[t, d] = sum over
 * e of context[d, e] dC[d, e]}.
 */
final class CpuLinearAttention implements LinearAttention {
  /** Positions of a block. */
  private static final int BLOCK = 64;

  private final HeadTasks tasks;
  private final FloatPool pool;

  CpuLinearAttention(Workers workers, FloatPool pool) {
    this.tasks = new HeadTasks(workers, pool);
    this.pool = pool;
  }

  @Override
  public void forward(
      Columns q, Columns k, Columns v, int heads, double scale, Tensor out, Tensor saved) {
    int features = q.count() / heads;
    long work = 2L * k.tensor().size() * features;
    tasks.run(
        List.of(q, k, v, Columns.all(out)),
        heads,
        1,
        work,
        (image, head, part) -> forwardHead(q, k, v, image, head, heads, (float) scale, out, saved));
  }

  private void forwardHead(
      Columns q,
      Columns k,
      Columns v,
      int image,
      int head,
      int heads,
      float scale,
      Tensor out,
      Tensor saved) {
    int length = k.tensor().dim(1);
    int features = q.count() / heads;
    int width = SmallMatMul.padded(features);
    int tile = TiledLoops.tile(width);
    int keys = FloatPool.FIRST;
    int values = keys + length * width;
    int context = values + BLOCK * width;
    int max = context + width * width;
    int sum = max + tile;
    int first = sum + width;
    int second = first + SmallMatMul.copyLength(BLOCK, width);
    int scratch = second + SmallMatMul.copyLength(Math.max(BLOCK, features), width);
    float[] work = pool.take(scratch + RowSoftmax.scratch(BLOCK));
    HeadTiles.load(k, image, head, features, 0, length, 1f, work, keys, width);
    HeadTiles.columnMax(work, keys, length, width, work, max);
    TiledLoops.repeat(work, max, width, tile);
    Arrays.fill(work, context, max, 0f);
    Arrays.fill(work, sum, sum + width, 0f);
    for (int t = 0; t < length; t += BLOCK) {
      int rows = Math.min(BLOCK, length - t);
      int block = keys + t * width;
      HeadTiles.exponentials(work, block, work, max, tile, rows * width);
      HeadTiles.addColumnSums(work, block, rows, width, work, sum);
      HeadTiles.load(v, image, head, features, t, rows, 1f, work, values, width);
      SmallMatMul.addTransposed(
          work,
          SmallMatMul.panels(work, block, rows, width, first),
          work,
          SmallMatMul.panels(work, values, rows, width, second),
          work,
          context,
          width,
          features,
          width,
          rows);
    }
    float[] savedArray = FloatStorage.array(saved);
    int savedAt = saved.offset() + (image * heads + head) * (features + 2) * features;
    for (int d = 0; d < features; d++) {
      int row = context + d * width;
      ArithmeticLoops.applyScalar(Binary.DIV, work, row, work[sum + d], work, row, width);
      System.arraycopy(work, row, savedArray, savedAt + d * features, features);
      ArithmeticLoops.multiplyScalar(work, row, scale, work, row, width);
    }
    System.arraycopy(work, max, savedArray, savedAt + features * features, features);
    System.arraycopy(work, sum, savedArray, savedAt + (features + 1) * features, features);

    float[] outArray = FloatStorage.array(out);
    int outRow = heads * features;
    int outAt = out.offset() + image * length * outRow + head * features;
    int contextPanels = SmallMatMul.panels(work, context, features, width, second);
    int queries = values;
    int results = keys;
    for (int t = 0; t < length; t += BLOCK) {
      int rows = Math.min(BLOCK, length - t);
      HeadTiles.load(q, image, head, features, t, rows, 1f, work, queries, width);
      RowSoftmax.forward(work, queries, width, rows, features, work, queries, width, work, scratch);
      int queryPanels = SmallMatMul.panels(work, queries, rows, width, first);
      if (width == features) {
        SmallMatMul.multiply(
            work,
            queryPanels,
            work,
            contextPanels,
            outArray,
            outAt + t * outRow,
            outRow,
            rows,
            width,
            features);
      } else {
        SmallMatMul.multiply(
            work, queryPanels, work, contextPanels, work, results, width, rows, width, features);
        HeadTiles.store(work, results, width, rows, features, 1f, Columns.all(out), image, head, t);
      }
    }
    pool.give(work);
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
      Tensor saved,
      Tensor dOut,
      Columns dQ,
      Columns dK,
      Columns dV) {
    int features = q.count() / heads;
    long work = 5L * k.tensor().size() * features;
    tasks.run(
        List.of(q, k, v, Columns.all(dOut), dQ, dK, dV),
        heads,
        1,
        work,
        (image, head, part) -> {
          Backward backward = new Backward(image, head, heads, features, saved);
          backward.queries(q, (float) scale, dOut, dQ);
          backward.keysAndValues(k, v, dK, dV);
          pool.give(backward.work);
        });
  }

  /** The gradients of one head of one image. */
  private final class Backward {
    final int image;
    final int head;
    final int features;
    final int width;
    final int tile;
    // Places in the workspace. Dense blocks of positions first, then matrices over the features.
    final int first;
    final int second;
    final int third;
    final int context;
    final int transposed;
    final int dContext;
    final int max;
    final int inverse;
    final int dot;
    // For what is to be in panels and is not.
    final int firstCopy;
    final int secondCopy;
    final int transposedCopy;
    final int dContextCopy;
    final int scratch;
    final float[] work;

    Backward(int image, int head, int heads, int features, Tensor saved) {
      this.image = image;
      this.head = head;
      this.features = features;
      width = SmallMatMul.padded(features);
      tile = TiledLoops.tile(width);
      first = FloatPool.FIRST;
      second = first + BLOCK * width;
      third = second + BLOCK * width;
      context = third + BLOCK * width;
      transposed = context + width * width;
      dContext = transposed + width * width;
      max = dContext + width * width;
      inverse = max + tile;
      dot = inverse + tile;
      firstCopy = dot + tile;
      secondCopy = firstCopy + SmallMatMul.copyLength(BLOCK, width);
      transposedCopy = secondCopy + SmallMatMul.copyLength(BLOCK, width);
      dContextCopy = transposedCopy + SmallMatMul.copyLength(features, width);
      scratch = dContextCopy + SmallMatMul.copyLength(features, width);
      work = pool.take(scratch + RowSoftmax.scratch(BLOCK));
      Arrays.fill(work, context, dot + tile, 0f);
      float[] array = FloatStorage.array(saved);
      int at = saved.offset() + (image * heads + head) * (features + 2) * features;
      for (int d = 0; d < features; d++) {
        System.arraycopy(array, at + d * features, work, context + d * width, features);
      }
      System.arraycopy(array, at + features * features, work, max, features);
      for (int d = 0; d < features; d++) {
        work[inverse + d] = 1f / array[at + (features + 1) * features + d];
      }
      TiledLoops.repeat(work, max, width, tile);
      TiledLoops.repeat(work, inverse, width, tile);
    }

    /** dQ, and dC of the class comment. */
    void queries(Columns q, float scale, Tensor dOut, Columns dQ) {
      ArithmeticLoops.multiplyScalar(work, context, scale, work, transposed, width * width);
      // In place of a copy: the scaled context waits where dC will stand.
      System.arraycopy(work, transposed, work, dContext, width * width);
      SmallMatMul.transpose(work, dContext, width, features, features, work, transposed, width);
      int contextPanels = SmallMatMul.panels(work, transposed, features, width, transposedCopy);
      Arrays.fill(work, dContext, dContext + width * width, 0f);
      Columns upstream = Columns.all(dOut);
      int length = q.tensor().dim(1);
      for (int t = 0; t < length; t += BLOCK) {
        int rows = Math.min(BLOCK, length - t);
        HeadTiles.load(q, image, head, features, t, rows, 1f, work, first, width);
        RowSoftmax.forward(work, first, width, rows, features, work, first, width, work, scratch);
        HeadTiles.load(upstream, image, head, features, t, rows, 1f, work, second, width);
        int queries = SmallMatMul.panels(work, first, rows, width, firstCopy);
        int dOuts = SmallMatMul.panels(work, second, rows, width, secondCopy);
        SmallMatMul.multiply(
            work, dOuts, work, contextPanels, work, third, width, rows, width, features);
        SmallMatMul.addTransposed(
            work, queries, work, dOuts, work, dContext, width, features, width, rows);
        RowSoftmax.backward(
            work, first, width, work, third, width, rows, features, work, third, width, work,
            scratch);
        HeadTiles.store(work, third, width, rows, features, 1f, dQ, image, head, t);
      }
      ArithmeticLoops.multiplyScalar(work, dContext, scale, work, dContext, width * width);
    }

    void keysAndValues(Columns k, Columns v, Columns dK, Columns dV) {
      float[] lanes = new float[Lanes.LOGICAL];
      for (int d = 0; d < features; d++) {
        work[dot + d] =
            Lanes.dot(work, context + d * width, work, dContext + d * width, features, lanes);
      }
      TiledLoops.repeat(work, dot, width, tile);
      Arrays.fill(work, transposed, transposed + width * width, 0f);
      SmallMatMul.transpose(work, dContext, width, features, features, work, transposed, width);
      int dContexts = SmallMatMul.panels(work, dContext, features, width, dContextCopy);
      int transposeds = SmallMatMul.panels(work, transposed, features, width, transposedCopy);
      int length = k.tensor().dim(1);
      for (int t = 0; t < length; t += BLOCK) {
        int rows = Math.min(BLOCK, length - t);
        HeadTiles.load(k, image, head, features, t, rows, 1f, work, first, width);
        // Before dV is stored, which may lie where v does.
        HeadTiles.load(v, image, head, features, t, rows, 1f, work, second, width);
        HeadTiles.scaledExponentials(work, first, work, max, inverse, tile, rows * width);
        int keys = SmallMatMul.panels(work, first, rows, width, firstCopy);
        SmallMatMul.multiply(
            work, keys, work, dContexts, work, third, width, rows, width, features);
        HeadTiles.store(work, third, width, rows, features, 1f, dV, image, head, t);
        int values = SmallMatMul.panels(work, second, rows, width, secondCopy);
        SmallMatMul.multiply(
            work, values, work, transposeds, work, third, width, rows, width, features);
        HeadTiles.columnSoftmaxGradient(work, first, work, third, work, dot, tile, rows * width);
        HeadTiles.store(work, third, width, rows, features, 1f, dK, image, head, t);
      }
    }
  }
}
