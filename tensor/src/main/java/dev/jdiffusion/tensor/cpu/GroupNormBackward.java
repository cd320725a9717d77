package dev.jdiffusion.tensor.cpu;

import dev.jdiffusion.tensor.Activation;
import dev.jdiffusion.tensor.Tensor;
import dev.jdiffusion.tensor.ops.GroupNorm.Spec;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * One call of {@link CpuGroupNorm#backward}. With {@code dv = dOut * post'(v)} and, per channel,
 * {@code S1 = sum dv} and {@code S2 = sum dv * h} over the pixels:
 *
 * <pre>
 * dShift = S1                  dScale = gamma S2 + beta S1
 * dBeta = (1 + scale) S1       dGamma = (1 + scale) S2                         summed over the images
 * du = rstd (dv G - mean of (G dv) - h mean of (G dv h))                       G = gamma (1 + scale)
 * dx = du * pre'(x + bias)     dBias = sum dx
 * </pre>
 */
final class GroupNormBackward {
  private final FloatPool pool;
  final GroupNormGeometry at;
  private final Spec spec;
  private final float[] x;
  private final float @Nullable [] bias;
  private final float[] gamma;
  private final float[] beta;
  private final float @Nullable [] scaleShift;
  private final float[] mean;
  private final float[] rstd;
  private final float[] dOut;
  private final float[] dX;
  private final float @Nullable [] dBias;
  private final float @Nullable [] dScaleShift;
  private final int xAt;
  private final int biasAt;
  private final int gammaAt;
  private final int betaAt;
  private final int scaleShiftAt;
  private final int meanAt;
  private final int rstdAt;
  private final int dOutAt;
  private final int dXAt;
  private final int dBiasAt;
  private final int dScaleShiftAt;
  // Of each image, block and channel: S1, S2 and the sum of dx.
  private final double[] sums;
  private final double[] products;
  private final double[] inputSums;
  private final boolean activated;
  // Without an activation before the norm, a bias only moves the mean.
  private final boolean addsBias;

  GroupNormBackward(
      FloatPool pool,
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
      @Nullable Tensor dScaleShift) {
    this.pool = pool;
    this.spec = spec;
    at = new GroupNormGeometry(x, spec);
    this.x = FloatStorage.array(x);
    bias = GroupNormGeometry.arrayOrNull(channelBias);
    this.gamma = FloatStorage.array(gamma);
    this.beta = FloatStorage.array(beta);
    this.scaleShift = GroupNormGeometry.arrayOrNull(scaleShift);
    this.mean = FloatStorage.array(mean);
    this.rstd = FloatStorage.array(rstd);
    this.dOut = FloatStorage.array(dOut);
    this.dX = FloatStorage.array(dX);
    dBias = GroupNormGeometry.arrayOrNull(dChannelBias);
    this.dScaleShift = GroupNormGeometry.arrayOrNull(dScaleShift);
    xAt = x.offset();
    biasAt = GroupNormGeometry.offset(channelBias);
    gammaAt = gamma.offset();
    betaAt = beta.offset();
    scaleShiftAt = GroupNormGeometry.offset(scaleShift);
    meanAt = mean.offset();
    rstdAt = rstd.offset();
    dOutAt = dOut.offset();
    dXAt = dX.offset();
    dBiasAt = GroupNormGeometry.offset(dChannelBias);
    dScaleShiftAt = GroupNormGeometry.offset(dScaleShift);
    sums = new double[at.images * at.blocks * at.channels];
    products = new double[sums.length];
    inputSums = new double[dBias == null ? 0 : sums.length];
    activated = spec.postActivation() != Activation.NONE;
    addsBias = bias != null && spec.preActivation() != Activation.NONE;
  }

  /** Whether {@link #measure} keeps {@code u} in dX, and {@code pre'} in its last argument. */
  boolean keepsSlopes() {
    return bias == null && !activated && spec.preActivation() == Activation.GELU;
  }

  /**
   * The sums S1 and S2 of blocks, and dv into dX if it is not dOut itself.
   *
   * @param slopes used if {@link #keepsSlopes}; element 0 of the image is at slopesAt
   */
  void measure(int image, int firstBlock, int endBlock, float[] slopes, int slopesAt) {
    int tile = at.tile;
    int spare = 6 * tile + 2 * at.chunk;
    float[] tiles = pool.take(spare + 1);
    int meanTile = 0;
    int sum = tile;
    int product = 2 * tile;
    int biasTile = 3 * tile;
    int scale = 4 * tile;
    int shift = 5 * tile;
    loadMean(image, tiles, meanTile);
    if (addsBias) {
      at.loadBias(bias, biasAt, image, tiles, biasTile);
    }
    if (activated) {
      at.loadScaleAndShift(
          image,
          addsBias ? null : bias,
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
          scale,
          shift);
    }
    int start = image * at.length;
    boolean oneLoop = isOneLoop();
    if (oneLoop && activated) {
      int from = start + firstBlock * at.blockLength;
      int n = start + at.blockEnd(endBlock - 1) - from;
      GroupNormLoops.siluGradient(
          dOut, dOutAt + from, x, xAt + from, tiles, scale, shift, at.period, dX, dXAt + from, n);
    }
    for (int block = firstBlock; block < endBlock; block++) {
      Arrays.fill(tiles, sum, biasTile, 0f);
      int blockAt = start + block * at.blockLength;
      int end = start + at.blockEnd(block);
      int n = end - blockAt;
      if (oneLoop) {
        float[] dv = activated ? dX : dOut;
        int dvAt = (activated ? dXAt : dOutAt) + blockAt;
        if (!activated && TiledSums.hasSeveralPasses(tile, n)) {
          tiles[spare] =
              Prefetch.range(x, xAt + blockAt, n)
                  + Prefetch.range(dv, dvAt, n)
                  + Prefetch.range(dX, dXAt + blockAt, n);
        }
        TiledSums.gradientMoments(
            dv, dvAt, x, xAt + blockAt, tiles, meanTile, sum, product, tile, n);
      } else if (keepsSlopes()) {
        int slopesFrom = slopesAt + blockAt - start;
        if (TiledSums.hasSeveralPasses(tile, n)) {
          tiles[spare] = Prefetch.range(dOut, dOutAt + blockAt, n);
        }
        for (int i = 0; i < n; i += at.chunk) {
          GroupNormLoops.geluAndSlope(
              x,
              xAt + blockAt + i,
              dX,
              dXAt + blockAt + i,
              slopes,
              slopesFrom + i,
              Math.min(at.chunk, n - i));
        }
        TiledSums.gradientMoments(
            dOut, dOutAt + blockAt, dX, dXAt + blockAt, tiles, meanTile, sum, product, tile, n);
      } else {
        for (int from = blockAt; from < end; from += at.chunk) {
          measureChunk(from, Math.min(at.chunk, end - from), tiles);
        }
      }
      addToChannels(tiles, sum, image, block, sums);
      addToChannels(tiles, product, image, block, products);
    }
    pool.give(tiles);
  }

  /** A chunk of what needs several loops, which pass it on in the first-level cache. */
  private void measureChunk(int from, int n, float[] tiles) {
    int tile = at.tile;
    int meanTile = 0;
    int sum = tile;
    int product = 2 * tile;
    int biasTile = 3 * tile;
    int scale = 4 * tile;
    int shift = 5 * tile;
    int uChunk = 6 * tile;
    int vChunk = uChunk + at.chunk;
    float[] u = x;
    int uAt = xAt + from;
    int dOutFrom = dOutAt + from;
    int to = dXAt + from;
    if (addsBias) {
      TiledLoops.add(u, uAt, tiles, biasTile, at.period, tiles, uChunk, n);
      u = tiles;
      uAt = uChunk;
    }
    if (spec.preActivation() != Activation.NONE) {
      UnaryLoops.apply(spec.preActivation(), u, uAt, tiles, uChunk, n);
      u = tiles;
      uAt = uChunk;
    }
    float[] dv = activated ? dX : dOut;
    int dvAt = activated ? to : dOutFrom;
    if (spec.postActivation() == Activation.SILU) {
      GroupNormLoops.siluGradient(
          dOut, dOutFrom, u, uAt, tiles, scale, shift, at.period, dX, to, n);
    } else if (activated) {
      TiledLoops.affine(u, uAt, tiles, scale, shift, at.period, tiles, vChunk, n);
      UnaryGradLoops.apply(spec.postActivation(), tiles, vChunk, dOut, dOutFrom, dX, to, n);
    }
    TiledSums.gradientMoments(dv, dvAt, u, uAt, tiles, meanTile, sum, product, tile, n);
  }

  /** Whether each pass is one loop over the image. */
  private boolean isOneLoop() {
    return spec.preActivation() == Activation.NONE
        && (!activated || spec.postActivation() == Activation.SILU);
  }

  /** The groups' means; less the bias if that is not added before. */
  private void loadMean(int image, float[] tiles, int meanTile) {
    for (int g = 0; g < at.groups; g++) {
      Arrays.fill(
          tiles,
          meanTile + g * at.perGroup,
          meanTile + (g + 1) * at.perGroup,
          mean[meanAt + image * at.groups + g]);
    }
    if (bias != null && !addsBias) {
      at.subtractBias(bias, biasAt, image, tiles, meanTile);
    }
    TiledLoops.repeat(tiles, meanTile, at.channels, at.tile);
  }

  private void addToChannels(float[] tiles, int sum, int image, int block, double[] target) {
    TiledSums.fold(tiles, sum, at.tile, at.period);
    int slot = (image * at.blocks + block) * at.channels;
    for (int i = 0; i < at.period; i += at.channels) {
      for (int c = 0; c < at.channels; c++) {
        target[slot + c] += tiles[sum + i + c];
      }
    }
  }

  /** The sum over an image's blocks, into its first block's slot. */
  private int total(double[] perBlock, int image) {
    int slot = image * at.blocks * at.channels;
    for (int block = 1; block < at.blocks; block++) {
      for (int c = 0; c < at.channels; c++) {
        perBlock[slot + c] += perBlock[slot + block * at.channels + c];
      }
    }
    return slot;
  }

  private double gain(int image, int c) {
    return scaleShift == null ? 1 : 1.0 + scaleShift[scaleShiftAt + image * 2 * at.channels + c];
  }

  /** S1 and S2 of the image, and the gradient of scale and shift. */
  void finish(int image) {
    int slot = total(sums, image);
    total(products, image);
    for (int g = 0; g < at.groups; g++) {
      float center = mean[meanAt + image * at.groups + g];
      double factor = rstd[rstdAt + image * at.groups + g];
      for (int c = g * at.perGroup; c < (g + 1) * at.perGroup; c++) {
        if (bias != null && !addsBias) {
          // The loops subtract the difference of mean and bias rounded to a float.
          float offset = bias[biasAt + image * at.channels + c];
          double rounding = (double) (center - offset) - ((double) center - offset);
          products[slot + c] += rounding * sums[slot + c];
        }
        products[slot + c] *= factor;
        if (dScaleShift != null) {
          int to = dScaleShiftAt + image * 2 * at.channels + c;
          dScaleShift[to] =
              (float) (gamma[gammaAt + c] * products[slot + c] + beta[betaAt + c] * sums[slot + c]);
          dScaleShift[to + at.channels] = (float) sums[slot + c];
        }
      }
    }
  }

  void apply(int image, int firstBlock, int endBlock, float[] slopes, int slopesAt) {
    int tile = at.tile;
    float[] tiles = pool.take(6 * tile + 2 * at.chunk);
    int meanTile = 0;
    int scale = tile;
    int slope = 2 * tile;
    int shift = 3 * tile;
    int biasTile = 4 * tile;
    int sum = 5 * tile;
    loadMean(image, tiles, meanTile);
    loadInputGradient(image, tiles, scale, slope, shift);
    if (addsBias) {
      at.loadBias(bias, biasAt, image, tiles, biasTile);
    }
    int start = image * at.length;
    int rangeAt = start + firstBlock * at.blockLength;
    int range = start + at.blockEnd(endBlock - 1) - rangeAt;
    if (isOneLoop()) {
      TiledLoops.normalizeGradient(
          activated ? dX : dOut,
          (activated ? dXAt : dOutAt) + rangeAt,
          x,
          xAt + rangeAt,
          tiles,
          meanTile,
          scale,
          slope,
          shift,
          at.tile,
          dX,
          dXAt + rangeAt,
          range);
    } else if (keepsSlopes()) {
      GroupNormLoops.slopedGradient(
          dOut,
          dOutAt + rangeAt,
          dX,
          dXAt + rangeAt,
          tiles,
          meanTile,
          scale,
          slope,
          shift,
          at.tile,
          slopes,
          slopesAt + rangeAt - start,
          range);
    } else {
      for (int from = rangeAt; from < rangeAt + range; from += at.chunk) {
        applyToChunk(from, Math.min(at.chunk, rangeAt + range - from), tiles);
      }
    }
    for (int block = firstBlock; block < endBlock && dBias != null; block++) {
      int blockAt = start + block * at.blockLength;
      Arrays.fill(tiles, sum, sum + tile, 0f);
      TiledSums.sum(dX, dXAt + blockAt, tiles, sum, tile, start + at.blockEnd(block) - blockAt);
      addToChannels(tiles, sum, image, block, inputSums);
    }
    pool.give(tiles);
  }

  private void applyToChunk(int from, int n, float[] tiles) {
    int tile = at.tile;
    int meanTile = 0;
    int scale = tile;
    int slope = 2 * tile;
    int shift = 3 * tile;
    int biasTile = 4 * tile;
    int zChunk = 6 * tile;
    int uChunk = zChunk + at.chunk;
    int to = dXAt + from;
    int dOutFrom = dOutAt + from;
    float[] z = x;
    int zAt = xAt + from;
    if (addsBias) {
      TiledLoops.add(x, zAt, tiles, biasTile, at.period, tiles, zChunk, n);
      z = tiles;
      zAt = zChunk;
    }
    float[] u = z;
    int uAt = zAt;
    if (spec.preActivation() != Activation.NONE) {
      UnaryLoops.apply(spec.preActivation(), z, zAt, tiles, uChunk, n);
      u = tiles;
      uAt = uChunk;
    }
    TiledLoops.normalizeGradient(
        activated ? dX : dOut,
        activated ? to : dOutFrom,
        u,
        uAt,
        tiles,
        meanTile,
        scale,
        slope,
        shift,
        at.tile,
        dX,
        to,
        n);
    if (spec.preActivation() != Activation.NONE) {
      UnaryGradLoops.apply(spec.preActivation(), z, zAt, dX, to, dX, to, n);
    }
  }

  /** {@code du = dv * scale - ((u - mean) * slope + shift)}. */
  private void loadInputGradient(int image, float[] tiles, int scale, int slope, int shift) {
    int slot = image * at.blocks * at.channels;
    for (int g = 0; g < at.groups; g++) {
      double r = rstd[rstdAt + image * at.groups + g];
      double meanOfGradient = 0;
      double meanOfProduct = 0;
      for (int c = g * at.perGroup; c < (g + 1) * at.perGroup; c++) {
        double factor = gamma[gammaAt + c] * gain(image, c);
        meanOfGradient += factor * sums[slot + c];
        meanOfProduct += factor * products[slot + c];
        tiles[scale + c] = (float) (r * factor);
      }
      meanOfGradient /= at.elementsOfGroup();
      meanOfProduct /= at.elementsOfGroup();
      int first = g * at.perGroup;
      int last = first + at.perGroup;
      Arrays.fill(tiles, slope + first, slope + last, (float) (r * r * meanOfProduct));
      Arrays.fill(tiles, shift + first, shift + last, (float) (r * meanOfGradient));
    }
    TiledLoops.repeat(tiles, scale, at.channels, at.tile);
    TiledLoops.repeat(tiles, slope, at.channels, at.tile);
    TiledLoops.repeat(tiles, shift, at.channels, at.tile);
  }

  void finishBias(int image) {
    if (dBias != null) {
      int slot = total(inputSums, image);
      for (int c = 0; c < at.channels; c++) {
        dBias[dBiasAt + image * at.channels + c] = (float) inputSums[slot + c];
      }
    }
  }

  void addParameterGradients(Tensor dGamma, Tensor dBeta) {
    double[] gammaSums = new double[at.channels];
    double[] betaSums = new double[at.channels];
    for (int image = 0; image < at.images; image++) {
      int slot = image * at.blocks * at.channels;
      for (int c = 0; c < at.channels; c++) {
        double gain = gain(image, c);
        gammaSums[c] += gain * products[slot + c];
        betaSums[c] += gain * sums[slot + c];
      }
    }
    float[] gammaArray = FloatStorage.array(dGamma);
    float[] betaArray = FloatStorage.array(dBeta);
    for (int c = 0; c < at.channels; c++) {
      gammaArray[dGamma.offset() + c] += (float) gammaSums[c];
      betaArray[dBeta.offset() + c] += (float) betaSums[c];
    }
  }
}
