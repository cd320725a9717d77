package dev.jdiffusion.benchmarks.peers;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.function.UnaryOperator;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;

/**
 * The U-Net of "The Annotated Diffusion Model" in libtorch: dim 28, multipliers 1-2-4, ConvNeXt
 * blocks, one channel. Tensors are NCHW in shape; their memory format is the caller's choice.
 */
final class AnnotatedUnet {
  private static final int DIM = 28;
  private static final int TIME_DIM = 4 * DIM;
  private static final int[] DIMS = {18, 28, 56, 112};
  private static final int HEADS = 4;
  private static final int HEAD_DIM = 32;
  private static final int HIDDEN = HEADS * HEAD_DIM;
  private static final double SCALE = 1 / Math.sqrt(HEAD_DIM);

  private interface Block {
    Tensor apply(Tensor x, Tensor time);
  }

  private record Level(
      Block first, Block second, UnaryOperator<Tensor> attention, UnaryOperator<Tensor> resize) {}

  private final List<Tensor> parameters = new ArrayList<>();
  private final boolean channelsLast;
  private final UnaryOperator<Tensor> initialConvolution;
  private final UnaryOperator<Tensor> timeIn;
  private final UnaryOperator<Tensor> timeOut;
  private final List<Level> down = new ArrayList<>();
  private final Block middleFirst;
  private final UnaryOperator<Tensor> middleAttention;
  private final Block middleSecond;
  private final List<Level> up = new ArrayList<>();
  private final Block finalBlock;
  private final UnaryOperator<Tensor> finalConvolution;

  AnnotatedUnet(boolean channelsLast) {
    this.channelsLast = channelsLast;
    initialConvolution = convolution(1, DIMS[0], 7, 1, 3, 1, true);
    timeIn = linear(DIM, TIME_DIM);
    timeOut = linear(TIME_DIM, TIME_DIM);
    for (int i = 0; i < 3; i++) {
      int out = DIMS[i + 1];
      down.add(
          new Level(
              convNext(DIMS[i], out, true),
              convNext(out, out, true),
              linearAttention(out),
              i < 2 ? convolution(out, out, 4, 2, 1, 1, true) : UnaryOperator.identity()));
    }
    int middle = DIMS[3];
    middleFirst = convNext(middle, middle, true);
    middleAttention = attention(middle);
    middleSecond = convNext(middle, middle, true);
    for (int i = 2; i > 0; i--) {
      int in = DIMS[i];
      up.add(
          new Level(
              convNext(2 * DIMS[i + 1], in, true),
              convNext(in, in, true),
              linearAttention(in),
              transposedConvolution(in)));
    }
    finalBlock = convNext(DIM, DIM, false);
    finalConvolution = convolution(DIM, 1, 1, 1, 0, 1, true);
  }

  List<Tensor> parameters() {
    return parameters;
  }

  long parameterCount() {
    return parameters.stream().mapToLong(Tensor::numel).sum();
  }

  /** Predicts the noise in {@code x} [n, 1, 28, 28] at the timesteps {@code t} [n], as floats. */
  Tensor forward(Tensor x, Tensor t) {
    Tensor time = timeOut.apply(torch.gelu(timeIn.apply(sinusoid(t))));
    Deque<Tensor> skips = new ArrayDeque<>();
    x = initialConvolution.apply(x);
    for (Level level : down) {
      x = level.first.apply(x, time);
      x = level.second.apply(x, time);
      x = level.attention.apply(x);
      skips.push(x);
      x = level.resize.apply(x);
    }
    x = middleFirst.apply(x, time);
    x = middleAttention.apply(x);
    x = middleSecond.apply(x, time);
    for (Level level : up) {
      x = torch.cat(new TensorVector(x, skips.pop()), 1);
      x = level.first.apply(x, time);
      x = level.second.apply(x, time);
      x = level.attention.apply(x);
      x = level.resize.apply(x);
    }
    return finalConvolution.apply(finalBlock.apply(x, time));
  }

  private static Tensor sinusoid(Tensor t) {
    int half = DIM / 2;
    Tensor frequencies =
        torch.exp(torch.arange(new Scalar(half)).mul(new Scalar(-Math.log(10000) / (half - 1))));
    Tensor angles = t.unsqueeze(1).mul(frequencies.unsqueeze(0));
    return torch.cat(new TensorVector(angles.sin(), angles.cos()), 1);
  }

  private Block convNext(int in, int out, boolean timed) {
    UnaryOperator<Tensor> timeMlp = timed ? linear(TIME_DIM, in) : null;
    UnaryOperator<Tensor> depthwise = convolution(in, in, 7, 1, 3, in, true);
    UnaryOperator<Tensor> norm = groupNorm(in);
    UnaryOperator<Tensor> widen = convolution(in, 2 * out, 3, 1, 1, 1, true);
    UnaryOperator<Tensor> innerNorm = groupNorm(2 * out);
    UnaryOperator<Tensor> narrow = convolution(2 * out, out, 3, 1, 1, 1, true);
    UnaryOperator<Tensor> residual =
        in == out ? UnaryOperator.identity() : convolution(in, out, 1, 1, 0, 1, true);
    return (x, time) -> {
      Tensor h = depthwise.apply(x);
      if (timeMlp != null) {
        h = h.add(timeMlp.apply(torch.gelu(time)).unsqueeze(2).unsqueeze(3));
      }
      h = narrow.apply(innerNorm.apply(torch.gelu(widen.apply(norm.apply(h)))));
      return h.add(residual.apply(x));
    };
  }

  private UnaryOperator<Tensor> linearAttention(int channels) {
    UnaryOperator<Tensor> norm = groupNorm(channels);
    UnaryOperator<Tensor> toQkv = convolution(channels, 3 * HIDDEN, 1, 1, 0, 1, false);
    UnaryOperator<Tensor> toOut = convolution(HIDDEN, channels, 1, 1, 0, 1, true);
    UnaryOperator<Tensor> outNorm = groupNorm(channels);
    return x -> {
      long height = x.size(2);
      long width = x.size(3);
      TensorVector qkv = toQkv.apply(norm.apply(x)).chunk(3, 1);
      Tensor q = heads(qkv.get(0)).softmax(-2).mul(new Scalar(SCALE));
      Tensor k = heads(qkv.get(1)).softmax(-1);
      Tensor v = heads(qkv.get(2));
      Tensor context = torch.matmul(k, v.transpose(2, 3));
      Tensor out = torch.matmul(context.transpose(2, 3), q);
      return outNorm.apply(toOut.apply(format(out.reshape(-1, HIDDEN, height, width)))).add(x);
    };
  }

  private UnaryOperator<Tensor> attention(int channels) {
    UnaryOperator<Tensor> norm = groupNorm(channels);
    UnaryOperator<Tensor> toQkv = convolution(channels, 3 * HIDDEN, 1, 1, 0, 1, false);
    UnaryOperator<Tensor> toOut = convolution(HIDDEN, channels, 1, 1, 0, 1, true);
    return x -> {
      long height = x.size(2);
      long width = x.size(3);
      TensorVector qkv = toQkv.apply(norm.apply(x)).chunk(3, 1);
      Tensor q = heads(qkv.get(0)).mul(new Scalar(SCALE));
      Tensor weights = torch.matmul(q.transpose(2, 3), heads(qkv.get(1))).softmax(-1);
      Tensor out = torch.matmul(heads(qkv.get(2)), weights.transpose(2, 3));
      return toOut.apply(format(out.reshape(-1, HIDDEN, height, width))).add(x);
    };
  }

  /** [n, heads * d, h, w] to [n, heads, d, h * w]. */
  private static Tensor heads(Tensor x) {
    return x.reshape(-1, HEADS, HEAD_DIM, x.size(2) * x.size(3));
  }

  private Tensor format(Tensor x) {
    return channelsLast ? x.contiguous(torch.MemoryFormat.ChannelsLast) : x;
  }

  private UnaryOperator<Tensor> convolution(
      int in, int out, int kernel, int stride, int padding, int groups, boolean biased) {
    Tensor weight = weight(in / groups * kernel * kernel, out, in / groups, kernel, kernel);
    TensorOptional bias = biased ? new TensorOptional(constant(0, out)) : new TensorOptional();
    long[] strides = {stride, stride};
    long[] paddings = {padding, padding};
    long[] dilations = {1, 1};
    return x -> torch.conv2d(x, weight, bias, strides, paddings, dilations, groups);
  }

  private UnaryOperator<Tensor> transposedConvolution(int channels) {
    Tensor weight = weight(channels * 4, channels, channels, 4, 4);
    TensorOptional bias = new TensorOptional(constant(0, channels));
    long[] two = {2, 2};
    long[] one = {1, 1};
    long[] zero = {0, 0};
    return x -> torch.conv_transpose2d(x, weight, bias, two, one, zero, 1, one);
  }

  private UnaryOperator<Tensor> linear(int in, int out) {
    Tensor weight = weight(in, out, in);
    TensorOptional bias = new TensorOptional(constant(0, out));
    return x -> torch.linear(x, weight, bias);
  }

  private UnaryOperator<Tensor> groupNorm(int channels) {
    TensorOptional scale = new TensorOptional(constant(1, channels));
    TensorOptional shift = new TensorOptional(constant(0, channels));
    return x -> torch.group_norm(x, 1, scale, shift, 1e-5, true);
  }

  private Tensor weight(int fanIn, long... shape) {
    Tensor values = torch.randn(shape).mul(new Scalar(1 / Math.sqrt(fanIn)));
    return parameter(shape.length == 4 ? format(values) : values);
  }

  private Tensor constant(float value, long channels) {
    return parameter(torch.full(new long[] {channels}, new Scalar(value)));
  }

  private Tensor parameter(Tensor values) {
    values.set_requires_grad(true);
    parameters.add(values);
    return values;
  }
}
