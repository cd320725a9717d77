package dev.jdiffusion.tensor.reference;

import dev.jdiffusion.tensor.Tensor;
import dev.jdiffusion.tensor.ops.Pooling;

final class ReferencePooling implements Pooling {
  @Override
  public void forward(Kind kind, Tensor input, Window window, Tensor out) {
    Values in = Values.of(input);
    Values result = Values.of(out);
    for (int n = 0; n < out.dim(0); n++) {
      for (int y = 0; y < out.dim(1); y++) {
        for (int x = 0; x < out.dim(2); x++) {
          for (int c = 0; c < out.dim(3); c++) {
            double sum = 0;
            double max = Double.NEGATIVE_INFINITY;
            for (int i = 0; i < window.size(); i++) {
              for (int j = 0; j < window.size(); j++) {
                int row = y * window.stride() - window.padding() + i;
                int column = x * window.stride() - window.padding() + j;
                if (inside(row, input.dim(1)) && inside(column, input.dim(2))) {
                  double value = in.get(n, row, column, c);
                  sum += value;
                  max = Math.max(max, value);
                }
              }
            }
            result.set(
                n,
                y,
                x,
                c,
                switch (kind) {
                  case MAX -> max;
                  case AVERAGE -> sum / (window.size() * window.size());
                });
          }
        }
      }
    }
  }

  @Override
  public void backward(Kind kind, Tensor input, Tensor dOut, Window window, Tensor dInput) {
    Values d = Values.of(dOut);
    Values result = Values.of(dInput);
    for (int i = 0; i < dInput.size(); i++) {
      result.set(i, 0);
    }
    for (int n = 0; n < dOut.dim(0); n++) {
      for (int y = 0; y < dOut.dim(1); y++) {
        for (int x = 0; x < dOut.dim(2); x++) {
          for (int c = 0; c < dOut.dim(3); c++) {
            switch (kind) {
              case MAX -> toMaximum(input, n, y, x, c, window, d.get(n, y, x, c), result);
              case AVERAGE -> {
                double share = d.get(n, y, x, c) / (window.size() * window.size());
                toAll(dInput, n, y, x, c, window, share, result);
              }
            }
          }
        }
      }
    }
  }

  private static void toMaximum(
      Tensor input, int n, int y, int x, int c, Window window, double gradient, Values result) {
    Values in = Values.of(input);
    double max = Double.NEGATIVE_INFINITY;
    int maxRow = -1;
    int maxColumn = -1;
    for (int i = 0; i < window.size(); i++) {
      for (int j = 0; j < window.size(); j++) {
        int row = y * window.stride() - window.padding() + i;
        int column = x * window.stride() - window.padding() + j;
        if (inside(row, input.dim(1)) && inside(column, input.dim(2))) {
          double value = in.get(n, row, column, c);
          if (maxRow < 0 || value > max) {
            max = value;
            maxRow = row;
            maxColumn = column;
          }
        }
      }
    }
    result.add(n, maxRow, maxColumn, c, gradient);
  }

  private static void toAll(
      Tensor dInput, int n, int y, int x, int c, Window window, double share, Values result) {
    for (int i = 0; i < window.size(); i++) {
      for (int j = 0; j < window.size(); j++) {
        int row = y * window.stride() - window.padding() + i;
        int column = x * window.stride() - window.padding() + j;
        if (inside(row, dInput.dim(1)) && inside(column, dInput.dim(2))) {
          result.add(n, row, column, c, share);
        }
      }
    }
  }

  private static boolean inside(int index, int extent) {
    return index >= 0 && index < extent;
  }
}
