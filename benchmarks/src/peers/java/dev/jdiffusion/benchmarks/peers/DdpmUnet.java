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

/** The U-Net of Ho et al. 2020 for CIFAR-10 in libtorch, without dropout. */
final class DdpmUnet implements TorchNetwork {
  private static final int DIM = 128;
  private static final int GROUPS = 32;
  private static final int LEVELS = 4;
  private static final int BLOCKS = 2;

  private interface Block {
    Tensor apply(Tensor x, Tensor time);
  }

  private record Level(List<Block> blocks, UnaryOperator<Tensor> resize) {}

  private final TorchLayers layers;
  private final UnaryOperator<Tensor> time1;
  private final UnaryOperator<Tensor> time2;
  private final UnaryOperator<Tensor> initial;
  private final List<Level> down = new ArrayList<>();
  private final Block middle1;
  private final UnaryOperator<Tensor> middleAttention;
  private final Block middle2;
  private final List<Level> up = new ArrayList<>();
  private final UnaryOperator<Tensor> finalNorm;
  private final UnaryOperator<Tensor> finalConvolution;

  DdpmUnet(TorchLayers layers) {
    this.layers = layers;
    time1 = layers.linear("time1");
    time2 = layers.linear("time2");
    initial = layers.same("initial");
    for (int i = 0; i < LEVELS; i++) {
      String downsample = "down" + i + ".downsample";
      down.add(
          new Level(
              blocks("down" + i, BLOCKS),
              layers.has(downsample)
                  ? layers.convolution(downsample, 2, 1, 1)
                  : UnaryOperator.identity()));
    }
    middle1 = block("middle1");
    middleAttention = attention("middleAttention");
    middle2 = block("middle2");
    for (int i = LEVELS - 1; i >= 0; i--) {
      up.add(new Level(blocks("up" + i, BLOCKS + 1), upsample("up" + i + ".upsample")));
    }
    finalNorm = layers.groupNorm("finalNorm", GROUPS);
    finalConvolution = layers.same("finalConvolution");
    layers.requireAllTaken();
  }

  @Override
  public Tensor forward(Tensor x, Tensor timesteps) {
    Tensor time =
        chain(TorchLayers.sinusoids(timesteps, DIM), time1, torch::silu, time2, torch::silu);
    Deque<Tensor> skips = new ArrayDeque<>();
    Tensor h = initial.apply(x);
    // The skips have handles of their own, since the variable lets go of its ones.
    skips.push(new Tensor(h));
    for (Level level : down) {
      for (Block block : level.blocks) {
        h = then(h, last -> block.apply(last, time));
        skips.push(new Tensor(h));
      }
      if (level != down.getLast()) {
        h = then(h, level.resize);
        skips.push(new Tensor(h));
      }
    }
    h = then(h, last -> middle1.apply(last, time));
    h = then(h, middleAttention);
    h = then(h, last -> middle2.apply(last, time));
    for (Level level : up) {
      for (Block block : level.blocks) {
        h = TorchLayers.join(h, skips.pop());
        h = then(h, last -> block.apply(last, time));
      }
      h = then(h, level.resize);
    }
    h = then(h, finalNorm);
    h = then(h, torch::silu);
    return then(h, finalConvolution);
  }

  /** Blocks, each with its attention where the level has any. */
  private List<Block> blocks(String level, int count) {
    List<Block> blocks = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      Block block = block(level + ".block" + i);
      String path = level + ".attention" + i;
      UnaryOperator<Tensor> attention =
          layers.has(path) ? attention(path) : UnaryOperator.identity();
      blocks.add((x, time) -> then(block.apply(x, time), attention));
    }
    return blocks;
  }

  private Block block(String path) {
    UnaryOperator<Tensor> norm1 = layers.groupNorm(path + ".norm1", GROUPS);
    UnaryOperator<Tensor> convolution1 = layers.same(path + ".convolution1");
    UnaryOperator<Tensor> timeMlp = layers.linear(path + ".time");
    UnaryOperator<Tensor> norm2 = layers.groupNorm(path + ".norm2", GROUPS);
    UnaryOperator<Tensor> convolution2 = layers.same(path + ".convolution2");
    UnaryOperator<Tensor> skip = layers.sameOrIdentity(path + ".skip");
    return (x, time) ->
        scoped(() -> {
          Tensor h = chain(x, norm1, torch::silu, convolution1);
          h = then(h, last -> last.add(TorchLayers.perChannel(timeMlp.apply(time))));
          h = then(h, norm2);
          h = then(h, torch::silu);
          h = then(h, convolution2);
          return h.add(skip.apply(x));
        });
  }

  private UnaryOperator<Tensor> attention(String path) {
    UnaryOperator<Tensor> norm = layers.groupNorm(path + ".norm", GROUPS);
    UnaryOperator<Tensor> attention = layers.attention(path + ".attention", 1);
    return x -> scoped(() -> chain(x, norm, attention).add(x));
  }

  private UnaryOperator<Tensor> upsample(String path) {
    if (!layers.has(path)) {
      return UnaryOperator.identity();
    }
    UnaryOperator<Tensor> convolution = layers.same(path);
    return x ->
        chain(
            x, small -> torch.upsample_nearest2d(small, 2 * x.size(2), 2 * x.size(3)), convolution);
  }
}
