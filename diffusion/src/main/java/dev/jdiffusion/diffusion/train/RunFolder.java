package dev.jdiffusion.diffusion.train;

import dev.jdiffusion.diffusion.UserError;
import dev.jdiffusion.diffusion.checkpoint.CheckpointFiles;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The folder that a training writes to, reserved for this process until it is closed.
 *
 * <pre>
 *   config.json   metrics.jsonl   loss.png
 *   checkpoints/step-000500.safetensors
 *   samples/step-000500.png   samples/denoising.gif
 * </pre>
 */
final class RunFolder implements AutoCloseable {
  /** A program whose launcher was killed needs a moment to finish its step and save. */
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  private static final Duration POLL = Duration.ofMillis(100);

  private final Path root;
  private final FileChannel lock;

  private RunFolder(Path root, FileChannel lock) {
    this.root = root;
    this.lock = lock;
  }

  /**
   * Makes the folder of a new run.
   *
   * @throws UserError if it holds a run already or cannot be written to
   */
  static RunFolder create(Path root) {
    if (holdsRun(root)) {
      throw new UserError(
          root + ": holds a run already; continue it with --resume, or choose another --out");
    }
    return open(root, Duration.ZERO, line -> {});
  }

  /**
   * Opens the folder of a run to continue; waits a while for another process that ends its work on
   * it.
   *
   * @param tell told in a line that this waits
   * @throws UserError if there is none, or it has no checkpoint, or it cannot be written to
   */
  static RunFolder resume(Path root, Consumer<String> tell) {
    if (!Files.isDirectory(root)) {
      throw new UserError(root + ": no run to resume here; start one without --resume");
    }
    if (new CheckpointFiles(root.resolve("checkpoints")).newest().isEmpty()) {
      throw new UserError(
          root.resolve("checkpoints")
              + ": has no checkpoint to resume from; start the run again without --resume");
    }
    return open(root, PATIENCE, tell);
  }

  /** Empty metrics are what a run leaves that could not write its first checkpoint. */
  private static boolean holdsRun(Path root) {
    return Files.exists(root.resolve("config.json"), LinkOption.NOFOLLOW_LINKS)
        || root.resolve("metrics.jsonl").toFile().length() > 0
        || new CheckpointFiles(root.resolve("checkpoints")).newest().isPresent();
  }

  private static RunFolder open(Path root, Duration patience, Consumer<String> tell) {
    @Nullable FileChannel channel = null;
    try {
      Files.createDirectories(root.resolve("checkpoints"));
      Files.createDirectories(root.resolve("samples"));
      // Opening it for writing is the proof that the folder can be written to.
      channel =
          FileChannel.open(
              root.resolve(".lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
      boolean reserved = tryReserve(channel);
      if (!reserved && patience.isPositive()) {
        tell.accept("waiting for another training to end its work in " + root);
        reserved = reserve(channel, patience);
      }
      if (!reserved) {
        channel.close();
        throw new UserError(
            root + ": another training is writing here; wait for it or choose another --out");
      }
      return new RunFolder(root, channel);
    } catch (IOException e) {
      throw new UserError(
          root + ": cannot be written to (" + reason(e) + "); choose another --out", e);
    }
  }

  private static boolean reserve(FileChannel channel, Duration patience) throws IOException {
    long end = System.nanoTime() + patience.toNanos();
    boolean reserved = tryReserve(channel);
    while (!reserved && System.nanoTime() < end) {
      try {
        Thread.sleep(POLL);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return false;
      }
      reserved = tryReserve(channel);
    }
    return reserved;
  }

  private static boolean tryReserve(FileChannel channel) throws IOException {
    try {
      // Held until the channel closes, which the system does even after a kill -9.
      @Nullable FileLock held = channel.tryLock();
      return held != null;
    } catch (OverlappingFileLockException e) {
      return false;
    }
  }

  /** What an exception of the file system says, without the path that the message names anyway. */
  static String reason(IOException e) {
    return switch (e) {
      case NoSuchFileException missing -> "its parent cannot hold folders";
      case AccessDeniedException denied -> "permission denied";
      case FileAlreadyExistsException exists -> exists.getFile() + " is a file, not a folder";
      case java.nio.file.FileSystemException system when system.getReason() != null ->
          system.getReason();
      default -> String.valueOf(e.getMessage());
    };
  }

  Path root() {
    return root;
  }

  Path config() {
    return root.resolve("config.json");
  }

  Path metrics() {
    return root.resolve("metrics.jsonl");
  }

  Path lossPlot() {
    return root.resolve("loss.png");
  }

  CheckpointFiles checkpoints() {
    return new CheckpointFiles(root.resolve("checkpoints"));
  }

  /** The grid of pictures after a number of steps. */
  Path samples(int step) {
    return root.resolve("samples").resolve(String.format(Locale.ROOT, "step-%06d.png", step));
  }

  Path denoising() {
    return root.resolve("samples").resolve("denoising.gif");
  }

  /** Releases the folder; what holds no run, since it could not start, leaves no empty folders. */
  @Override
  public void close() {
    try {
      lock.close();
      if (!holdsRun(root)) {
        Files.deleteIfExists(root.resolve(".lock"));
        Files.deleteIfExists(metrics());
        for (Path folder : List.of(root.resolve("samples"), root.resolve("checkpoints"), root)) {
          deleteIfEmpty(folder);
        }
      }
    } catch (IOException e) {
      throw new UserError(root + ": " + reason(e), e);
    }
  }

  private static void deleteIfEmpty(Path folder) throws IOException {
    boolean empty;
    try (Stream<Path> content = Files.list(folder)) {
      empty = content.findAny().isEmpty();
    }
    if (empty) {
      Files.delete(folder);
    }
  }
}
