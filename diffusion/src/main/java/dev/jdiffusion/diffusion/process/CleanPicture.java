package dev.jdiffusion.diffusion.process;

import dev.jdiffusion.diffusion.schedule.NoiseSchedule;
import dev.jdiffusion.tensor.Tensor;
import dev.jdiffusion.tensor.ops.Elementwise;

/** What the samplers share: the clean picture that a prediction implies. */
final class CleanPicture {
  private CleanPicture() {}

  /** The predicted x0, clipped to the range of pictures, [-1, 1]. */
  static Tensor predict(
      NoiseSchedule schedule, Prediction prediction, int t, Tensor output, Tensor x) {
    Prediction.Mix mix =
        prediction.pictureFrom(schedule.sqrtAlphaCumprod(t), schedule.sqrtOneMinusAlphaCumprod(t));
    Elementwise elementwise = x.backend().elementwise();
    Tensor picture = Tensor.empty(x.backend(), x.shape());
    elementwise.affine(output, mix.second(), 0, picture);
    elementwise.addScaled(mix.first(), x, picture);
    elementwise.clamp(picture, -1, 1, picture);
    return picture;
  }

  /** alphaCumprod at the next timestep of a falling list; 1, no noise, after the last. */
  static double previousAlphaCumprod(NoiseSchedule schedule, int[] timesteps, int index) {
    return index + 1 < timesteps.length ? schedule.alphaCumprod(timesteps[index + 1]) : 1;
  }
}
