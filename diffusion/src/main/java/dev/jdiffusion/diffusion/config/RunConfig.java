package dev.jdiffusion.diffusion.config;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.util.DefaultIndenter;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import dev.jdiffusion.diffusion.UserError;
import dev.jdiffusion.diffusion.model.UNetConfig;
import dev.jdiffusion.diffusion.process.DiffusionProcess;
import dev.jdiffusion.diffusion.process.Prediction;
import dev.jdiffusion.diffusion.schedule.ScheduleKind;
import dev.jdiffusion.tensor.Precision;
import dev.jdiffusion.tensor.Products;
import dev.jdiffusion.tensor.ops.Loss;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalInt;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** A complete choice of all {@link Setting}s; immutable. */
public final class RunConfig {
  private static final String EMULATOR = "cuda:emulator";

  /** A grid of the emulator, where one of a GPU would take minutes. */
  private static final long EMULATED_PICTURES = 4;

  private final EnumMap<Setting, Object> values;

  private RunConfig(Map<Setting, Object> values) {
    this.values = new EnumMap<>(values);
  }

  /**
   * The configuration of a new run: the flags override the file, which overrides the preset. On the
   * emulator, grids have four pictures unless the file or the flags say how many.
   *
   * @throws UserError if the preset is unknown
   */
  public static RunConfig of(Layer file, Layer flags) {
    Layer preset = Presets.get(flags.presetOr(file.presetOr(Presets.DEFAULT)));
    EnumMap<Setting, Object> values = new EnumMap<>(Setting.class);
    values.put(Setting.THREADS, (long) Runtime.getRuntime().availableProcessors());
    overlay(values, preset);
    overlay(values, file);
    overlay(values, flags);
    boolean countIsGiven =
        Stream.of(file, flags).anyMatch(layer -> layer.values().containsKey(Setting.SAMPLE_COUNT));
    if (EMULATOR.equals(values.get(Setting.DEVICE)) && !countIsGiven) {
      values.put(Setting.SAMPLE_COUNT, EMULATED_PICTURES);
    }
    return new RunConfig(values);
  }

  /**
   * This configuration with another layer on top, for continuing its run.
   *
   * @param where the run's folder, for messages
   * @throws UserError if the layer changes what must stay as it is
   */
  public RunConfig resumedWith(Layer layer, Path where) {
    for (Map.Entry<Setting, Object> entry : layer.values().entrySet()) {
      Setting setting = entry.getKey();
      Object before = values.get(setting);
      if (setting.isFixedOnResume() && !isSame(setting, entry.getValue(), before)) {
        throw new UserError(
            where
                + ": the run to resume has "
                + setting
                + " "
                + text(before)
                + ", not "
                + text(entry.getValue())
                + "; leave "
                + setting.flag()
                + " out: train --resume --out "
                + where
                + ", or start a new run with another --out");
      }
    }
    EnumMap<Setting, Object> changed = new EnumMap<>(values);
    overlay(changed, layer);
    // Another path to the same pictures must not change what checkpoints say.
    changed.put(Setting.DATASET, dataset());
    return new RunConfig(changed);
  }

  private static boolean isSame(Setting setting, Object value, @Nullable Object before) {
    return value.equals(before)
        || (setting == Setting.DATASET
            && before instanceof String other
            && isSamePath((String) value, other));
  }

  /** {@code ./cats/} is {@code cats}, but {@code ./mnist} is a folder and {@code mnist} a name. */
  private static boolean isSamePath(String a, String b) {
    try {
      Path first = Path.of(a);
      Path second = Path.of(b);
      return first.toAbsolutePath().normalize().equals(second.toAbsolutePath().normalize())
          && !Setting.DATASET_NAMES.contains(a)
          && !Setting.DATASET_NAMES.contains(b);
    } catch (InvalidPathException e) {
      return false;
    }
  }

  private static void overlay(EnumMap<Setting, Object> values, Layer layer) {
    if (layer.values().containsKey(Setting.STEPS) || layer.values().containsKey(Setting.EPOCHS)) {
      values.remove(Setting.STEPS);
      values.remove(Setting.EPOCHS);
    }
    values.putAll(layer.values());
  }

  /**
   * Reads what {@link #toJson} wrote.
   *
   * @param source how to call the text in a message
   * @throws UserError if a value is missing or wrong
   */
  public static RunConfig ofJson(String source, String json) {
    Layer layer = Layer.ofJson(source, json);
    EnumMap<Setting, Object> values = new EnumMap<>(layer.values());
    values.putIfAbsent(Setting.THREADS, (long) Runtime.getRuntime().availableProcessors());
    // Of runs that began before there was a choice.
    values.putIfAbsent(Setting.PRECISION, Precision.FP32.toString());
    values.putIfAbsent(Setting.MATMUL, Products.OWN.toString());
    for (Setting setting : Setting.values()) {
      boolean length = setting == Setting.STEPS || setting == Setting.EPOCHS;
      if (!length && !values.containsKey(setting)) {
        throw new UserError(source + ": lacks the setting '" + setting + "'");
      }
    }
    if (!values.containsKey(Setting.STEPS) && !values.containsKey(Setting.EPOCHS)) {
      throw new UserError(source + ": has neither 'steps' nor 'epochs'");
    }
    return new RunConfig(values);
  }

  /** All values as an indented JSON object. */
  public String toJson() {
    return json(values, true) + "\n";
  }

  /**
   * The values that a checkpoint carries, on one line: all but the number of threads, which belongs
   * to the machine, so that the same training leaves the same file everywhere.
   */
  public String toCheckpointJson() {
    EnumMap<Setting, Object> kept = new EnumMap<>(values);
    kept.remove(Setting.THREADS);
    return json(kept, false);
  }

  private static String json(Map<Setting, Object> values, boolean indented) {
    StringWriter text = new StringWriter();
    try (JsonGenerator json = new JsonFactory().createGenerator(text)) {
      if (indented) {
        // A fixed line end: the file is the same on every system.
        json.setPrettyPrinter(
            new DefaultPrettyPrinter().withObjectIndenter(new DefaultIndenter("  ", "\n")));
      }
      json.writeStartObject();
      for (Map.Entry<Setting, Object> entry : values.entrySet()) {
        json.writeFieldName(entry.getKey().key());
        writeValue(json, entry.getValue());
      }
      json.writeEndObject();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return text.toString();
  }

  private static void writeValue(JsonGenerator json, Object value) throws IOException {
    switch (value) {
      case Long number -> json.writeNumber(number);
      case Double number -> json.writeNumber(number);
      case Boolean truth -> json.writeBoolean(truth);
      case List<?> list -> {
        json.writeStartArray();
        for (Object element : list) {
          writeValue(json, element);
        }
        json.writeEndArray();
      }
      default -> json.writeString(value.toString());
    }
  }

  private static String text(@Nullable Object value) {
    return value instanceof List<?> list
        ? String.join(",", list.stream().map(Object::toString).toList())
        : String.valueOf(value);
  }

  /** The name of the preset that other values come from. */
  public String preset() {
    return string(Setting.PRESET);
  }

  /** What to train on: a name of a dataset, or a path of pictures. */
  public String dataset() {
    return string(Setting.DATASET);
  }

  /** Pixels per side. */
  public int imageSize() {
    return whole(Setting.IMAGE_SIZE);
  }

  /** 1 for grey, 3 for red, green and blue. */
  public int channels() {
    return whole(Setting.CHANNELS);
  }

  /** Whether pictures are mirrored at random. */
  public boolean flip() {
    return (Boolean) value(Setting.FLIP);
  }

  /**
   * The network.
   *
   * @throws UserError if its levels cannot halve the pictures or its groups divide the channels
   */
  public UNetConfig unet() {
    UNetConfig unet =
        new UNetConfig(
            whole(Setting.DIM),
            ((List<?>) value(Setting.MULTIPLIERS))
                .stream().map(each -> ((Long) each).intValue()).toList(),
            channels(),
            UNetConfig.Block.valueOf(string(Setting.BLOCK).toUpperCase(Locale.ROOT)),
            whole(Setting.GROUPS),
            whole(Setting.HEADS),
            whole(Setting.HEAD_DIM));
    unet.checkImageSize(imageSize());
    return unet;
  }

  /** Steps from a picture to noise. */
  public int timesteps() {
    return whole(Setting.TIMESTEPS);
  }

  /** How noise, prediction and loss go together. */
  public DiffusionProcess process() {
    return new DiffusionProcess(
        ScheduleKind.parse(string(Setting.SCHEDULE)).create(timesteps()),
        Prediction.valueOf(string(Setting.PREDICTION).toUpperCase(Locale.ROOT)),
        Loss.Kind.valueOf(string(Setting.LOSS).toUpperCase(Locale.ROOT)));
  }

  /** How long to train, in steps; empty where the length is given in epochs. */
  public OptionalInt steps() {
    return optional(Setting.STEPS);
  }

  /** How long to train, in passes over the dataset; empty where the length is given in steps. */
  public OptionalInt epochs() {
    return optional(Setting.EPOCHS);
  }

  /** Pictures per micro-batch. */
  public int batch() {
    return whole(Setting.BATCH);
  }

  /** Micro-batches per step. */
  public int accumulate() {
    return whole(Setting.ACCUMULATE);
  }

  /** The learning rate after warm-up, before decay. */
  public double learningRate() {
    return real(Setting.LR);
  }

  /** Steps in which the learning rate grows to {@link #learningRate}. */
  public int warmupSteps() {
    return whole(Setting.WARMUP_STEPS);
  }

  /** Whether the learning rate falls to zero along a cosine; constant otherwise. */
  public boolean cosineDecay() {
    return string(Setting.LR_DECAY).equals("cosine");
  }

  /** AdamW's weight decay; 0 for plain Adam. */
  public double weightDecay() {
    return real(Setting.WEIGHT_DECAY);
  }

  /** The longest gradient; 0 for any length. */
  public double clipNorm() {
    return real(Setting.CLIP_NORM);
  }

  /** What the moving average of the weights keeps of itself at each step, at most. */
  public double emaDecay() {
    return real(Setting.EMA_DECAY);
  }

  /** What all random numbers are drawn from. */
  public long seed() {
    return (Long) value(Setting.SEED);
  }

  /** The device, such as {@code cpu} or {@code cuda:0}; need not exist. */
  public String device() {
    return string(Setting.DEVICE);
  }

  /** What the operands of products are rounded to. */
  public Precision precision() {
    return Precision.valueOf(string(Setting.PRECISION).toUpperCase(Locale.ROOT));
  }

  /** Whose code computes matrix products and convolutions. */
  public Products matMul() {
    return Products.valueOf(string(Setting.MATMUL).toUpperCase(Locale.ROOT));
  }

  /** Threads of the host that kernels may use; changes no result. */
  public int threads() {
    return whole(Setting.THREADS);
  }

  /** How grids are drawn: {@code ddpm} or {@code ddim}. */
  public String sampler() {
    return string(Setting.SAMPLER);
  }

  /** Denoising steps of a grid, at most {@link #timesteps}. */
  public int sampleSteps() {
    return Math.min(whole(Setting.SAMPLE_STEPS), timesteps());
  }

  /** Pictures in a grid. */
  public int sampleCount() {
    return whole(Setting.SAMPLE_COUNT);
  }

  /** Steps between two lines of metrics. */
  public int logEvery() {
    return whole(Setting.LOG_EVERY);
  }

  /** Steps between two grids; 0 for one at the end only. */
  public int sampleEvery() {
    return whole(Setting.SAMPLE_EVERY);
  }

  /** Steps between two checkpoints; 0 for one at the end only. */
  public int checkpointEvery() {
    return whole(Setting.CHECKPOINT_EVERY);
  }

  /** How many checkpoints stay on disk. */
  public int keepCheckpoints() {
    return whole(Setting.KEEP_CHECKPOINTS);
  }

  /** {@code runs/<dataset>-<preset>}; a dataset that is a path gives its last name. */
  public Path defaultFolder() {
    Path name = Path.of(dataset()).normalize().getFileName();
    String dataset =
        (name == null ? "" : name.toString())
            .replaceFirst("(?i)\\.zip$", "")
            .replaceAll("[^\\p{L}\\p{N}._-]+", "-")
            .toLowerCase(Locale.ROOT);
    boolean usable = !dataset.isBlank() && !dataset.startsWith(".");
    return Path.of("runs", (usable ? dataset : "pictures") + "-" + preset());
  }

  private Object value(Setting setting) {
    Object value = values.get(setting);
    if (value == null) {
      throw new IllegalStateException("the configuration has no value for " + setting);
    }
    return value;
  }

  private String string(Setting setting) {
    return (String) value(setting);
  }

  private int whole(Setting setting) {
    return Math.toIntExact((Long) value(setting));
  }

  private double real(Setting setting) {
    return (Double) value(setting);
  }

  private OptionalInt optional(Setting setting) {
    return values.containsKey(setting) ? OptionalInt.of(whole(setting)) : OptionalInt.empty();
  }
}
