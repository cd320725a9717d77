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

/**
 * The forward process and its training objective (Ho et al. 2020, algorithm 1): noise a picture to
 * a random timestep, let the network predict, compare.
 *
 * @param schedule how much noise each timestep has
 * @param prediction what the network predicts
 * @param lossKind how a difference is penalised
 */
public record DiffusionProcess(NoiseSchedule schedule, Prediction prediction, Kind lossKind) {

  /** Factors of a picture: of x0 and noise in the noisy picture, of x0 and noise in the target. */
  public static final int FACTORS = 4;

  /**
   * {@code x_t = sqrt(alphaCumprod_t) * x0 + sqrt(1 - alphaCumprod_t) * noise}, each picture with
   * its own t.
   *
   * @param x0 clean pictures {@code [N, H, W, C]} in [-1, 1]
   * @param noise standard normal numbers, of x0's shape
   * @param timesteps {@code [N]}
   */
  public Tensor addNoise(Tensor x0, Tensor noise, IntTensor timesteps) {
    return addNoise(x0, noise, factors(x0.backend(), timesteps));
  }

  /**
   * The same with the {@link #factors} on the device already.
   *
   * @param factors {@code [}{@value #FACTORS}{@code , N]}
   */
  public Tensor addNoise(Tensor x0, Tensor noise, Tensor factors) {
    return mix(x0, row(factors, 0), noise, row(factors, 1));
  }

  /** What the network should predict, of x0's shape. */
  public Tensor target(Tensor x0, Tensor noise, IntTensor timesteps) {
    return target(x0, noise, factors(x0.backend(), timesteps));
  }

  /**
   * The same with the {@link #factors} on the device already.
   *
   * @param factors {@code [}{@value #FACTORS}{@code , N]}
   */
  public Tensor target(Tensor x0, Tensor noise, Tensor factors) {
    return switch (prediction) {
      case EPSILON -> noise;
      case X0 -> x0;
      case V -> mix(x0, row(factors, 2), noise, row(factors, 3));
    };
  }

  /**
   * What pictures and noise are multiplied by.
   *
   * @param timesteps {@code [N]}
   * @return the elements of {@code [}{@value #FACTORS}{@code , N]}
   */
  public double[] factors(IntTensor timesteps) {
    int[] t = timesteps.values();
    int n = t.length;
    double[] factors = new double[FACTORS * n];
    for (int i = 0; i < n; i++) {
      Prediction.Mix target = prediction.target(schedule, t[i]);
      factors[i] = schedule.sqrtAlphaCumprod(t[i]);
      factors[n + i] = schedule.sqrtOneMinusAlphaCumprod(t[i]);
      factors[2 * n + i] = target.first();
      factors[3 * n + i] = target.second();
    }
    return factors;
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

  private Tensor factors(Backend backend, IntTensor timesteps) {
    Shape shape = Shape.of(FACTORS, timesteps.values().length);
    return Tensor.of(backend, shape, factors(timesteps));
  }

  /** {@code [N, 1, 1, 1]}. */
  private static Tensor row(Tensor factors, int row) {
    int n = factors.dim(1);
    return factors.range(row * n, Shape.of(n, 1, 1, 1));
  }

  /** {@code a * factorOfA + b * factorOfB}. */
  private static Tensor mix(Tensor a, Tensor factorOfA, Tensor b, Tensor factorOfB) {
    Backend backend = a.backend();
    Elementwise elementwise = backend.elementwise();
    Tensor first = Tensor.empty(backend, a.shape());
    Tensor second = Tensor.empty(backend, a.shape());
    elementwise.binary(Elementwise.Binary.MUL, a, factorOfA, first);
    elementwise.binary(Elementwise.Binary.MUL, b, factorOfB, second);
    elementwise.binary(Elementwise.Binary.ADD, first, second, first);
    return first;
  }
}
