package dev.jdiffusion.diffusion.config;

import dev.jdiffusion.diffusion.UserError;
import dev.jdiffusion.diffusion.schedule.ScheduleKind;
import dev.jdiffusion.tensor.Precision;
import dev.jdiffusion.tensor.Products;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * Everything that can be set for a training run. The name is the same as a flag ({@code --batch}),
 * in a configuration file, in {@code config.json} and inside a checkpoint.
 */
public enum Setting {
  PRESET("preset", new ValueType.Name(), Resume.FIXED, "where all other values come from"),
  DATASET(
      "dataset",
      text("SPEC"),
      Resume.FIXED,
      "strokes, mnist, fashion-mnist, a folder of IDX files or pictures, or a .zip of one"),
  IMAGE_SIZE("image-size", whole(8, 1024), Resume.FIXED, "pixels per side; pictures are resized"),
  CHANNELS(
      "channels",
      new ValueType.WholeChoice(List.of(1L, 3L)),
      Resume.FIXED,
      "1 trains in grey, 3 in colour"),
  FLIP("flip", new ValueType.Switch(), Resume.FIXED, "mirror pictures at random; not for digits"),

  DIM("dim", whole(4, 4096), Resume.FIXED, "channels of the U-Net's first level"),
  MULTIPLIERS(
      "multipliers",
      new ValueType.WholeList(1, 64),
      Resume.FIXED,
      "channels of each level as multiples of dim"),
  BLOCK("block", choice("convnext", "resnet"), Resume.FIXED, "what the levels are made of"),
  GROUPS("groups", whole(1, 1024), Resume.FIXED, "groups of the ResNet blocks' normalisation"),

  HEADS("heads", whole(1, 256), Resume.FIXED, "heads of every attention"),
  HEAD_DIM("head-dim", whole(1, 1024), Resume.FIXED, "features of a head"),

  TIMESTEPS("timesteps", whole(2, 100_000), Resume.FIXED, "steps from a picture to noise"),
  SCHEDULE(
      "schedule", choice((Object[]) ScheduleKind.values()), Resume.FIXED, "how the noise grows"),
  PREDICTION("prediction", choice("epsilon", "x0", "v"), Resume.FIXED, "what the U-Net predicts"),
  LOSS("loss", choice("huber", "mse", "l1"), Resume.FIXED, "how its errors count"),

  STEPS("steps", whole(1, 999_999_999), Resume.FREE, "how long to train, in steps"),
  EPOCHS("epochs", whole(1, 1_000_000), Resume.FREE, "how long to train, in passes"),
  BATCH("batch", whole(1, 65_536), Resume.FIXED, "pictures per micro-batch"),
  ACCUMULATE("accumulate", whole(1, 4096), Resume.FIXED, "micro-batches per step"),
  LR("lr", real(1e-12, 10), Resume.FREE, "learning rate"),
  WARMUP_STEPS(
      "warmup-steps",
      whole(0, Integer.MAX_VALUE),
      Resume.FIXED,
      "steps in which the rate grows to lr"),
  LR_DECAY("lr-decay", choice("constant", "cosine"), Resume.FIXED, "what the rate does after that"),
  WEIGHT_DECAY("weight-decay", real(0, 10), Resume.FIXED, "of AdamW; 0 is plain Adam"),
  CLIP_NORM("clip-norm", real(0, 1e9), Resume.FREE, "longest gradient; 0 leaves it as it is"),
  EMA_DECAY("ema-decay", real(0, 0.9999999), Resume.FIXED, "of the weights' moving average"),

  SEED("seed", whole(0, Long.MAX_VALUE), Resume.FIXED, "same seed, same result, bit for bit"),
  DEVICE("device", text("DEVICE"), Resume.FREE, "cpu, reference, cuda, cuda:N or cuda:emulator"),
  PRECISION(
      "precision",
      choice((Object[]) Precision.values()),
      Resume.FREE,
      "of the numbers that are multiplied; tf32 and bf16 need a GPU"),
  MATMUL(
      "matmul",
      choice((Object[]) Products.values()),
      Resume.FREE,
      "whose products and convolutions; vendor: cuBLAS and cuDNN, with other bits than our own"),
  THREADS("threads", whole(1, 4096), Resume.FREE, "default: one per processor; changes no result"),

  SAMPLER("sampler", choice("ddpm", "ddim"), Resume.FREE, "how grids are drawn"),
  SAMPLE_STEPS("sample-steps", whole(1, 100_000), Resume.FREE, "denoising steps of the grids"),
  SAMPLE_COUNT("sample-count", whole(1, 4096), Resume.FREE, "pictures in a grid; cuda:emulator: 4"),
  LOG_EVERY("log-every", whole(1, Integer.MAX_VALUE), Resume.FREE, "steps between metrics"),
  SAMPLE_EVERY("sample-every", whole(0, Integer.MAX_VALUE), Resume.FREE, "steps between grids"),
  CHECKPOINT_EVERY(
      "checkpoint-every", whole(0, Integer.MAX_VALUE), Resume.FREE, "steps between checkpoints"),
  KEEP_CHECKPOINTS("keep-checkpoints", whole(1, 100_000), Resume.FREE, "how many stay on disk");

  /** The datasets that are not paths; a folder of the same name is {@code ./mnist}. */
  public static final List<String> DATASET_NAMES = List.of("strokes", "mnist", "fashion-mnist");

  /** Whether a run may be continued with another value. */
  private enum Resume {
    FIXED,
    FREE
  }

  private final String key;
  private final ValueType type;
  private final Resume resume;
  private final String help;

  Setting(String key, ValueType type, Resume resume, String help) {
    this.key = key;
    this.type = type;
    this.resume = resume;
    this.help = help;
  }

  /** The name in files; a flag is this after two dashes. */
  public String key() {
    return key;
  }

  /** What sets it on the command line, such as {@code --batch}. */
  public String flag() {
    return "--" + key;
  }

  /** What a help text shows in the place of the value. */
  public String label() {
    return type.label();
  }

  /** What it means, for a help text: half a line without a full stop. */
  public String help() {
    return help;
  }

  /** Whether the flag stands for true when it has no value. */
  public boolean isSwitch() {
    return type instanceof ValueType.Switch;
  }

  /** Whether a resumed run must have the value that it started with. */
  public boolean isFixedOnResume() {
    return resume == Resume.FIXED;
  }

  /**
   * The value written as {@code text}.
   *
   * @param where how to call the setting in a message
   * @throws UserError if the text is not such a value or out of range
   */
  Object parse(String where, String text) {
    return type.parse(where, text);
  }

  static Optional<Setting> find(String key) {
    return Arrays.stream(values()).filter(setting -> setting.key.equals(key)).findFirst();
  }

  static List<String> keys() {
    return Arrays.stream(values()).map(Setting::key).toList();
  }

  @Override
  public String toString() {
    return key;
  }

  private static ValueType text(String label) {
    return new ValueType.Text(label);
  }

  private static ValueType whole(long min, long max) {
    return new ValueType.Whole(min, max);
  }

  private static ValueType real(double min, double max) {
    return new ValueType.Real(min, max);
  }

  private static ValueType choice(Object... names) {
    return new ValueType.Choice(Arrays.stream(names).map(Object::toString).toList());
  }
}
