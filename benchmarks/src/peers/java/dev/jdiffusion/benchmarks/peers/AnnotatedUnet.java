package dev.jdiffusion.benchmarks.peers;

import static dev.jdiffusion.benchmarks.peers.Scopes.chain;
import static dev.jdiffusion.benchmarks.peers.Scopes.scoped;
import static dev.jdiffusion.benchmarks.peers.Scopes.then;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.function.UnaryOperator;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/** The U-Net of "The Annotated Diffusion Model" in libtorch, with either kind of block. */
final class AnnotatedUnet implements TorchNetwork {
  private static final int DIM = 28;
  private static final int LEVELS = 3;
  private static final int HEADS = 4;

  /** Of the normalisations in ResNet blocks. */
  private static final int RESNET_GROUPS = 4;

  private interface Block {
    Tensor apply(Tensor x, Tensor time);
  }

  private record Level(
      Block first, Block second, UnaryOperator<Tensor> attention, UnaryOperator<Tensor> resize) {}

  private final TorchLayers layers;
  private final UnaryOperator<Tensor> initial;
  private final UnaryOperator<Tensor> time1;
  private final UnaryOperator<Tensor> time2;
  private final List<Level> down = new ArrayList<>();
  private final Block middle1;
  private final UnaryOperator<Tensor> middleAttention;
  private final Block middle2;
  private final List<Level> up = new ArrayList<>();
  private final Block finalBlock;
  private final UnaryOperator<Tensor> finalConvolution;

  AnnotatedUnet(TorchLayers layers) {
    this.layers = layers;
    time1 = layers.linear("time1");
    time2 = layers.linear("time2");
    initial = layers.same("initial");
    for (int i = 0; i < LEVELS; i++) {
      String path = "down" + i;
      down.add(
          new Level(
              block(path + ".block1"),
              block(path + ".block2"),
              linearAttention(path + ".norm", path + ".attention"),
              i < LEVELS - 1
                  ? layers.convolution(path + ".downsample", 2, 1, 1)
                  : UnaryOperator.identity()));
    }
    middle1 = block("middle1");
    middleAttention = attention("middleNorm", "middleAttention");
    middle2 = block("middle2");
    for (int i = LEVELS - 1; i > 0; i--) {
      String path = "up" + i;
      up.add(
          new Level(
              block(path + ".block1"),
              block(path + ".block2"),
              linearAttention(path + ".norm", path + ".attention"),
              layers.transposedConvolution(path + ".upsample")));
    }
    finalBlock = block("finalBlock");
    finalConvolution = layers.same("finalConvolution");
    layers.requireAllTaken();
  }

  @Override
  public Tensor forward(Tensor x, Tensor timesteps) {
    Tensor time = chain(TorchLayers.sinusoids(timesteps, DIM), time1, torch::gelu, time2);
    Deque<Tensor> skips = new ArrayDeque<>();
    Tensor h = initial.apply(x);
    for (Level level : down) {
      h = then(h, last -> level.first.apply(last, time));
      h = then(h, last -> level.second.apply(last, time));
      h = then(h, level.attention);
      // A handle of its own, since the variable lets go of its one.
      skips.push(new Tensor(h));
      h = then(h, level.resize);
    }
    h = then(h, last -> middle1.apply(last, time));
    h = then(h, middleAttention);
    h = then(h, last -> middle2.apply(last, time));
    for (Level level : up) {
      h = TorchLayers.join(h, skips.pop());
      h = then(h, last -> level.first.apply(last, time));
      h = then(h, last -> level.second.apply(last, time));
      h = then(h, level.attention);
      h = then(h, level.resize);
    }
    h = then(h, last -> finalBlock.apply(last, time));
    return then(h, finalConvolution);
  }

  private Block block(String path) {
    return layers.has(path + ".depthwise") ? convNext(path) : resNet(path);
  }

  private Block convNext(String path) {
    boolean timed = layers.has(path + ".time");
    UnaryOperator<Tensor> timeMlp =
        timed ? layers.linear(path + ".time") : UnaryOperator.identity();
    UnaryOperator<Tensor> depthwise = layers.depthwise(path + ".depthwise");
    UnaryOperator<Tensor> norm1 = layers.groupNorm(path + ".norm1", 1);
    UnaryOperator<Tensor> convolution1 = layers.same(path + ".convolution1");
    UnaryOperator<Tensor> norm2 = layers.groupNorm(path + ".norm2", 1);
    UnaryOperator<Tensor> convolution2 = layers.same(path + ".convolution2");
    UnaryOperator<Tensor> skip = layers.sameOrIdentity(path + ".skip");
    return (x, time) ->
        scoped(() -> {
          Tensor h = chain(x, depthwise);
          if (timed) {
            h = then(h, last -> last.add(TorchLayers.perChannel(timeMlp.apply(torch.gelu(time)))));
          }
          h = then(h, norm1);
          h = then(h, convolution1);
          h = then(h, torch::gelu);
          h = then(h, norm2);
          h = then(h, convolution2);
          return h.add(skip.apply(x));
        });
  }

  private Block resNet(String path) {
    boolean timed = layers.has(path + ".time");
    UnaryOperator<Tensor> timeMlp =
        timed ? layers.linear(path + ".time") : UnaryOperator.identity();
    UnaryOperator<Tensor> convolution1 = layers.same(path + ".convolution1");
    UnaryOperator<Tensor> norm1 = layers.groupNorm(path + ".norm1", RESNET_GROUPS);
    UnaryOperator<Tensor> convolution2 = layers.same(path + ".convolution2");
    UnaryOperator<Tensor> norm2 = layers.groupNorm(path + ".norm2", RESNET_GROUPS);
    UnaryOperator<Tensor> skip = layers.sameOrIdentity(path + ".skip");
    return (x, time) ->
        scoped(() -> {
          Tensor h = chain(x, convolution1, norm1, torch::silu);
          if (timed) {
            h = then(h, last -> last.add(TorchLayers.perChannel(timeMlp.apply(torch.silu(time)))));
          }
          h = then(h, convolution2);
          h = then(h, norm2);
          h = then(h, torch::silu);
          return h.add(skip.apply(x));
        });
  }

  private UnaryOperator<Tensor> linearAttention(String normPath, String path) {
    UnaryOperator<Tensor> norm = layers.groupNorm(normPath, 1);
    UnaryOperator<Tensor> toQkv = layers.same(path + ".toQkv");
    UnaryOperator<Tensor> toOut = layers.same(path + ".toOut");
    UnaryOperator<Tensor> outNorm = layers.groupNorm(path + ".norm", 1);
    return x ->
        scoped(() -> {
          Tensor h = chain(x, norm, toQkv);
          // Also for channels-last pictures: over positions that lie together, softmax is
          // faster.
          h = then(h, qkv -> qkv.contiguous().flatten(2, 3));
          h = then(h, qkv -> TorchAttention.linearAttention(qkv, HEADS));
          h = then(h, out -> out.view(x.size(0), -1, x.size(2), x.size(3)));
          h = then(h, layers.format()::inFormat);
          h = then(h, toOut);
          h = then(h, outNorm);
          return h.add(x);
        });
  }

  private UnaryOperator<Tensor> attention(String normPath, String path) {
    UnaryOperator<Tensor> norm = layers.groupNorm(normPath, 1);
    UnaryOperator<Tensor> attention = layers.attention(path, HEADS);
    return x -> scoped(() -> chain(x, norm, attention).add(x));
  }
}
