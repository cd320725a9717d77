package dev.jdiffusion.tensor.cpu;

import dev.jdiffusion.tensor.Tensor;
import dev.jdiffusion.tensor.ops.GroupNorm;
import org.jspecify.annotations.Nullable;

/**
 * Group normalisation. An image fits the second-level cache, so it comes from memory once: the
 * first pass takes the sums, the second, from cache, writes the result. The common activations are
 * computed in the loop that waits for memory ({@link GroupNormLoops}); the others on chunks that
 * stay in the first-level cache, one simple loop after the other ({@link TiledLoops}).
 *
 * <p>Forward, {@code (u - mean) * rstd * gamma..} becomes one fused multiply-add with a scale and a
 * shift per channel. The variance comes from one pass of sums of {@code u - s} and {@code (u -
 * s)^2}, where s is the mean over some first pixels of the image: a mean of f of the data is within
 * {@code sqrt(1/f)} standard deviations of the whole's, so hardly anything cancels.
 *
 * <p>Sums are taken over blocks of an image that depend on its shape alone, and added in order, in
 * double precision; images share nothing. So neither threads nor the batch change a result.
 */
final class CpuGroupNorm implements GroupNorm {
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
    GroupNormForward pass =
        new GroupNormForward(
            pool, x, channelBias, gamma, beta, scaleShift, residual, spec, out, mean, rstd);
    int images = pass.at.images;
    int blocks = pass.at.blocks;
    if (blocks == 1 || images >= 2 * workers.threads()) {
      workers.run(
          images,
          x.size(),
          image -> {
            pass.measure(image, 0, blocks);
            pass.finish(image);
            pass.apply(image, 0, blocks);
          });
    } else {
      workers.run(
          images * blocks, x.size(), i -> pass.measure(i / blocks, i % blocks, i % blocks + 1));
      for (int image = 0; image < images; image++) {
        pass.finish(image);
      }
      workers.run(
          images * blocks, x.size(), i -> pass.apply(i / blocks, i % blocks, i % blocks + 1));
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
    GroupNormBackward pass =
        new GroupNormBackward(
            pool,
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
            float[] slopes = pool.take(pass.keepsSlopes() ? pass.at.length : 0);
            pass.measure(image, 0, blocks, slopes, 0);
            pass.finish(image);
            pass.apply(image, 0, blocks, slopes, 0);
            pool.give(slopes);
            pass.finishBias(image);
          });
    } else {
      int length = pass.at.length;
      float[] slopes = pool.take(pass.keepsSlopes() ? x.size() : 0);
      workers.run(
          images * blocks,
          x.size(),
          i -> {
            int image = i / blocks;
            pass.measure(image, i % blocks, i % blocks + 1, slopes, image * length);
          });
      for (int image = 0; image < images; image++) {
        pass.finish(image);
      }
      workers.run(
          images * blocks,
          x.size(),
          i -> {
            int image = i / blocks;
            pass.apply(image, i % blocks, i % blocks + 1, slopes, image * length);
          });
      pool.give(slopes);
      for (int image = 0; image < images; image++) {
        pass.finishBias(image);
      }
    }
    pass.addParameterGradients(dGamma, dBeta);
  }
}
