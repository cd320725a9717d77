package dev.jdiffusion.nn;

import dev.jdiffusion.autograd.Tape;
import dev.jdiffusion.autograd.Variable;
import dev.jdiffusion.tensor.Backend;
import dev.jdiffusion.tensor.IntTensor;
import dev.jdiffusion.tensor.Shape;
import dev.jdiffusion.tensor.Tensor;

/**
 * Timesteps as waves of geometrically spaced lengths (Vaswani et al. 2017):
 *
 * <pre>
 * w[i] = 10000^(-i / (dim/2 - shift)),  i = 0 .. dim/2 - 1
 * out[n] = [sin(t[n] w[0]), sin(t[n] w[1]), ..., cos(t[n] w[0]), cos(t[n] w[1]), ...]
 * </pre>
 *
 * <p>Computed in double precision on the host, so every device gets the same numbers.
 */
public final class SinusoidalTimeEmbedding {
  private static final double LONGEST_PERIOD = 10000;

  private final double[] frequencies;

  /**
   * An embedding.
   *
   * @param dim even
   * @param downscaleFreqShift 1 as in Ho et al. 2020 and "The Annotated Diffusion Model", where the
   *     last wave has exactly the longest period; 0 as in Vaswani et al. 2017
   */
  public SinusoidalTimeEmbedding(int dim, int downscaleFreqShift) {
    if (dim < 2 || dim % 2 != 0 || downscaleFreqShift < 0 || dim / 2 - downscaleFreqShift < 1) {
      throw new IllegalArgumentException(
          "SinusoidalTimeEmbedding: dim %d with frequency shift %d: dim must be even and dim/2 greater than the shift"
              .formatted(dim, downscaleFreqShift));
    }
    frequencies = new double[dim / 2];
    double slope = StrictMath.log(LONGEST_PERIOD) / (dim / 2 - downscaleFreqShift);
    for (int i = 0; i < frequencies.length; i++) {
      frequencies[i] = StrictMath.exp(-slope * i);
    }
  }

  /**
   * @param timesteps {@code [N]}
   * @return {@code [N, dim]}, a constant
   */
  public Variable forward(Backend backend, IntTensor timesteps) {
    Shape shape = Shape.of(timesteps.values().length, 2 * frequencies.length);
    Tensor result = Tensor.of(backend, shape, waves(timesteps));
    Tape.outside("waves of the timesteps");
    return Variable.constant(result);
  }

  /**
   * The same numbers on the host.
   *
   * @param timesteps {@code [N]}
   * @return the elements of {@code [N, dim]}
   */
  public double[] waves(IntTensor timesteps) {
    int[] steps = timesteps.values();
    int half = frequencies.length;
    double[] waves = new double[steps.length * 2 * half];
    for (int n = 0; n < steps.length; n++) {
      for (int i = 0; i < half; i++) {
        double angle = steps[n] * frequencies[i];
        waves[n * 2 * half + i] = StrictMath.sin(angle);
        waves[n * 2 * half + half + i] = StrictMath.cos(angle);
      }
    }
    return waves;
  }
}
