package dev.jdiffusion.benchmarks.peers;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.function.UnaryOperator;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
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
    Tensor waves = TorchLayers.sinusoids(timesteps, DIM);
    Tensor time = time2.apply(torch.gelu(time1.apply(waves)));
    Deque<Tensor> skips = new ArrayDeque<>();
    Tensor h = initial.apply(x);
    for (Level level : down) {
      h = level.first.apply(h, time);
      h = level.second.apply(h, time);
      h = level.attention.apply(h);
      skips.push(h);
      h = level.resize.apply(h);
    }
    h = middle1.apply(h, time);
    h = middleAttention.apply(h);
    h = middle2.apply(h, time);
    for (Level level : up) {
      h = torch.cat(new TensorVector(h, skips.pop()), 1);
      h = level.first.apply(h, time);
      h = level.second.apply(h, time);
      h = level.attention.apply(h);
      h = level.resize.apply(h);
    }
    return finalConvolution.apply(finalBlock.apply(h, time));
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
    return (x, time) -> {
      Tensor h = depthwise.apply(x);
      if (timed) {
        h = h.add(timeMlp.apply(torch.gelu(time)).unsqueeze(2).unsqueeze(3));
      }
      h = torch.gelu(convolution1.apply(norm1.apply(h)));
      return convolution2.apply(norm2.apply(h)).add(skip.apply(x));
    };
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
    return (x, time) -> {
      Tensor h = torch.silu(norm1.apply(convolution1.apply(x)));
      if (timed) {
        h = h.add(timeMlp.apply(torch.silu(time)).unsqueeze(2).unsqueeze(3));
      }
      return torch.silu(norm2.apply(convolution2.apply(h))).add(skip.apply(x));
    };
  }

  private UnaryOperator<Tensor> linearAttention(String normPath, String path) {
    UnaryOperator<Tensor> norm = layers.groupNorm(normPath, 1);
    UnaryOperator<Tensor> toQkv = layers.same(path + ".toQkv");
    UnaryOperator<Tensor> toOut = layers.same(path + ".toOut");
    UnaryOperator<Tensor> outNorm = layers.groupNorm(path + ".norm", 1);
    return x -> {
      // Also for channels-last pictures: over positions that lie together, softmax is faster.
      Tensor qkv = toQkv.apply(norm.apply(x)).contiguous().flatten(2, 3);
      Tensor out =
          TorchAttention.linearAttention(qkv, HEADS).view(x.size(0), -1, x.size(2), x.size(3));
      return outNorm.apply(toOut.apply(layers.format().inFormat(out))).add(x);
    };
  }

  private UnaryOperator<Tensor> attention(String normPath, String path) {
    UnaryOperator<Tensor> norm = layers.groupNorm(normPath, 1);
    UnaryOperator<Tensor> attention = layers.attention(path, HEADS);
    return x -> attention.apply(norm.apply(x)).add(x);
  }
}
