package dev.jdiffusion.benchmarks.peers;

import static dev.jdiffusion.benchmarks.peers.Scopes.chain;
import static dev.jdiffusion.benchmarks.peers.Scopes.scoped;

import dev.jdiffusion.benchmarks.work.UNetWeights.Weight;
import dev.jdiffusion.tensor.Shape;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;

/** Layers of networks, their parameters taken from a table by the layer's path. */
final class TorchLayers {
  private static final double EPSILON = 1e-5;

  private final SequencedMap<String, Weight> weights;
  private final TorchFormat format;
  private final boolean training;
  private final Map<String, Tensor> parameters = new HashMap<>();

  /**
   * Layers over a table.
   *
   * @param training whether gradients will be wanted
   */
  TorchLayers(SequencedMap<String, Weight> weights, TorchFormat format, boolean training) {
    this.weights = weights;
    this.format = format;
    this.training = training;
  }

  TorchFormat format() {
    return format;
  }

  /**
   * The parameters in the table's order, once the network has {@link #requireAllTaken taken all}.
   */
  List<Tensor> parameters() {
    return weights.keySet().stream().map(parameters::get).toList();
  }

  /** Checks that the network is the one that the table is of. */
  void requireAllTaken() {
    Set<String> left = new HashSet<>(weights.keySet());
    left.removeAll(parameters.keySet());
    if (!left.isEmpty()) {
      throw new IllegalStateException("the network has no use for the parameters " + left);
    }
  }

  boolean has(String path) {
    return weights.keySet().stream().anyMatch(name -> name.startsWith(path + "."));
  }

  /** A convolution, or a linear layer as one over 1x1. */
  UnaryOperator<Tensor> convolution(String path, int stride, int padding, int groups) {
    Tensor weight = parameter(path + ".weight", true);
    TensorOptional bias = bias(path);
    long[] strides = {stride, stride};
    long[] paddings = {padding, padding};
    long[] dilations = {1, 1};
    return x -> torch.conv2d(x, weight, bias, strides, paddings, dilations, groups);
  }

  /** A convolution over an odd window that keeps height and width. */
  UnaryOperator<Tensor> same(String path) {
    Shape shape = weight(path + ".weight").shape();
    int window = shape.rank() == 2 ? 1 : shape.dim(0);
    return convolution(path, 1, window / 2, 1);
  }

  /** A convolution of each channel by itself that keeps height and width. */
  UnaryOperator<Tensor> depthwise(String path) {
    Shape shape = weight(path + ".weight").shape();
    return convolution(path, 1, shape.dim(0) / 2, shape.dim(3));
  }

  /** Softmax attention among the pixels with its projections. */
  UnaryOperator<Tensor> attention(String path, int heads) {
    UnaryOperator<Tensor> toQkv = same(path + ".toQkv");
    UnaryOperator<Tensor> toOut = same(path + ".toOut");
    return x ->
        chain(
            x,
            toQkv,
            // Contiguous pictures are turned here: attention wants the features of a pixel
            // together.
            qkv -> sequence(qkv).contiguous(),
            qkv -> picture(TorchAttention.attention(qkv, heads), x),
            format::inFormat,
            toOut);
  }

  /** Pictures [N, C, H, W] as sequences [N, H * W, C]; no copy of pictures in channels-last. */
  static Tensor sequence(Tensor picture) {
    return picture.permute(0, 2, 3, 1).flatten(1, 2);
  }

  /** Back from sequences to pictures in channels-last, of another's height and width. */
  static Tensor picture(Tensor sequence, Tensor like) {
    return sequence.view(like.size(0), like.size(2), like.size(3), -1).permute(0, 3, 1, 2);
  }

  /** A {@link #same} convolution if the table has one of that path, else nothing. */
  UnaryOperator<Tensor> sameOrIdentity(String path) {
    return has(path) ? same(path) : UnaryOperator.identity();
  }

  /** A transposed convolution over 4x4 that doubles height and width. */
  UnaryOperator<Tensor> transposedConvolution(String path) {
    Tensor weight = parameter(path + ".weight", true);
    TensorOptional bias = bias(path);
    long[] two = {2, 2};
    long[] one = {1, 1};
    long[] zero = {0, 0};
    return x -> torch.conv_transpose2d(x, weight, bias, two, one, zero, 1, one);
  }

  UnaryOperator<Tensor> linear(String path) {
    Tensor weight = parameter(path + ".weight", false);
    TensorOptional bias = bias(path);
    return x -> torch.linear(x, weight, bias);
  }

  UnaryOperator<Tensor> groupNorm(String path, int groups) {
    TensorOptional gamma = optional(parameter(path + ".gamma", false));
    TensorOptional beta = optional(parameter(path + ".beta", false));
    return x -> torch.group_norm(x, groups, gamma, beta, EPSILON, true);
  }

  /** Values [N, C] as something to add to pictures. */
  static Tensor perChannel(Tensor values) {
    return values.unsqueeze(2).unsqueeze(3);
  }

  /** Pictures and those of a skip connection, their channels joined; lets go of both. */
  static Tensor join(Tensor h, Tensor skip) {
    Tensor joined = scoped(() -> torch.cat(new TensorVector(h, skip), 1));
    h.deallocate();
    skip.deallocate();
    return joined;
  }

  /** Timesteps [N] as waves [N, dim], the longest with a period of 2 pi 10000. */
  static Tensor sinusoids(Tensor timesteps, int dim) {
    int half = dim / 2;
    Tensor frequencies =
        torch.exp(torch.arange(new Scalar(half)).mul(new Scalar(-Math.log(10000) / (half - 1))));
    Tensor angles = timesteps.unsqueeze(1).mul(frequencies.unsqueeze(0));
    return torch.cat(new TensorVector(angles.sin(), angles.cos()), 1);
  }

  private TensorOptional bias(String path) {
    String name = path + ".bias";
    return weights.containsKey(name)
        ? optional(parameter(name, false))
        : TorchOperation.keep(new TensorOptional());
  }

  private static TensorOptional optional(Tensor parameter) {
    return TorchOperation.keep(new TensorOptional(parameter));
  }

  private Weight weight(String name) {
    Weight weight = weights.get(name);
    if (weight == null) {
      throw new IllegalStateException("the table has no parameter " + name);
    }
    return weight;
  }

  private Tensor parameter(String name, boolean convolution) {
    Weight weight = weight(name);
    try (PointerScope _ = new PointerScope()) {
      long[] shape = new long[weight.shape().rank()];
      for (int i = 0; i < shape.length; i++) {
        shape[i] = weight.shape().dim(i);
      }
      Tensor values = TorchFormat.tensor(weight.values(), shape);
      if (shape.length == 2 && convolution) {
        values = values.view(1, 1, shape[0], shape[1]);
      }
      Tensor theirs =
          switch ((int) values.dim()) {
            case 4 -> format.weight(values);
            case 2 -> values.t().contiguous();
            default -> values;
          };
      // A copy, so that it has memory of its own even where nothing had to move.
      Tensor leaf = TorchOperation.keep(theirs.clone());
      leaf.set_requires_grad(training);
      parameters.put(name, leaf);
      return leaf;
    }
  }
}
