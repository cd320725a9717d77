package dev.jdiffusion.tensor.reference;

import dev.jdiffusion.tensor.Tensor;
import dev.jdiffusion.tensor.ops.Convolution;
import org.jspecify.annotations.Nullable;

/**
 * Output pixel (y, x) sees input pixel (row, column) through the element (i, j) of the window when
 * {@code row = y * stride - padding + i} and {@code column = x * stride - padding + j}. All three
 * methods are sums of products over such pairs.
 */
final class ReferenceConvolution implements Convolution {
  @Override
  public void forward(
      Tensor input,
      Tensor weight,
      @Nullable Tensor bias,
      @Nullable Tensor residual,
      Geometry geometry,
      Tensor out) {
    int stride = geometry.stride();
    int padding = geometry.padding();
    int channels = weight.dim(2);
    int outChannels = weight.dim(3);
    int outPerGroup = outChannels / geometry.groups();
    Values in = Values.of(input);
    Values w = Values.of(weight);
    @Nullable Values b = bias == null ? null : Values.of(bias);
    @Nullable Values addend = residual == null ? null : Values.of(residual);
    Values result = Values.of(out);
    for (int n = 0; n < out.dim(0); n++) {
      for (int y = 0; y < out.dim(1); y++) {
        for (int x = 0; x < out.dim(2); x++) {
          for (int o = 0; o < outChannels; o++) {
            int firstChannel = o / outPerGroup * channels;
            double sum = 0;
            for (int i = 0; i < weight.dim(0); i++) {
              for (int j = 0; j < weight.dim(1); j++) {
                int row = y * stride - padding + i;
                int column = x * stride - padding + j;
                if (inside(row, input.dim(1)) && inside(column, input.dim(2))) {
                  for (int c = 0; c < channels; c++) {
                    sum += in.get(n, row, column, firstChannel + c) * w.get(i, j, c, o);
                  }
                }
              }
            }
            if (b != null) {
              sum += b.get(o);
            }
            if (addend != null) {
              sum += addend.get(n, y, x, o);
            }
            result.set(n, y, x, o, sum);
          }
        }
      }
    }
  }

  @Override
  public void inputGrad(
      Tensor dOut, Tensor weight, @Nullable Tensor bias, Geometry geometry, Tensor dInput) {
    int stride = geometry.stride();
    int padding = geometry.padding();
    int channels = weight.dim(2);
    int outPerGroup = weight.dim(3) / geometry.groups();
    Values d = Values.of(dOut);
    Values w = Values.of(weight);
    @Nullable Values b = bias == null ? null : Values.of(bias);
    Values result = Values.of(dInput);
    for (int n = 0; n < dInput.dim(0); n++) {
      for (int row = 0; row < dInput.dim(1); row++) {
        for (int column = 0; column < dInput.dim(2); column++) {
          for (int c = 0; c < dInput.dim(3); c++) {
            int firstOut = c / channels * outPerGroup;
            double sum = b == null ? 0 : b.get(c);
            for (int i = 0; i < weight.dim(0); i++) {
              for (int j = 0; j < weight.dim(1); j++) {
                int yTimesStride = row + padding - i;
                int xTimesStride = column + padding - j;
                if (yTimesStride % stride == 0
                    && xTimesStride % stride == 0
                    && inside(yTimesStride / stride, dOut.dim(1))
                    && inside(xTimesStride / stride, dOut.dim(2))) {
                  int y = yTimesStride / stride;
                  int x = xTimesStride / stride;
                  for (int o = firstOut; o < firstOut + outPerGroup; o++) {
                    sum += d.get(n, y, x, o) * w.get(i, j, c % channels, o);
                  }
                }
              }
            }
            result.set(n, row, column, c, sum);
          }
        }
      }
    }
  }

  @Override
  public void weightGrad(
      Tensor input, Tensor dOut, Geometry geometry, Tensor dWeight, @Nullable Tensor dBias) {
    int stride = geometry.stride();
    int padding = geometry.padding();
    int channels = dWeight.dim(2);
    int outChannels = dWeight.dim(3);
    int outPerGroup = outChannels / geometry.groups();
    Values in = Values.of(input);
    Values d = Values.of(dOut);
    Values dW = Values.of(dWeight);
    for (int i = 0; i < dWeight.dim(0); i++) {
      for (int j = 0; j < dWeight.dim(1); j++) {
        for (int c = 0; c < channels; c++) {
          for (int o = 0; o < outChannels; o++) {
            int channel = o / outPerGroup * channels + c;
            double sum = 0;
            for (int n = 0; n < dOut.dim(0); n++) {
              for (int y = 0; y < dOut.dim(1); y++) {
                for (int x = 0; x < dOut.dim(2); x++) {
                  int row = y * stride - padding + i;
                  int column = x * stride - padding + j;
                  if (inside(row, input.dim(1)) && inside(column, input.dim(2))) {
                    sum += in.get(n, row, column, channel) * d.get(n, y, x, o);
                  }
                }
              }
            }
            dW.add(i, j, c, o, sum);
          }
        }
      }
    }
    if (dBias != null) {
      Values dB = Values.of(dBias);
      for (int n = 0; n < dOut.dim(0); n++) {
        for (int y = 0; y < dOut.dim(1); y++) {
          for (int x = 0; x < dOut.dim(2); x++) {
            for (int o = 0; o < outChannels; o++) {
              dB.add(o, d.get(n, y, x, o));
            }
          }
        }
      }
    }
  }

  private static boolean inside(int index, int extent) {
    return index >= 0 && index < extent;
  }
}
