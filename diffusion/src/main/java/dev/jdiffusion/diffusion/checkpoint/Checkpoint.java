package dev.jdiffusion.diffusion.checkpoint;

import dev.jdiffusion.diffusion.UserError;
import dev.jdiffusion.diffusion.config.RunConfig;
import dev.jdiffusion.diffusion.data.BatchLoader;
import dev.jdiffusion.diffusion.model.UNet;
import dev.jdiffusion.nn.io.DataType;
import dev.jdiffusion.nn.io.Safetensors;
import dev.jdiffusion.nn.io.SafetensorsException;
import dev.jdiffusion.nn.io.SafetensorsFile;
import dev.jdiffusion.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SequencedMap;

/**
 * A training at rest: a safetensors file with the weights ({@code model.*}), their moving average
 * ({@code ema.*}) and the optimizer's moments ({@code adam.*}), and in its metadata the
 * configuration and the {@link Position}. It needs no other file.
 *
 * <p>The same training leaves the same bytes, whatever the number of threads and however often it
 * was interrupted.
 */
public final class Checkpoint implements AutoCloseable {
  private static final String FORMAT = "jdiffusion.checkpoint";
  private static final String VERSION = "1";

  private final Path path;
  private final SafetensorsFile file;
  private final RunConfig config;
  private final Position position;

  private Checkpoint(Path path, SafetensorsFile file) {
    this.path = path;
    this.file = file;
    Map<String, String> metadata = file.metadata();
    if (!FORMAT.equals(metadata.get("format"))) {
      throw new UserError(
          path
              + ": is a safetensors file, but not a checkpoint of this program; pass one of those");
    }
    if (!VERSION.equals(metadata.get("version"))) {
      throw new UserError(
          path
              + ": has version "
              + metadata.get("version")
              + " of the checkpoint format, this program reads version "
              + VERSION);
    }
    config = RunConfig.ofJson("configuration in " + path, text("config"));
    position =
        new Position(
            Math.toIntExact(whole("step")),
            whole("applied"),
            new BatchLoader.Cursor(whole("epoch"), Math.toIntExact(whole("batch"))),
            Math.toIntExact(whole("skipped_in_a_row")));
    checkChecksum();
  }

  /**
   * Opens a checkpoint and checks it against its checksum.
   *
   * @throws UserError if it is missing, damaged or something else
   */
  public static Checkpoint open(Path path) {
    try {
      SafetensorsFile file = Safetensors.open(path);
      try {
        return new Checkpoint(path, file);
      } catch (UserError e) {
        file.close();
        throw e;
      }
    } catch (SafetensorsException e) {
      throw new UserError(String.valueOf(e.getMessage()), e);
    }
  }

  /**
   * Finds the file that a path means: itself, or the newest checkpoint of a run's folder or of its
   * folder of checkpoints.
   */
  public static Path find(Path path) {
    if (!Files.exists(path)) {
      throw new UserError(
          path + ": no such file or folder; pass a checkpoint or the folder of a run");
    }
    if (!Files.isDirectory(path)) {
      return path;
    }
    return new CheckpointFiles(path.resolve("checkpoints"))
        .newest()
        .or(() -> new CheckpointFiles(path).newest())
        .orElseThrow(() -> new UserError(path + ": has no checkpoint in it; train first"));
  }

  /**
   * Writes a checkpoint, or leaves what was there untouched.
   *
   * @param pictures size of the dataset; the cursor means nothing in another
   * @param state all tensors that continue the training
   * @throws UserError if the disk is full or the folder cannot be written
   */
  public static void write(
      Path path,
      RunConfig config,
      Position position,
      int pictures,
      SequencedMap<String, Tensor> state) {
    DataType type = typeFor(state.firstEntry().getValue());
    Map<String, String> metadata = new LinkedHashMap<>();
    metadata.put("format", FORMAT);
    metadata.put("version", VERSION);
    metadata.put("config", config.toCheckpointJson());
    metadata.put("step", Integer.toString(position.step()));
    metadata.put("applied", Long.toString(position.applied()));
    metadata.put("epoch", Long.toString(position.cursor().epoch()));
    metadata.put("batch", Integer.toString(position.cursor().batch()));
    metadata.put("skipped_in_a_row", Integer.toString(position.skippedInARow()));
    metadata.put("pictures", Integer.toString(pictures));
    metadata.put("crc32c", Checksum.ofTensors(state, type));
    try {
      Safetensors.write(path, metadata, state, type);
    } catch (SafetensorsException e) {
      throw new UserError(String.valueOf(e.getMessage()), e);
    }
  }

  /** The size of a checkpoint of these tensors, without its header of a few kilobytes. */
  public static long bytes(SequencedMap<String, Tensor> state) {
    return state.values().stream().mapToLong(tensor -> (long) tensor.size()).sum()
        * typeFor(state.firstEntry().getValue()).bytes();
  }

  /** The reference device computes in double precision: floats would not continue bit for bit. */
  private static DataType typeFor(Tensor tensor) {
    return tensor.backend().device().kind().equals("reference") ? DataType.F64 : DataType.F32;
  }

  private void checkChecksum() {
    String actual;
    try {
      actual = Checksum.ofFile(path);
    } catch (IOException e) {
      throw new UserError(path + ": cannot be read: " + e.getMessage(), e);
    }
    if (!actual.equals(text("crc32c"))) {
      throw new UserError(
          path
              + ": is damaged: its checksum is "
              + actual
              + ", it was written with "
              + text("crc32c"));
    }
  }

  private String text(String key) {
    String value = file.metadata().get(key);
    if (value == null) {
      throw new UserError(path + ": is damaged: it lacks '" + key + "' in its metadata");
    }
    return value;
  }

  private long whole(String key) {
    String value = text(key);
    if (!value.matches("\\d{1,9}")) {
      throw new UserError(path + ": is damaged: '" + key + "' in its metadata is not a count");
    }
    return Long.parseLong(value);
  }

  public Path path() {
    return path;
  }

  public RunConfig config() {
    return config;
  }

  public Position position() {
    return position;
  }

  /**
   * @throws UserError if a dataset is not of the size that the training had
   */
  public void requirePictures(int pictures) {
    if (pictures != whole("pictures")) {
      throw new UserError(
          path
              + ": was trained on "
              + whole("pictures")
              + " pictures, "
              + config.dataset()
              + " has "
              + pictures
              + " now; restore the dataset, or start a new run with another --out");
    }
  }

  /**
   * The network of the configuration, which no memory has been taken for yet.
   *
   * @throws UserError if there is no such network, or the file's weights are not those of one
   */
  public UNet network() {
    UNet network;
    try {
      network = UNet.of(config.unet());
    } catch (UserError e) {
      throw new UserError(
          path + ": is damaged: its configuration does not fit: " + e.getMessage(), e);
    }
    try {
      network.parameters().forEach((name, each) -> file.require("model." + name, each.shape()));
    } catch (SafetensorsException e) {
      throw new UserError(String.valueOf(e.getMessage()), e);
    }
    return network;
  }

  /**
   * Reads tensors into existing ones.
   *
   * @param prefix what the file has before each name
   * @throws UserError if one is missing or of another shape
   */
  public void read(String prefix, SequencedMap<String, Tensor> targets) {
    try {
      targets.forEach((name, tensor) -> file.read(prefix + name, tensor));
    } catch (SafetensorsException e) {
      throw new UserError(String.valueOf(e.getMessage()), e);
    }
  }

  @Override
  public void close() {
    file.close();
  }
}
