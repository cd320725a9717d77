package dev.jdiffusion.tensor.reference;

import dev.jdiffusion.tensor.Shape;
import dev.jdiffusion.tensor.Tensor;
import dev.jdiffusion.tensor.ops.GroupNorm;
import org.jspecify.annotations.Nullable;

/** All images are seen as {@code [N, pixels, C]}; the symbols are those of the interface. */
final class ReferenceGroupNorm implements GroupNorm {
  @Override
  public void forward(
      Tensor x,
      @Nullable Tensor channelBias,
      Tensor gamma,
      Tensor beta,
      @Nullable Tensor scaleShift,
      @Nullable Tensor residual,
      Spec spec,
      Tensor out,
      Tensor mean,
      Tensor rstd) {
    Images images = new Images(x, channelBias, gamma, beta, scaleShift, spec, mean, rstd);
    Values means = Values.of(mean);
    Values rstds = Values.of(rstd);
    @Nullable Values addend = residual == null ? null : images.view(residual);
    Values result = images.view(out);
    for (int n = 0; n < images.count; n++) {
      for (int g = 0; g < spec.groups(); g++) {
        double sum = 0;
        for (int p = 0; p < images.pixels; p++) {
          for (int c = images.first(g); c < images.first(g + 1); c++) {
            sum += images.u(n, p, c);
          }
        }
        double average = sum / images.groupSize;
        double squares = 0;
        for (int p = 0; p < images.pixels; p++) {
          for (int c = images.first(g); c < images.first(g + 1); c++) {
            double deviation = images.u(n, p, c) - average;
            squares += deviation * deviation;
          }
        }
        means.set(n, g, average);
        rstds.set(n, g, 1 / Math.sqrt(squares / images.groupSize + spec.epsilon()));
      }
      for (int p = 0; p < images.pixels; p++) {
        for (int c = 0; c < images.channels; c++) {
          double value = Scalars.value(spec.postActivation(), images.v(n, p, c));
          result.set(n, p, c, addend == null ? value : value + addend.get(n, p, c));
        }
      }
    }
  }

  @Override
  public void backward(
      Tensor x,
      @Nullable Tensor channelBias,
      Tensor gamma,
      Tensor beta,
      @Nullable Tensor scaleShift,
      Spec spec,
      Tensor mean,
      Tensor rstd,
      Tensor dOut,
      Tensor dX,
      @Nullable Tensor dChannelBias,
      Tensor dGamma,
      Tensor dBeta,
      @Nullable Tensor dScaleShift) {
    Images images = new Images(x, channelBias, gamma, beta, scaleShift, spec, mean, rstd);
    int channels = images.channels;
    Values upstream = images.view(dOut);
    Values dx = images.view(dX);
    Values dgamma = Values.of(dGamma);
    Values dbeta = Values.of(dBeta);
    Values rstds = Values.of(rstd);
    for (int n = 0; n < images.count; n++) {
      for (int c = 0; c < channels; c++) {
        double sumDv = 0;
        double sumDvH = 0;
        for (int p = 0; p < images.pixels; p++) {
          double dv = images.dv(n, p, c, upstream);
          sumDv += dv;
          sumDvH += dv * images.h(n, p, c);
        }
        // v = (h * gamma + beta) * (1 + scale) + shift, so dh * gamma = dv * (1 + scale) * gamma
        // and so on.
        dgamma.add(c, sumDvH * images.onePlusScale(n, c));
        dbeta.add(c, sumDv * images.onePlusScale(n, c));
        if (dScaleShift != null) {
          Values d = Values.of(dScaleShift);
          d.set(n, c, sumDvH * images.gamma.get(c) + sumDv * images.beta.get(c));
          d.set(n, channels + c, sumDv);
        }
      }
      for (int g = 0; g < spec.groups(); g++) {
        double sumDh = 0;
        double sumDhH = 0;
        for (int p = 0; p < images.pixels; p++) {
          for (int c = images.first(g); c < images.first(g + 1); c++) {
            double dh = images.dh(n, p, c, upstream);
            sumDh += dh;
            sumDhH += dh * images.h(n, p, c);
          }
        }
        for (int p = 0; p < images.pixels; p++) {
          for (int c = images.first(g); c < images.first(g + 1); c++) {
            double du =
                rstds.get(n, g)
                    * (images.dh(n, p, c, upstream)
                        - sumDh / images.groupSize
                        - images.h(n, p, c) * sumDhH / images.groupSize);
            dx.set(n, p, c, du * Scalars.derivative(spec.preActivation(), images.biased(n, p, c)));
          }
        }
      }
      if (dChannelBias != null) {
        Values d = Values.of(dChannelBias);
        for (int c = 0; c < channels; c++) {
          double sum = 0;
          for (int p = 0; p < images.pixels; p++) {
            sum += dx.get(n, p, c);
          }
          d.set(n, c, sum);
        }
      }
    }
  }

  /** The inputs and what is computed from them, element by element. */
  private static final class Images {
    final int count;
    final int pixels;
    final int channels;
    final int groupSize;
    final Values gamma;
    final Values beta;
    private final int channelsPerGroup;
    private final Values x;
    private final @Nullable Values channelBias;
    private final @Nullable Values scaleShift;
    private final Spec spec;
    private final Values mean;
    private final Values rstd;

    Images(
        Tensor x,
        @Nullable Tensor channelBias,
        Tensor gamma,
        Tensor beta,
        @Nullable Tensor scaleShift,
        Spec spec,
        Tensor mean,
        Tensor rstd) {
      count = x.dim(0);
      channels = x.dim(-1);
      pixels = x.shape().sizeOf(1, x.shape().rank() - 1);
      channelsPerGroup = channels / spec.groups();
      groupSize = pixels * channelsPerGroup;
      this.x = view(x);
      this.channelBias = channelBias == null ? null : Values.of(channelBias);
      this.gamma = Values.of(gamma);
      this.beta = Values.of(beta);
      this.scaleShift = scaleShift == null ? null : Values.of(scaleShift);
      this.spec = spec;
      this.mean = Values.of(mean);
      this.rstd = Values.of(rstd);
    }

    Values view(Tensor tensor) {
      return Values.of(tensor.reshape(Shape.of(count, pixels, channels)));
    }

    int first(int group) {
      return group * channelsPerGroup;
    }

    double biased(int n, int p, int c) {
      return channelBias == null ? x.get(n, p, c) : x.get(n, p, c) + channelBias.get(n, c);
    }

    double u(int n, int p, int c) {
      return Scalars.value(spec.preActivation(), biased(n, p, c));
    }

    double h(int n, int p, int c) {
      int g = c / channelsPerGroup;
      return (u(n, p, c) - mean.get(n, g)) * rstd.get(n, g);
    }

    double onePlusScale(int n, int c) {
      return scaleShift == null ? 1 : 1 + scaleShift.get(n, c);
    }

    double v(int n, int p, int c) {
      double shift = scaleShift == null ? 0 : scaleShift.get(n, channels + c);
      return (h(n, p, c) * gamma.get(c) + beta.get(c)) * onePlusScale(n, c) + shift;
    }

    double dv(int n, int p, int c, Values dOut) {
      return dOut.get(n, p, c) * Scalars.derivative(spec.postActivation(), v(n, p, c));
    }

    double dh(int n, int p, int c, Values dOut) {
      return dv(n, p, c, dOut) * onePlusScale(n, c) * gamma.get(c);
    }
  }
}
