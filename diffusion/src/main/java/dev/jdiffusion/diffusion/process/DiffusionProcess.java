package dev.jdiffusion.diffusion.process;

import dev.jdiffusion.autograd.Tape;
import dev.jdiffusion.autograd.Variable;
import dev.jdiffusion.autograd.ops.Loss;
import dev.jdiffusion.diffusion.schedule.NoiseSchedule;
import dev.jdiffusion.tensor.Backend;
import dev.jdiffusion.tensor.IntTensor;
import dev.jdiffusion.tensor.Shape;
import dev.jdiffusion.tensor.Tensor;
import dev.jdiffusion.tensor.ops.Elementwise;
import dev.jdiffusion.tensor.ops.Loss.Kind;
import java.util.function.IntToDoubleFunction;

/**
 * The forward process and its training objective (Ho et al. 2020, algorithm 1): noise a picture to
 * a random timestep, let the network predict, compare.
 *
 * @param schedule how much noise each timestep has
 * @param prediction what the network predicts
 * @param lossKind how a difference is penalised
 */
public record DiffusionProcess(NoiseSchedule schedule, Prediction prediction, Kind lossKind) {

  /**
   * {@code x_t = sqrt(alphaCumprod_t) * x0 + sqrt(1 - alphaCumprod_t) * noise}, each picture with
   * its own t.
   *
   * @param x0 clean pictures {@code [N, H, W, C]} in [-1, 1]
   * @param noise standard normal numbers, of x0's shape
   * @param timesteps {@code [N]}
   */
  public Tensor addNoise(Tensor x0, Tensor noise, IntTensor timesteps) {
    return mix(
        x0, schedule::sqrtAlphaCumprod, noise, schedule::sqrtOneMinusAlphaCumprod, timesteps);
  }

  /** What the network should predict, of x0's shape. */
  public Tensor target(Tensor x0, Tensor noise, IntTensor timesteps) {
    return switch (prediction) {
      case EPSILON -> noise;
      case X0 -> x0;
      case V ->
          mix(
              x0,
              t -> prediction.target(schedule, t).first(),
              noise,
              t -> prediction.target(schedule, t).second(),
              timesteps);
    };
  }

  /** The mean loss of a batch. Run it under a tape to train. */
  public Variable loss(Denoiser model, Tensor x0, Tensor noise, IntTensor timesteps) {
    Variable noisy = Variable.constant(addNoise(x0, noise, timesteps));
    Tape.outside("noise");
    Variable prediction = model.predict(noisy, timesteps);
    Variable target = Variable.constant(target(x0, noise, timesteps));
    Tape.outside("noise");
    return Loss.loss(lossKind, prediction, target);
  }

  private static Tensor mix(
      Tensor a,
      IntToDoubleFunction weightOfA,
      Tensor b,
      IntToDoubleFunction weightOfB,
      IntTensor timesteps) {
    Backend backend = a.backend();
    Elementwise elementwise = backend.elementwise();
    Tensor first = Tensor.empty(backend, a.shape());
    Tensor second = Tensor.empty(backend, a.shape());
    elementwise.binary(Elementwise.Binary.MUL, a, perPicture(backend, timesteps, weightOfA), first);
    elementwise.binary(
        Elementwise.Binary.MUL, b, perPicture(backend, timesteps, weightOfB), second);
    elementwise.binary(Elementwise.Binary.ADD, first, second, first);
    return first;
  }

  /** {@code [N, 1, 1, 1]}. */
  private static Tensor perPicture(
      Backend backend, IntTensor timesteps, IntToDoubleFunction weight) {
    double[] weights = new double[timesteps.values().length];
    for (int i = 0; i < weights.length; i++) {
      weights[i] = weight.applyAsDouble(timesteps.values()[i]);
    }
    return Tensor.of(backend, Shape.of(weights.length, 1, 1, 1), weights);
  }
}
