package dev.jdiffusion.tensor.reference;

import dev.jdiffusion.tensor.Columns;

/** The columns of q, k or v as {@code [N, T, heads, D]}. */
final class HeadValues {
  private final Values values;
  private final int first;
  private final int features;

  HeadValues(Columns columns, int heads) {
    values = Values.of(columns.tensor());
    first = columns.first();
    features = columns.count() / heads;
  }

  double get(int n, int t, int head, int d) {
    return values.get(n, t, first + head * features + d);
  }

  void set(int n, int t, int head, int d, double value) {
    values.set(n, t, first + head * features + d, value);
  }
}
