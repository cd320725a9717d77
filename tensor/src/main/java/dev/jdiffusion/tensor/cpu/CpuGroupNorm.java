package dev.jdiffusion.tensor.cpu;

import dev.jdiffusion.tensor.Tensor;
import dev.jdiffusion.tensor.ops.GroupNorm;
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
}
