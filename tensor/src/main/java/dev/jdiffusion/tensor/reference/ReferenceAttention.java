package dev.jdiffusion.tensor.reference;

import dev.jdiffusion.tensor.Columns;
import dev.jdiffusion.tensor.Tensor;
import dev.jdiffusion.tensor.ops.Attention;

/**
 * One row of scores at a time. With {@code s = scale * q k^T}, {@code p = softmax(s)} and {@code
 * out = p v}:
 *
 * <pre>
 * dv = p^T dOut       dp = dOut v^T       ds = p * (dp - rowsum(p * dp))       rowsum(p * dp) = rowsum(dOut * out)
 * dq = scale * ds k   dk = scale * ds^T q
 * </pre>
 */
final class ReferenceAttention implements Attention {
  @Override
  public void forward(
      Columns q, Columns k, Columns v, int heads, double scale, Tensor out, Tensor logSumExp) {
    int features = q.count() / heads;
    int rows = q.tensor().dim(1);
    int columns = k.tensor().dim(1);
    HeadValues query = new HeadValues(q, heads);
    HeadValues key = new HeadValues(k, heads);
    HeadValues value = new HeadValues(v, heads);
    HeadValues result = new HeadValues(Columns.all(out), heads);
    Values logSums = Values.of(logSumExp);
    double[] scores = new double[columns];
    for (int n = 0; n < out.dim(0); n++) {
      for (int h = 0; h < heads; h++) {
        for (int i = 0; i < rows; i++) {
          double max = Double.NEGATIVE_INFINITY;
          for (int j = 0; j < columns; j++) {
            scores[j] = score(query, key, n, h, i, j, features, scale);
            max = Math.max(max, scores[j]);
          }
          double sum = 0;
          for (int j = 0; j < columns; j++) {
            sum += Math.exp(scores[j] - max);
          }
          for (int d = 0; d < features; d++) {
            double mixed = 0;
            for (int j = 0; j < columns; j++) {
              mixed += Math.exp(scores[j] - max) / sum * value.get(n, j, h, d);
            }
            result.set(n, i, h, d, mixed);
          }
          logSums.set(n, h, i, max + Math.log(sum));
        }
      }
    }
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
    int features = q.count() / heads;
    int rows = q.tensor().dim(1);
    int columns = k.tensor().dim(1);
    HeadValues query = new HeadValues(q, heads);
    HeadValues key = new HeadValues(k, heads);
    HeadValues value = new HeadValues(v, heads);
    HeadValues result = new HeadValues(Columns.all(out), heads);
    HeadValues upstream = new HeadValues(Columns.all(dOut), heads);
    HeadValues dQuery = new HeadValues(dQ, heads);
    HeadValues dKey = new HeadValues(dK, heads);
    HeadValues dValue = new HeadValues(dV, heads);
    Values logSums = Values.of(logSumExp);
    for (int n = 0; n < dOut.dim(0); n++) {
      for (int h = 0; h < heads; h++) {
        double[][] p = new double[rows][columns];
        double[][] ds = new double[rows][columns];
        for (int i = 0; i < rows; i++) {
          double rowSum = 0;
          for (int d = 0; d < features; d++) {
            rowSum += upstream.get(n, i, h, d) * result.get(n, i, h, d);
          }
          for (int j = 0; j < columns; j++) {
            p[i][j] =
                Math.exp(score(query, key, n, h, i, j, features, scale) - logSums.get(n, h, i));
            double dp = 0;
            for (int d = 0; d < features; d++) {
              dp += upstream.get(n, i, h, d) * value.get(n, j, h, d);
            }
            ds[i][j] = p[i][j] * (dp - rowSum);
          }
        }
        for (int d = 0; d < features; d++) {
          double[] dQueries = new double[rows];
          for (int i = 0; i < rows; i++) {
            for (int j = 0; j < columns; j++) {
              dQueries[i] += ds[i][j] * key.get(n, j, h, d);
            }
          }
          for (int j = 0; j < columns; j++) {
            double keySum = 0;
            double valueSum = 0;
            for (int i = 0; i < rows; i++) {
              keySum += ds[i][j] * query.get(n, i, h, d);
              valueSum += p[i][j] * upstream.get(n, i, h, d);
            }
            dKey.set(n, j, h, d, scale * keySum);
            dValue.set(n, j, h, d, valueSum);
          }
          // Last, since it may stand in the place of the queries.
          for (int i = 0; i < rows; i++) {
            dQuery.set(n, i, h, d, scale * dQueries[i]);
          }
        }
      }
    }
  }

  private static double score(
      HeadValues query, HeadValues key, int n, int h, int i, int j, int features, double scale) {
    double dot = 0;
    for (int d = 0; d < features; d++) {
      dot += query.get(n, i, h, d) * key.get(n, j, h, d);
    }
    return scale * dot;
  }
}
