package dev.jdiffusion.tensor.cpu;

import dev.jdiffusion.tensor.Activation;
import dev.jdiffusion.tensor.Tensor;
import dev.jdiffusion.tensor.ops.GroupNorm.Spec;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** One call of {@link CpuGroupNorm#forward}. */
final class GroupNormForward {
  private final FloatPool pool;
  final GroupNormGeometry at;
  private final Spec spec;
  private final float[] x;
  private final float @Nullable [] bias;
  private final float[] gamma;
  private final float[] beta;
  private final float @Nullable [] scaleShift;
  private final float @Nullable [] residual;
  private final float[] out;
  private final float[] mean;
  private final float[] rstd;
  private final int xAt;
  private final int biasAt;
  private final int gammaAt;
  private final int betaAt;
  private final int scaleShiftAt;
  private final int residualAt;
  private final int outAt;
  private final int meanAt;
  private final int rstdAt;
  // Of each image and group: the shift; of each block of it: the sums.
  private final double[] shifts;
  private final double[] sums;
  private final double[] squares;
  private final boolean transformed;
  // With one group and no bias every element has the same shift, and any of the sums will do.
  private final int sumTile;

  GroupNormForward(
      FloatPool pool,
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
    this.pool = pool;
    this.spec = spec;
    at = new GroupNormGeometry(x, spec);
    this.x = FloatStorage.array(x);
    bias = GroupNormGeometry.arrayOrNull(channelBias);
    this.gamma = FloatStorage.array(gamma);
    this.beta = FloatStorage.array(beta);
    this.scaleShift = GroupNormGeometry.arrayOrNull(scaleShift);
    this.residual = GroupNormGeometry.arrayOrNull(residual);
    this.out = FloatStorage.array(out);
    this.mean = FloatStorage.array(mean);
    this.rstd = FloatStorage.array(rstd);
    xAt = x.offset();
    biasAt = GroupNormGeometry.offset(channelBias);
    gammaAt = gamma.offset();
    betaAt = beta.offset();
    scaleShiftAt = GroupNormGeometry.offset(scaleShift);
    residualAt = GroupNormGeometry.offset(residual);
    outAt = out.offset();
    meanAt = mean.offset();
    rstdAt = rstd.offset();
    shifts = new double[at.images * at.groups];
    sums = new double[at.images * at.blocks * at.groups];
    squares = new double[sums.length];
    transformed = spec.preActivation() != Activation.NONE;
    sumTile = at.groups == 1 && (bias == null || transformed) ? TiledSums.WIDEST_STRIP : at.tile;
  }

  /** {@code u} of a range of an image. */
  private void transform(int from, int n, float[] tiles, int biasTile, float[] u, int uAt) {
    if (bias == null) {
      UnaryLoops.apply(spec.preActivation(), x, from, u, uAt, n);
      return;
    }
    TiledLoops.add(x, from, tiles, biasTile, at.period, u, uAt, n);
    if (spec.preActivation() != Activation.NONE) {
      UnaryLoops.apply(spec.preActivation(), u, uAt, u, uAt, n);
    }
  }

  /** Sums of blocks, and u into out if it is more than x and a bias. */
  void measure(int image, int firstBlock, int endBlock) {
    int sample = at.sample();
    int slot = Math.max(Math.max(at.tile, sumTile), sample);
    float[] tiles = pool.take(4 * slot + 1);
    int shift = 0;
    int sum = slot;
    int square = 2 * slot;
    int biasTile = 3 * slot;
    if (bias != null) {
      at.loadBias(bias, biasAt, image, tiles, biasTile);
    }
    int start = image * at.length;
    transform(xAt + start, sample, tiles, biasTile, tiles, shift);
    Arrays.fill(tiles, sum, sum + at.tile, 0f);
    TiledSums.sum(tiles, shift, tiles, sum, at.tile, sample);
    TiledSums.fold(tiles, sum, at.tile, at.period);
    loadShift(image, tiles, sum, sample);
    for (int block = firstBlock; block < endBlock; block++) {
      Arrays.fill(tiles, sum, sum + sumTile, 0f);
      Arrays.fill(tiles, square, square + sumTile, 0f);
      int from = start + block * at.blockLength;
      int n = start + at.blockEnd(block) - from;
      float[] u = transformed ? out : x;
      int uAt = transformed ? outAt + from : xAt + from;
      if (transformed) {
        for (int i = 0; i < n; i += at.chunk) {
          transform(xAt + from + i, Math.min(at.chunk, n - i), tiles, biasTile, out, uAt + i);
        }
      } else if (TiledSums.hasSeveralPasses(sumTile, n)) {
        tiles[4 * slot] = Prefetch.range(x, uAt, n);
      }
      TiledSums.moments(u, uAt, tiles, shift, sum, square, sumTile, n);
      addToGroups(tiles, sum, image, block, sums);
      addToGroups(tiles, square, image, block, squares);
    }
    pool.give(tiles);
  }

  private void addToGroups(float[] tiles, int sum, int image, int block, double[] target) {
    int slot = (image * at.blocks + block) * at.groups;
    if (at.groups == 1) {
      TiledSums.fold(tiles, sum, sumTile, Lanes.LOGICAL);
      for (int i = 0; i < Lanes.LOGICAL; i++) {
        target[slot] += tiles[sum + i];
      }
      return;
    }
    TiledSums.fold(tiles, sum, sumTile, at.period);
    int i = sum;
    for (int pixel = 0; pixel < at.period; pixel += at.channels) {
      for (int g = 0; g < at.groups; g++) {
        double total = target[slot + g];
        for (int end = i + at.perGroup; i < end; i++) {
          total += tiles[i];
        }
        target[slot + g] = total;
      }
    }
  }

  /**
   * The groups' means over a sample, repeated; less the bias if that is not added before.
   *
   * @param sums the sample's sums
   */
  private void loadShift(int image, float[] tiles, int sums, int sample) {
    double[] means = new double[at.groups];
    for (int pixel = sums; pixel < sums + at.period; pixel += at.channels) {
      for (int g = 0; g < at.groups; g++) {
        float sum = 0;
        int from = pixel + g * at.perGroup;
        for (int i = from; i < from + at.perGroup; i++) {
          sum += tiles[i];
        }
        means[g] += sum;
      }
    }
    for (int g = 0; g < at.groups; g++) {
      float shift = (float) (means[g] * at.groups / sample);
      means[g] = shift;
      Arrays.fill(tiles, g * at.perGroup, (g + 1) * at.perGroup, shift);
    }
    if (bias != null && !transformed) {
      at.subtractBias(bias, biasAt, image, tiles, 0);
      // What is subtracted is rounded: the sums belong to a slightly different shift.
      for (int g = 0; g < at.groups; g++) {
        double rounding = 0;
        for (int c = g * at.perGroup; c < (g + 1) * at.perGroup; c++) {
          rounding += (double) tiles[c] + bias[biasAt + image * at.channels + c] - means[g];
        }
        means[g] += rounding / at.perGroup;
      }
    }
    // At once, since blocks of an image may be measured by several threads.
    System.arraycopy(means, 0, shifts, image * at.groups, at.groups);
    TiledLoops.repeat(tiles, 0, at.channels, sumTile);
  }

  /** Mean and rstd from the blocks' sums. */
  void finish(int image) {
    for (int g = 0; g < at.groups; g++) {
      double sum = 0;
      double square = 0;
      for (int block = 0; block < at.blocks; block++) {
        sum += sums[(image * at.blocks + block) * at.groups + g];
        square += squares[(image * at.blocks + block) * at.groups + g];
      }
      double offset = sum / at.elementsOfGroup();
      double variance = square / at.elementsOfGroup() - offset * offset;
      // Not Math.max alone: NaN has to stay.
      variance = variance < 0 ? 0 : variance;
      mean[meanAt + image * at.groups + g] = (float) (shifts[image * at.groups + g] + offset);
      rstd[rstdAt + image * at.groups + g] = (float) (1 / Math.sqrt(variance + spec.epsilon()));
    }
  }

  void apply(int image, int firstBlock, int endBlock) {
    int tile = at.period;
    float[] tiles = pool.take(2 * tile);
    at.loadScaleAndShift(
        image,
        transformed ? null : bias,
        biasAt,
        gamma,
        gammaAt,
        beta,
        betaAt,
        scaleShift,
        scaleShiftAt,
        mean,
        meanAt,
        rstd,
        rstdAt,
        tiles,
        0,
        tile);
    int start = image * at.length;
    int end = at.blockEnd(endBlock - 1);
    // Several simple loops, one after the other, want data in the first-level cache.
    int step = isOneLoop() ? end : at.chunk;
    for (int i = firstBlock * at.blockLength; i < end; i += step) {
      int n = Math.min(step, end - i);
      int to = outAt + start + i;
      float[] u = transformed ? out : x;
      int uAt = transformed ? to : xAt + start + i;
      if (spec.postActivation() == Activation.SILU) {
        GroupNormLoops.affineSilu(u, uAt, tiles, 0, tile, tile, out, to, n);
      } else {
        TiledLoops.affine(u, uAt, tiles, 0, tile, tile, out, to, n);
        if (spec.postActivation() != Activation.NONE) {
          UnaryLoops.apply(spec.postActivation(), out, to, out, to, n);
        }
      }
      if (residual != null) {
        ArithmeticLoops.add(out, to, residual, residualAt + start + i, out, to, n);
      }
    }
    pool.give(tiles);
  }

  private boolean isOneLoop() {
    Activation post = spec.postActivation();
    return residual == null && (post == Activation.NONE || post == Activation.SILU);
  }
}
