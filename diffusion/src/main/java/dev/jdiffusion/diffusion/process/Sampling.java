package dev.jdiffusion.diffusion.process;

import dev.jdiffusion.autograd.Variable;
import dev.jdiffusion.tensor.Backend;
import dev.jdiffusion.tensor.IntTensor;
import dev.jdiffusion.tensor.Scope;
import dev.jdiffusion.tensor.Shape;
import dev.jdiffusion.tensor.Tensor;
import java.util.Arrays;

/** Generation: from pure noise, step by step, to pictures. */
public final class Sampling {
  /** Watches the pictures emerge. */
  @FunctionalInterface
  public interface Listener {
    /** Looks at nothing. */
    Listener NONE = (index, x) -> true;

    /**
     * Called with the starting noise and after every step.
     *
     * @param index steps done, 0 to their number
     * @param x the pictures {@code [N, H, W, C]}, valid during the call
     * @return whether to go on
     */
    boolean afterStep(int index, Tensor x);
  }

  private Sampling() {}

  /**
   * Generates pictures {@code first .. first + count - 1} of a seed. A picture depends on its index
   * and the seed, not on which others are made with it.
   *
   * @param imageShape {@code [H, W, C]}
   * @return {@code [count, H, W, C]}, in [-1, 1]
   */
  public static float[] sample(
      Denoiser model,
      Backend backend,
      Sampler sampler,
      Shape imageShape,
      long seed,
      int first,
      int count,
      Listener listener) {
    IntTensor pictures = IntTensor.range(first, count);
    int[] timesteps = sampler.timesteps();
    try (Scope all = Scope.open()) {
      Shape shape = Shape.of(count, imageShape.dim(0), imageShape.dim(1), imageShape.dim(2));
      Tensor x = Tensor.empty(backend, shape);
      Tensor noise = Tensor.empty(backend, shape);
      backend.random().normal(RandomPurpose.SAMPLE_START.key(seed, 0), pictures, x);
      boolean goOn = listener.afterStep(0, x);
      for (int i = 0; i < timesteps.length && goOn; i++) {
        try (Scope step = Scope.open()) {
          int[] t = new int[count];
          Arrays.fill(t, timesteps[i]);
          Tensor output = model.predict(Variable.constant(x), IntTensor.of(t)).value();
          if (sampler.needsNoise(i)) {
            backend
                .random()
                .normal(RandomPurpose.SAMPLE_STEP.key(seed, timesteps[i]), pictures, noise);
          }
          sampler.step(i, output, x, noise);
        }
        goOn = listener.afterStep(i + 1, x);
      }
      return x.toFloats();
    }
  }
}
