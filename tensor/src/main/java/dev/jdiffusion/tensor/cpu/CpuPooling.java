package dev.jdiffusion.tensor.cpu;

import static dev.jdiffusion.tensor.cpu.Lanes.F;
import static dev.jdiffusion.tensor.cpu.Lanes.L;

import dev.jdiffusion.tensor.Tensor;
import dev.jdiffusion.tensor.ops.Pooling;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

/**
 * Maximum and average over windows, a vector of channels at a time. Forward tasks are rows of the
 * result; windows overlap in the input, so backward tasks are images.
 */
final class CpuPooling implements Pooling {
  private final Workers workers;

  CpuPooling(Workers workers) {
    this.workers = workers;
  }

  /** What a window covers of an image of height by width: a rectangle, clipped at the border. */
  private record Clip(int top, int left, int rows, int columns) {
    static Clip of(Window window, int y, int x, int height, int width) {
      int top = y * window.stride() - window.padding();
      int left = x * window.stride() - window.padding();
      int bottom = Math.min(top + window.size(), height);
      int right = Math.min(left + window.size(), width);
      top = Math.max(top, 0);
      left = Math.max(left, 0);
      return new Clip(top, left, bottom - top, right - left);
    }
  }

  @Override
  public void forward(Kind kind, Tensor input, Window window, Tensor out) {
    int height = input.dim(1);
    int width = input.dim(2);
    int channels = input.dim(3);
    int outHeight = out.dim(1);
    int outWidth = out.dim(2);
    int stride = width * channels;
    int area = window.size() * window.size();
    float[] from = FloatStorage.array(input);
    float[] to = FloatStorage.array(out);
    workers.run(
        out.dim(0) * outHeight,
        (long) out.size() * area,
        row -> {
          for (int x = 0; x < outWidth; x++) {
            Clip clip = Clip.of(window, row % outHeight, x, height, width);
            int image = row / outHeight * height;
            int corner = ((image + clip.top) * width + clip.left) * channels + input.offset();
            int target = (row * outWidth + x) * channels + out.offset();
            if (kind == Kind.MAX) {
              max(from, corner, stride, clip.rows, clip.columns, channels, to, target);
            } else {
              sum(from, corner, stride, clip.rows, clip.columns, channels, to, target);
              ArithmeticLoops.divideScalar(to, target, area, to, target, channels);
            }
          }
        });
  }

  private static void max(
      float[] x, int at, int stride, int rows, int columns, int channels, float[] out, int outAt) {
    for (int c = 0; c < channels; c += L) {
      VectorMask<Float> mask = F.indexInRange(c, channels);
      FloatVector m = FloatVector.broadcast(F, Float.NEGATIVE_INFINITY);
      for (int i = 0; i < rows; i++) {
        for (int j = 0; j < columns; j++) {
          m = m.max(FloatVector.fromArray(F, x, at + i * stride + j * channels + c, mask));
        }
      }
      m.intoArray(out, outAt + c, mask);
    }
  }

  private static void sum(
      float[] x, int at, int stride, int rows, int columns, int channels, float[] out, int outAt) {
    for (int c = 0; c < channels; c += L) {
      VectorMask<Float> mask = F.indexInRange(c, channels);
      FloatVector s = FloatVector.zero(F);
      for (int i = 0; i < rows; i++) {
        for (int j = 0; j < columns; j++) {
          s = s.add(FloatVector.fromArray(F, x, at + i * stride + j * channels + c, mask));
        }
      }
      s.intoArray(out, outAt + c, mask);
    }
  }

  @Override
  public void backward(Kind kind, Tensor input, Tensor dOut, Window window, Tensor dInput) {
    int height = dInput.dim(1);
    int width = dInput.dim(2);
    int channels = dInput.dim(3);
    int outHeight = dOut.dim(1);
    int outWidth = dOut.dim(2);
    int imageSize = height * width * channels;
    int stride = width * channels;
    int area = window.size() * window.size();
    float[] from = FloatStorage.array(input);
    float[] upstream = FloatStorage.array(dOut);
    float[] to = FloatStorage.array(dInput);
    workers.run(
        dOut.dim(0),
        (long) dOut.size() * area,
        image -> {
          int first = image * imageSize;
          Arrays.fill(to, dInput.offset() + first, dInput.offset() + first + imageSize, 0f);
          for (int i = 0; i < outHeight * outWidth; i++) {
            Clip clip = Clip.of(window, i / outWidth, i % outWidth, height, width);
            int corner = first + (clip.top * width + clip.left) * channels;
            int gradient = dOut.offset() + (image * outHeight * outWidth + i) * channels;
            if (kind == Kind.MAX) {
              addToMaximum(
                  from,
                  input.offset() + corner,
                  stride,
                  clip.rows,
                  clip.columns,
                  channels,
                  upstream,
                  gradient,
                  to,
                  dInput.offset() + corner);
            } else {
              addShare(
                  upstream,
                  gradient,
                  area,
                  clip.rows,
                  clip.columns,
                  channels,
                  to,
                  dInput.offset() + corner,
                  stride);
            }
          }
        });
  }

  private static void addToMaximum(
      float[] x,
      int at,
      int stride,
      int rows,
      int columns,
      int channels,
      float[] dy,
      int dyAt,
      float[] dx,
      int dxAt) {
    for (int c = 0; c < channels; c += L) {
      VectorMask<Float> mask = F.indexInRange(c, channels);
      FloatVector max = FloatVector.fromArray(F, x, at + c, mask);
      FloatVector place = FloatVector.zero(F);
      for (int i = 0; i < rows * columns; i++) {
        int offset = i / columns * stride + i % columns * channels + c;
        FloatVector value = FloatVector.fromArray(F, x, at + offset, mask);
        VectorMask<Float> larger = value.compare(VectorOperators.GT, max);
        max = max.blend(value, larger);
        place = place.blend(i, larger);
      }
      FloatVector gradient = FloatVector.fromArray(F, dy, dyAt + c, mask);
      for (int i = 0; i < rows * columns; i++) {
        int target = dxAt + i / columns * stride + i % columns * channels + c;
        VectorMask<Float> here = place.compare(VectorOperators.EQ, i);
        FloatVector.fromArray(F, dx, target, mask)
            .add(FloatVector.zero(F).blend(gradient, here))
            .intoArray(dx, target, mask);
      }
    }
  }

  private static void addShare(
      float[] dy,
      int dyAt,
      int area,
      int rows,
      int columns,
      int channels,
      float[] dx,
      int dxAt,
      int stride) {
    for (int c = 0; c < channels; c += L) {
      VectorMask<Float> mask = F.indexInRange(c, channels);
      FloatVector share = FloatVector.fromArray(F, dy, dyAt + c, mask).div(area);
      for (int i = 0; i < rows * columns; i++) {
        int target = dxAt + i / columns * stride + i % columns * channels + c;
        FloatVector.fromArray(F, dx, target, mask).add(share).intoArray(dx, target, mask);
      }
    }
  }
}
