package dev.jdiffusion.tensor.reference;

import dev.jdiffusion.tensor.Shape;
import dev.jdiffusion.tensor.Tensor;
import dev.jdiffusion.tensor.ops.LayerNorm;

final class ReferenceLayerNorm implements LayerNorm {
  @Override
  public void forward(
      Tensor x, Tensor gamma, Tensor beta, double epsilon, Tensor out, Tensor mean, Tensor rstd) {
    int channels = x.dim(-1);
    Values in = rows(x);
    Values scale = Values.of(gamma);
    Values shift = Values.of(beta);
    Values result = rows(out);
    Values means = Values.of(mean);
    Values rstds = Values.of(rstd);
    for (int r = 0; r < mean.size(); r++) {
      double sum = 0;
      for (int c = 0; c < channels; c++) {
        sum += in.get(r, c);
      }
      double average = sum / channels;
      double squares = 0;
      for (int c = 0; c < channels; c++) {
        squares += (in.get(r, c) - average) * (in.get(r, c) - average);
      }
      double reciprocal = 1 / Math.sqrt(squares / channels + epsilon);
      for (int c = 0; c < channels; c++) {
        result.set(r, c, (in.get(r, c) - average) * reciprocal * scale.get(c) + shift.get(c));
      }
      means.set(r, average);
      rstds.set(r, reciprocal);
    }
  }

  @Override
  public void backward(
      Tensor x,
      Tensor gamma,
      Tensor mean,
      Tensor rstd,
      Tensor dOut,
      Tensor dX,
      Tensor dGamma,
      Tensor dBeta) {
    int channels = x.dim(-1);
    Values in = rows(x);
    Values scale = Values.of(gamma);
    Values means = Values.of(mean);
    Values rstds = Values.of(rstd);
    Values d = rows(dOut);
    Values dx = rows(dX);
    Values dgamma = Values.of(dGamma);
    Values dbeta = Values.of(dBeta);
    double[] h = new double[channels];
    for (int r = 0; r < mean.size(); r++) {
      double sumDh = 0;
      double sumDhH = 0;
      for (int c = 0; c < channels; c++) {
        h[c] = (in.get(r, c) - means.get(r)) * rstds.get(r);
        double dh = d.get(r, c) * scale.get(c);
        sumDh += dh;
        sumDhH += dh * h[c];
        dgamma.add(c, d.get(r, c) * h[c]);
        dbeta.add(c, d.get(r, c));
      }
      for (int c = 0; c < channels; c++) {
        double dh = d.get(r, c) * scale.get(c);
        dx.set(r, c, rstds.get(r) * (dh - sumDh / channels - h[c] * sumDhH / channels));
      }
    }
  }

  private static Values rows(Tensor tensor) {
    Shape shape = tensor.shape();
    return Values.of(tensor.reshape(Shape.of(shape.sizeOf(0, shape.rank() - 1), shape.dim(-1))));
  }
}
