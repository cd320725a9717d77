package dev.jdiffusion.tensor.reference;

import dev.jdiffusion.tensor.Columns;
import dev.jdiffusion.tensor.Tensor;
import dev.jdiffusion.tensor.ops.LinearAttention;

/**
 * The symbols are those of the interface. Going back:
 *
 * <pre>
 * dContext = q'^T dOut     dq' = dOut context^T     dk' = v dContext^T     dv = k' dContext
 * </pre>
 *
 * and through each softmax y: {@code dx = y * (dy - sum of y * dy)}.
 */
final class ReferenceLinearAttention implements LinearAttention {
  @Override
  public void forward(
      Columns q, Columns k, Columns v, int heads, double scale, Tensor out, Tensor saved) {
    int features = q.count() / heads;
    int length = q.tensor().dim(1);
    HeadValues query = new HeadValues(q, heads);
    HeadValues key = new HeadValues(k, heads);
    HeadValues value = new HeadValues(v, heads);
    HeadValues result = new HeadValues(Columns.all(out), heads);
    Values context = Values.of(saved);
    for (int n = 0; n < out.dim(0); n++) {
      for (int h = 0; h < heads; h++) {
        for (int d = 0; d < features; d++) {
          double max = Double.NEGATIVE_INFINITY;
          for (int t = 0; t < length; t++) {
            max = Math.max(max, key.get(n, t, h, d));
          }
          double sum = 0;
          for (int t = 0; t < length; t++) {
            sum += Math.exp(key.get(n, t, h, d) - max);
          }
          context.set(n, h, features, d, max);
          context.set(n, h, features + 1, d, sum);
        }
        double[][] queries = softQueries(query, n, h, length, features);
        double[][] keys = softKeys(key, context, n, h, length, features);
        for (int d = 0; d < features; d++) {
          for (int e = 0; e < features; e++) {
            double sum = 0;
            for (int t = 0; t < length; t++) {
              sum += keys[t][d] * value.get(n, t, h, e);
            }
            context.set(n, h, d, e, sum);
          }
        }
        for (int t = 0; t < length; t++) {
          for (int e = 0; e < features; e++) {
            double sum = 0;
            for (int d = 0; d < features; d++) {
              sum += scale * queries[t][d] * context.get(n, h, d, e);
            }
            result.set(n, t, h, e, sum);
          }
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
      Tensor saved,
      Tensor dOut,
      Columns dQ,
      Columns dK,
      Columns dV) {
    int features = q.count() / heads;
    int length = q.tensor().dim(1);
    HeadValues query = new HeadValues(q, heads);
    HeadValues key = new HeadValues(k, heads);
    HeadValues value = new HeadValues(v, heads);
    HeadValues upstream = new HeadValues(Columns.all(dOut), heads);
    HeadValues dQuery = new HeadValues(dQ, heads);
    HeadValues dKey = new HeadValues(dK, heads);
    HeadValues dValue = new HeadValues(dV, heads);
    Values context = Values.of(saved);
    for (int n = 0; n < dOut.dim(0); n++) {
      for (int h = 0; h < heads; h++) {
        double[][] queries = softQueries(query, n, h, length, features);
        double[][] keys = softKeys(key, context, n, h, length, features);
        double[][] dContext = new double[features][features];
        for (int d = 0; d < features; d++) {
          for (int e = 0; e < features; e++) {
            for (int t = 0; t < length; t++) {
              dContext[d][e] += scale * queries[t][d] * upstream.get(n, t, h, e);
            }
          }
        }
        double[][] dQueries = new double[length][features];
        double[][] dKeys = new double[length][features];
        for (int t = 0; t < length; t++) {
          for (int d = 0; d < features; d++) {
            for (int e = 0; e < features; e++) {
              dQueries[t][d] += scale * upstream.get(n, t, h, e) * context.get(n, h, d, e);
              dKeys[t][d] += value.get(n, t, h, e) * dContext[d][e];
            }
          }
          for (int e = 0; e < features; e++) {
            double sum = 0;
            for (int d = 0; d < features; d++) {
              sum += keys[t][d] * dContext[d][e];
            }
            dValue.set(n, t, h, e, sum);
          }
        }
        for (int t = 0; t < length; t++) {
          double sum = 0;
          for (int d = 0; d < features; d++) {
            sum += queries[t][d] * dQueries[t][d];
          }
          for (int d = 0; d < features; d++) {
            dQuery.set(n, t, h, d, queries[t][d] * (dQueries[t][d] - sum));
          }
        }
        for (int d = 0; d < features; d++) {
          double sum = 0;
          for (int t = 0; t < length; t++) {
            sum += keys[t][d] * dKeys[t][d];
          }
          for (int t = 0; t < length; t++) {
            dKey.set(n, t, h, d, keys[t][d] * (dKeys[t][d] - sum));
          }
        }
      }
    }
  }

  /** {@code q' / scale} as {@code [T][D]}. */
  private static double[][] softQueries(HeadValues query, int n, int h, int length, int features) {
    double[][] soft = new double[length][features];
    for (int t = 0; t < length; t++) {
      double max = Double.NEGATIVE_INFINITY;
      for (int d = 0; d < features; d++) {
        max = Math.max(max, query.get(n, t, h, d));
      }
      double sum = 0;
      for (int d = 0; d < features; d++) {
        sum += Math.exp(query.get(n, t, h, d) - max);
      }
      for (int d = 0; d < features; d++) {
        soft[t][d] = Math.exp(query.get(n, t, h, d) - max) / sum;
      }
    }
    return soft;
  }

  /** {@code k'} as {@code [T][D]}, from the saved maxima and sums. */
  private static double[][] softKeys(
      HeadValues key, Values saved, int n, int h, int length, int features) {
    double[][] soft = new double[length][features];
    for (int t = 0; t < length; t++) {
      for (int d = 0; d < features; d++) {
        double max = saved.get(n, h, features, d);
        double sum = saved.get(n, h, features + 1, d);
        soft[t][d] = Math.exp(key.get(n, t, h, d) - max) / sum;
      }
    }
    return soft;
  }
}
