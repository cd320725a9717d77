package dev.jdiffusion.tensor.cpu;

import dev.jdiffusion.tensor.Activation;
import dev.jdiffusion.tensor.Tensor;
import dev.jdiffusion.tensor.ops.GroupNorm;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Group normalisation. An image fits the second-level cache, so it comes from memory once: the
 * first pass takes the sums, the second, from cache, writes the result. All the arithmetic around
 * the normalisation runs on chunks that stay in the first-level cache, one simple loop after the
 * other ({@link TiledLoops}).
 *
 * <p>Forward, {@code (u - mean) * rstd * gamma..} becomes one fused multiply-add with a scale and a
 * shift per channel. The variance comes from one pass of sums of {@code u - s} and {@code (u -
 * s)^2}, where s is the mean over the first tile of the image: a mean of f of the data is within
 * {@code sqrt(1/f)} standard deviations of the whole's, so hardly anything cancels.
 *
 * <p>Sums are taken over blocks of an image that depend on its shape alone, and added in order, in
 * double precision; images share nothing. So neither threads nor the batch change a result.
 */
final class CpuGroupNorm implements GroupNorm {
  /** Tiles of a block: the unit of a sum, and of work where there are too few images to share. */
  private static final int BLOCK_TILES = 32;

  /** About as many elements are taken through all steps before the next ones. */
  private static final int CHUNK = 2048;

  private final Workers workers;
  private final FloatPool pool;

  CpuGroupNorm(Workers workers, FloatPool pool) {
    this.workers = workers;
    this.pool = pool;
  }

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
    if (x.size() == 0) {
      return;
    }
    Forward pass =
        new Forward(x, channelBias, gamma, beta, scaleShift, residual, spec, out, mean, rstd);
    int images = pass.at.images;
    int blocks = pass.at.blocks;
    if (blocks == 1 || images >= 2 * workers.threads()) {
      workers.run(
          images,
          x.size(),
          image -> {
            for (int block = 0; block < blocks; block++) {
              pass.measure(image, block);
            }
            pass.finish(image);
            for (int block = 0; block < blocks; block++) {
              pass.apply(image, block);
            }
          });
    } else {
      workers.run(images * blocks, x.size(), i -> pass.measure(i / blocks, i % blocks));
      for (int image = 0; image < images; image++) {
        pass.finish(image);
      }
      workers.run(images * blocks, x.size(), i -> pass.apply(i / blocks, i % blocks));
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
    if (x.size() == 0) {
      return;
    }
    Backward pass =
        new Backward(
            x,
            channelBias,
            gamma,
            beta,
            scaleShift,
            spec,
            mean,
            rstd,
            dOut,
            dX,
            dChannelBias,
            dScaleShift);
    int images = pass.at.images;
    int blocks = pass.at.blocks;
    if (blocks == 1 || images >= 2 * workers.threads()) {
      workers.run(
          images,
          x.size(),
          image -> {
            for (int block = 0; block < blocks; block++) {
              pass.measure(image, block);
            }
            pass.finish(image);
            for (int block = 0; block < blocks; block++) {
              pass.apply(image, block);
            }
            pass.finishBias(image);
          });
    } else {
      workers.run(images * blocks, x.size(), i -> pass.measure(i / blocks, i % blocks));
      for (int image = 0; image < images; image++) {
        pass.finish(image);
      }
      workers.run(images * blocks, x.size(), i -> pass.apply(i / blocks, i % blocks));
      for (int image = 0; image < images; image++) {
        pass.finishBias(image);
      }
    }
    pass.addParameterGradients(dGamma, dBeta);
  }

  /** Where images, blocks, chunks, channels and groups lie. */
  private static final class Geometry {
    final int images;
    final int length;
    final int channels;
    final int groups;
    final int perGroup;
    final int tile;
    final int blockLength;
    final int blocks;
    final int chunk;

    Geometry(Tensor x, Spec spec) {
      images = x.dim(0);
      length = x.size() / images;
      channels = x.dim(-1);
      groups = spec.groups();
      perGroup = channels / groups;
      tile = TiledLoops.tile(channels);
      blockLength = BLOCK_TILES * tile;
      blocks = (length + blockLength - 1) / blockLength;
      chunk = Math.max(CHUNK / tile, 1) * tile;
    }

    int blockEnd(int block) {
      return Math.min(length, (block + 1) * blockLength);
    }

    double elementsOfGroup() {
      return (double) length / groups;
    }
  }

  private static float @Nullable [] arrayOrNull(@Nullable Tensor tensor) {
    return tensor == null ? null : FloatStorage.array(tensor);
  }

  private static int offset(@Nullable Tensor tensor) {
    return tensor == null ? 0 : tensor.offset();
  }

  /** The tile of an image's channel bias. */
  private static void loadBias(
      Geometry at, float[] bias, int biasAt, int image, float[] tiles, int tileAt) {
    System.arraycopy(bias, biasAt + image * at.channels, tiles, tileAt, at.channels);
    TiledLoops.repeat(tiles, tileAt, at.channels, at.tile);
  }

  /** One call of forward. */
  private final class Forward {
    final Geometry at;
    final Spec spec;
    final float[] x;
    final float @Nullable [] bias;
    final float[] gamma;
    final float[] beta;
    final float @Nullable [] scaleShift;
    final float @Nullable [] residual;
    final float[] out;
    final float[] mean;
    final float[] rstd;
    final int xAt;
    final int biasAt;
    final int gammaAt;
    final int betaAt;
    final int scaleShiftAt;
    final int residualAt;
    final int outAt;
    final int meanAt;
    final int rstdAt;
    // Of each image and group: the shift; of each block of it: the sums.
    final double[] shifts;
    final double[] sums;
    final double[] squares;
    final boolean transformed;

    Forward(
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
      this.spec = spec;
      at = new Geometry(x, spec);
      this.x = FloatStorage.array(x);
      bias = arrayOrNull(channelBias);
      this.gamma = FloatStorage.array(gamma);
      this.beta = FloatStorage.array(beta);
      this.scaleShift = arrayOrNull(scaleShift);
      this.residual = arrayOrNull(residual);
      this.out = FloatStorage.array(out);
      this.mean = FloatStorage.array(mean);
      this.rstd = FloatStorage.array(rstd);
      xAt = x.offset();
      biasAt = offset(channelBias);
      gammaAt = gamma.offset();
      betaAt = beta.offset();
      scaleShiftAt = offset(scaleShift);
      residualAt = offset(residual);
      outAt = out.offset();
      meanAt = mean.offset();
      rstdAt = rstd.offset();
      shifts = new double[at.images * at.groups];
      sums = new double[at.images * at.blocks * at.groups];
      squares = new double[sums.length];
      transformed = bias != null || spec.preActivation() != Activation.NONE;
    }

    /** {@code u} of a range of an image. */
    private void transform(int from, int n, float[] tiles, int biasTile, float[] u, int uAt) {
      if (bias == null) {
        UnaryLoops.apply(spec.preActivation(), x, from, u, uAt, n);
        return;
      }
      TiledLoops.add(x, from, tiles, biasTile, at.tile, u, uAt, n);
      if (spec.preActivation() != Activation.NONE) {
        UnaryLoops.apply(spec.preActivation(), u, uAt, u, uAt, n);
      }
    }

    /** Sums of a block, and u into out. */
    void measure(int image, int block) {
      int tile = at.tile;
      float[] tiles = pool.take(4 * tile);
      int shift = 0;
      int sum = tile;
      int square = 2 * tile;
      int biasTile = 3 * tile;
      Arrays.fill(tiles, sum, biasTile, 0f);
      if (bias != null) {
        loadBias(at, bias, biasAt, image, tiles, biasTile);
      }
      int start = image * at.length;
      int first = Math.min(tile, at.length);
      transform(xAt + start, first, tiles, biasTile, tiles, shift);
      loadShift(image, tiles, first);
      int end = at.blockEnd(block);
      for (int i = block * at.blockLength; i < end; i += at.chunk) {
        int n = Math.min(at.chunk, end - i);
        float[] u = x;
        int uAt = xAt + start + i;
        if (transformed) {
          u = out;
          uAt = outAt + start + i;
          transform(xAt + start + i, n, tiles, biasTile, u, uAt);
        }
        TiledLoops.moments(u, uAt, tiles, shift, sum, square, tile, n);
      }
      int period = at.groups == 1 ? Lanes.LOGICAL : TiledLoops.period(at.channels);
      TiledLoops.fold(tiles, sum, tile, period);
      TiledLoops.fold(tiles, square, tile, period);
      int slot = (image * at.blocks + block) * at.groups;
      for (int i = 0; i < period; i++) {
        int group = at.groups == 1 ? 0 : i % at.channels / at.perGroup;
        sums[slot + group] += tiles[sum + i];
        squares[slot + group] += tiles[square + i];
      }
      pool.give(tiles);
    }

    /** Replaces the image's first elements by the means of their groups, repeated. */
    private void loadShift(int image, float[] tiles, int n) {
      double[] total = new double[at.groups];
      for (int pixel = 0; pixel < n; pixel += at.channels) {
        for (int g = 0; g < at.groups; g++) {
          float sum = 0;
          int from = pixel + g * at.perGroup;
          for (int i = from; i < from + at.perGroup; i++) {
            sum += tiles[i];
          }
          total[g] += sum;
        }
      }
      for (int g = 0; g < at.groups; g++) {
        float shift = (float) (total[g] * at.groups / n);
        shifts[image * at.groups + g] = shift;
        Arrays.fill(tiles, g * at.perGroup, (g + 1) * at.perGroup, shift);
      }
      TiledLoops.repeat(tiles, 0, at.channels, at.tile);
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

    void apply(int image, int block) {
      int tile = at.tile;
      float[] tiles = pool.take(2 * tile);
      loadScaleAndShift(
          at,
          image,
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
      int end = at.blockEnd(block);
      for (int i = block * at.blockLength; i < end; i += at.chunk) {
        int n = Math.min(at.chunk, end - i);
        int to = outAt + start + i;
        float[] u = transformed ? out : x;
        int uAt = transformed ? to : xAt + start + i;
        TiledLoops.affine(u, uAt, tiles, 0, tile, tile, out, to, n);
        if (spec.postActivation() != Activation.NONE) {
          UnaryLoops.apply(spec.postActivation(), out, to, out, to, n);
        }
        if (residual != null) {
          ArithmeticLoops.add(out, to, residual, residualAt + start + i, out, to, n);
        }
      }
      pool.give(tiles);
    }
  }

  /** The tiles A and B of {@code v = u A + B}. */
  private static void loadScaleAndShift(
      Geometry at,
      int image,
      float[] gamma,
      int gammaAt,
      float[] beta,
      int betaAt,
      float @Nullable [] scaleShift,
      int scaleShiftAt,
      float[] mean,
      int meanAt,
      float[] rstd,
      int rstdAt,
      float[] tiles,
      int scaleTile,
      int shiftTile) {
    for (int c = 0; c < at.channels; c++) {
      int group = image * at.groups + c / at.perGroup;
      double gain = 1;
      double shift = 0;
      if (scaleShift != null) {
        gain += scaleShift[scaleShiftAt + image * 2 * at.channels + c];
        shift = scaleShift[scaleShiftAt + (image * 2 + 1) * at.channels + c];
      }
      double slope = (double) rstd[rstdAt + group] * gamma[gammaAt + c];
      tiles[scaleTile + c] = (float) (slope * gain);
      tiles[shiftTile + c] =
          (float) ((beta[betaAt + c] - mean[meanAt + group] * slope) * gain + shift);
    }
    TiledLoops.repeat(tiles, scaleTile, at.channels, at.tile);
    TiledLoops.repeat(tiles, shiftTile, at.channels, at.tile);
  }

  /**
   * One call of backward. With {@code dv = dOut * post'(v)} and, per channel, {@code S1 = sum dv}
   * and {@code S2 = sum dv * h} over the pixels:
   *
   * <pre>
   * dShift = S1                  dScale = gamma S2 + beta S1
   * dBeta = (1 + scale) S1       dGamma = (1 + scale) S2                         summed over the images
   * du = rstd (dv G - mean of (G dv) - h mean of (G dv h))                       G = gamma (1 + scale)
   * dx = du * pre'(x + bias)     dBias = sum dx
   * </pre>
   */
  private final class Backward {
    final Geometry at;
    final Spec spec;
    final float[] x;
    final float @Nullable [] bias;
    final float[] gamma;
    final float[] beta;
    final float @Nullable [] scaleShift;
    final float[] mean;
    final float[] rstd;
    final float[] dOut;
    final float[] dX;
    final float @Nullable [] dBias;
    final float @Nullable [] dScaleShift;
    final int xAt;
    final int biasAt;
    final int gammaAt;
    final int betaAt;
    final int scaleShiftAt;
    final int meanAt;
    final int rstdAt;
    final int dOutAt;
    final int dXAt;
    final int dBiasAt;
    final int dScaleShiftAt;
    // Of each image, block and channel: S1, S2 and the sum of dx.
    final double[] sums;
    final double[] products;
    final double[] inputSums;
    final boolean activated;

    Backward(
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
      this.spec = spec;
      at = new Geometry(x, spec);
      this.x = FloatStorage.array(x);
      bias = arrayOrNull(channelBias);
      this.gamma = FloatStorage.array(gamma);
      this.beta = FloatStorage.array(beta);
      this.scaleShift = arrayOrNull(scaleShift);
      this.mean = FloatStorage.array(mean);
      this.rstd = FloatStorage.array(rstd);
      this.dOut = FloatStorage.array(dOut);
      this.dX = FloatStorage.array(dX);
      dBias = arrayOrNull(dChannelBias);
      this.dScaleShift = arrayOrNull(dScaleShift);
      xAt = x.offset();
      biasAt = offset(channelBias);
      gammaAt = gamma.offset();
      betaAt = beta.offset();
      scaleShiftAt = offset(scaleShift);
      meanAt = mean.offset();
      rstdAt = rstd.offset();
      dOutAt = dOut.offset();
      dXAt = dX.offset();
      dBiasAt = offset(dChannelBias);
      dScaleShiftAt = offset(dScaleShift);
      sums = new double[at.images * at.blocks * at.channels];
      products = new double[sums.length];
      inputSums = new double[dBias == null ? 0 : sums.length];
      activated = spec.postActivation() != Activation.NONE;
    }

    /** The sums S1 and S2 of a block, and dv into dX if it is not dOut itself. */
    void measure(int image, int block) {
      int tile = at.tile;
      float[] tiles = pool.take(6 * tile + 2 * at.chunk);
      int meanTile = 0;
      int sum = tile;
      int product = 2 * tile;
      int biasTile = 3 * tile;
      int scale = 4 * tile;
      int shift = 5 * tile;
      int uChunk = 6 * tile;
      int vChunk = uChunk + at.chunk;
      loadMean(image, tiles, meanTile);
      Arrays.fill(tiles, sum, biasTile, 0f);
      if (bias != null) {
        loadBias(at, bias, biasAt, image, tiles, biasTile);
      }
      if (activated) {
        loadScaleAndShift(
            at,
            image,
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
      int end = at.blockEnd(block);
      for (int i = block * at.blockLength; i < end; i += at.chunk) {
        int n = Math.min(at.chunk, end - i);
        int from = xAt + start + i;
        float[] u = x;
        int uAt = from;
        if (bias != null) {
          TiledLoops.add(x, from, tiles, biasTile, tile, tiles, uChunk, n);
          u = tiles;
          uAt = uChunk;
        }
        if (spec.preActivation() != Activation.NONE) {
          UnaryLoops.apply(spec.preActivation(), u, uAt, tiles, uChunk, n);
          u = tiles;
          uAt = uChunk;
        }
        float[] dv = dOut;
        int dvAt = dOutAt + start + i;
        if (activated) {
          TiledLoops.affine(u, uAt, tiles, scale, shift, tile, tiles, vChunk, n);
          UnaryGradLoops.apply(
              spec.postActivation(), tiles, vChunk, dOut, dvAt, dX, dXAt + start + i, n);
          dv = dX;
          dvAt = dXAt + start + i;
        }
        TiledLoops.gradientMoments(dv, dvAt, u, uAt, tiles, meanTile, sum, product, tile, n);
      }
      addToChannels(tiles, sum, image, block, sums);
      addToChannels(tiles, product, image, block, products);
      pool.give(tiles);
    }

    private void loadMean(int image, float[] tiles, int meanTile) {
      for (int g = 0; g < at.groups; g++) {
        Arrays.fill(
            tiles,
            meanTile + g * at.perGroup,
            meanTile + (g + 1) * at.perGroup,
            mean[meanAt + image * at.groups + g]);
      }
      TiledLoops.repeat(tiles, meanTile, at.channels, at.tile);
    }

    private void addToChannels(float[] tiles, int sum, int image, int block, double[] target) {
      int period = TiledLoops.period(at.channels);
      TiledLoops.fold(tiles, sum, at.tile, period);
      int slot = (image * at.blocks + block) * at.channels;
      for (int i = 0; i < period; i += at.channels) {
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
      for (int c = 0; c < at.channels; c++) {
        products[slot + c] *= rstd[rstdAt + image * at.groups + c / at.perGroup];
        if (dScaleShift != null) {
          int to = dScaleShiftAt + image * 2 * at.channels + c;
          dScaleShift[to] =
              (float) (gamma[gammaAt + c] * products[slot + c] + beta[betaAt + c] * sums[slot + c]);
          dScaleShift[to + at.channels] = (float) sums[slot + c];
        }
      }
    }

    void apply(int image, int block) {
      int tile = at.tile;
      float[] tiles = pool.take(6 * tile + 2 * at.chunk);
      int meanTile = 0;
      int scale = tile;
      int slope = 2 * tile;
      int shift = 3 * tile;
      int biasTile = 4 * tile;
      int sum = 5 * tile;
      int zChunk = 6 * tile;
      int uChunk = zChunk + at.chunk;
      loadMean(image, tiles, meanTile);
      loadInputGradient(image, tiles, scale, slope, shift);
      if (bias != null) {
        loadBias(at, bias, biasAt, image, tiles, biasTile);
        Arrays.fill(tiles, sum, sum + tile, 0f);
      }
      int start = image * at.length;
      int end = at.blockEnd(block);
      for (int i = block * at.blockLength; i < end; i += at.chunk) {
        int n = Math.min(at.chunk, end - i);
        float[] z = x;
        int zAt = xAt + start + i;
        if (bias != null) {
          TiledLoops.add(x, zAt, tiles, biasTile, tile, tiles, zChunk, n);
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
        int to = dXAt + start + i;
        TiledLoops.normalizeGradient(
            activated ? dX : dOut,
            activated ? to : dOutAt + start + i,
            u,
            uAt,
            tiles,
            meanTile,
            scale,
            slope,
            shift,
            tile,
            dX,
            to,
            n);
        if (spec.preActivation() != Activation.NONE) {
          UnaryGradLoops.apply(spec.preActivation(), z, zAt, dX, to, dX, to, n);
        }
        if (dBias != null) {
          TiledLoops.sum(dX, to, tiles, sum, tile, n);
        }
      }
      if (dBias != null) {
        addToChannels(tiles, sum, image, block, inputSums);
      }
      pool.give(tiles);
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
}
