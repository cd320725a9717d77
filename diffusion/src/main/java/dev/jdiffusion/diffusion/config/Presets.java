package dev.jdiffusion.diffusion.config;

import dev.jdiffusion.diffusion.UserError;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Complete sets of values under a name. */
public final class Presets {
  /** The preset of a {@code train} without flags. */
  public static final String DEFAULT = "quick";

  private static final Map<String, Layer> BY_NAME =
      new TreeMap<>(Map.of("annotated", annotated(), "quick", quick()));

  private Presets() {}

  /** The names that {@code --preset} takes, in alphabetical order. */
  public static List<String> names() {
    return List.copyOf(BY_NAME.keySet());
  }

  /**
   * @throws UserError if there is none of that name, with the nearest name
   */
  static Layer get(String name) {
    Layer preset = BY_NAME.get(name);
    if (preset == null) {
      throw new UserError(
          "unknown preset '"
              + name
              + "', use one of "
              + String.join(", ", names())
              + NearestName.hint(name, names()));
    }
    return preset;
  }

  /**
   * The network and optimizer of "The Annotated Diffusion Model" (Rogge and Rasul, 2022): 2,996,315
   * parameters for grey pictures. It predicts the picture instead of the noise: one pass over MNIST
   * then gives digits (Huber loss 0.041), where noise, predicted with a loss of 0.022, gave blots;
   * at the noisiest timesteps small errors of the noise decide how much ink a picture gets.
   */
  private static Layer annotated() {
    return common("annotated")
        .put(Setting.DIM, 28L)
        .put(Setting.MULTIPLIERS, List.of(1L, 2L, 4L))
        .put(Setting.BLOCK, "convnext")
        .put(Setting.TIMESTEPS, 200L)
        .put(Setting.SCHEDULE, "cosine")
        .put(Setting.PREDICTION, "x0")
        .put(Setting.LR_DECAY, "cosine")
        .put(Setting.EPOCHS, 5L);
  }

  /**
   * The best pictures that about ten minutes on two cores can give. Small batches, for more steps
   * in that time; velocity as the target and a cosine schedule, since with them backgrounds turn
   * black after some hundred steps, where predicting the noise still leaves them grey.
   */
  private static Layer quick() {
    return common("quick")
        .put(Setting.DIM, 32L)
        .put(Setting.MULTIPLIERS, List.of(1L, 2L, 2L))
        .put(Setting.BLOCK, "resnet")
        .put(Setting.GROUPS, 8L)
        .put(Setting.HEADS, 2L)
        .put(Setting.HEAD_DIM, 16L)
        .put(Setting.TIMESTEPS, 200L)
        .put(Setting.SCHEDULE, "cosine")
        .put(Setting.PREDICTION, "v")
        .put(Setting.LOSS, "mse")
        .put(Setting.BATCH, 64L)
        .put(Setting.LR_DECAY, "cosine")
        .put(Setting.STEPS, 2500L)
        .put(Setting.SAMPLE_EVERY, 500L)
        .put(Setting.CHECKPOINT_EVERY, 500L);
  }

  private static Layer common(String name) {
    return new Layer()
        .put(Setting.PRESET, name)
        .put(Setting.DATASET, "strokes")
        .put(Setting.IMAGE_SIZE, 28L)
        .put(Setting.CHANNELS, 1L)
        .put(Setting.FLIP, false)
        .put(Setting.GROUPS, 4L)
        .put(Setting.HEADS, 4L)
        .put(Setting.HEAD_DIM, 32L)
        .put(Setting.SCHEDULE, "linear")
        .put(Setting.PREDICTION, "epsilon")
        .put(Setting.LOSS, "huber")
        .put(Setting.BATCH, 128L)
        .put(Setting.ACCUMULATE, 1L)
        .put(Setting.LR, 1e-3)
        .put(Setting.WARMUP_STEPS, 100L)
        .put(Setting.LR_DECAY, "constant")
        .put(Setting.WEIGHT_DECAY, 0.0)
        .put(Setting.CLIP_NORM, 1.0)
        .put(Setting.EMA_DECAY, 0.995)
        .put(Setting.SEED, 0L)
        .put(Setting.DEVICE, "cpu")
        .put(Setting.PRECISION, "fp32")
        .put(Setting.MATMUL, "own")
        .put(Setting.SAMPLER, "ddim")
        .put(Setting.SAMPLE_STEPS, 50L)
        .put(Setting.SAMPLE_COUNT, 64L)
        .put(Setting.LOG_EVERY, 1L)
        .put(Setting.SAMPLE_EVERY, 250L)
        .put(Setting.CHECKPOINT_EVERY, 250L)
        .put(Setting.KEEP_CHECKPOINTS, 3L);
  }
}
