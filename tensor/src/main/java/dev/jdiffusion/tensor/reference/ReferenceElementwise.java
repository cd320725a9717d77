package dev.jdiffusion.tensor.reference;

import dev.jdiffusion.tensor.Tensor;
import dev.jdiffusion.tensor.ops.Elementwise;

final class ReferenceElementwise implements Elementwise {
  @Override
  public void unary(Unary function, Tensor x, Tensor out) {
    Values from = Values.of(x);
    Values to = Values.of(out);
    for (int i = 0; i < out.size(); i++) {
      to.set(i, Scalars.value(function, from.get(i)));
    }
  }

  @Override
  public void unaryGrad(Unary function, Tensor x, Tensor y, Tensor dy, Tensor dx) {
    Values at = Values.of(x);
    Values value = Values.of(y);
    Values upstream = Values.of(dy);
    Values to = Values.of(dx);
    for (int i = 0; i < dx.size(); i++) {
      to.set(i, upstream.get(i) * Scalars.derivative(function, at.get(i), value.get(i)));
    }
  }

  @Override
  public void power(Tensor x, double exponent, Tensor out) {
    Values from = Values.of(x);
    Values to = Values.of(out);
    for (int i = 0; i < out.size(); i++) {
      to.set(i, Math.pow(from.get(i), exponent));
    }
  }

  @Override
  public void powerGrad(Tensor x, double exponent, Tensor dy, Tensor dx) {
    Values at = Values.of(x);
    Values upstream = Values.of(dy);
    Values to = Values.of(dx);
    for (int i = 0; i < dx.size(); i++) {
      // x^0 is constant, also at x = 0, where the formula would be 0 times infinity.
      double slope = exponent == 0 ? 0 : exponent * Math.pow(at.get(i), exponent - 1);
      to.set(i, upstream.get(i) * slope);
    }
  }

  @Override
  public void binary(Binary function, Tensor a, Tensor b, Tensor out) {
    Values left = Values.of(a);
    Values right = Values.of(b);
    Values to = Values.of(out);
    Broadcast broadcastA = new Broadcast(a.shape(), out.shape());
    Broadcast broadcastB = new Broadcast(b.shape(), out.shape());
    for (int i = 0; i < out.size(); i++) {
      double l = left.get(broadcastA.index(i));
      double r = right.get(broadcastB.index(i));
      to.set(
          i,
          switch (function) {
            case ADD -> l + r;
            case SUB -> l - r;
            case MUL -> l * r;
            case DIV -> l / r;
          });
    }
  }

  @Override
  public void affine(Tensor x, double scale, double shift, Tensor out) {
    Values from = Values.of(x);
    Values to = Values.of(out);
    for (int i = 0; i < out.size(); i++) {
      to.set(i, scale * from.get(i) + shift);
    }
  }

  @Override
  public void clamp(Tensor x, double min, double max, Tensor out) {
    Values from = Values.of(x);
    Values to = Values.of(out);
    for (int i = 0; i < out.size(); i++) {
      to.set(i, Math.min(Math.max(from.get(i), min), max));
    }
  }

  @Override
  public void addScaled(double scale, Tensor x, Tensor y) {
    Values from = Values.of(x);
    Values to = Values.of(y);
    for (int i = 0; i < y.size(); i++) {
      to.add(i, scale * from.get(i));
    }
  }

  @Override
  public void fill(double value, Tensor out) {
    Values to = Values.of(out);
    for (int i = 0; i < out.size(); i++) {
      to.set(i, value);
    }
  }

  @Override
  public void copy(Tensor x, Tensor out) {
    Values from = Values.of(x);
    Values to = Values.of(out);
    for (int i = 0; i < out.size(); i++) {
      to.set(i, from.get(i));
    }
  }
}
