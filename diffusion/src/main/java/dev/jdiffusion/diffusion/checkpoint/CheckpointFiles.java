package dev.jdiffusion.diffusion.checkpoint;

import dev.jdiffusion.diffusion.UserError;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The checkpoints of a run, {@code step-000500.safetensors} for the state after 500 steps.
 *
 * @param folder need not exist
 */
public record CheckpointFiles(Path folder) {
  private static final Pattern NAME = Pattern.compile("step-(\\d{6,10})\\.safetensors");

  /** The file of the state after a number of steps. */
  public Path at(int step) {
    return folder.resolve(String.format(Locale.ROOT, "step-%06d.safetensors", step));
  }

  /** All checkpoints, oldest first. */
  public List<Path> all() {
    if (!Files.isDirectory(folder)) {
      return List.of();
    }
    try (Stream<Path> files = Files.list(folder)) {
      return files
          .filter(file -> NAME.matcher(file.getFileName().toString()).matches())
          .sorted(Comparator.comparingLong(CheckpointFiles::step))
          .toList();
    } catch (IOException e) {
      throw new UserError(folder + ": cannot be listed: " + e.getMessage(), e);
    }
  }

  private static long step(Path file) {
    Matcher matcher = NAME.matcher(file.getFileName().toString());
    return matcher.matches() ? Long.parseLong(matcher.group(1)) : -1;
  }

  /** The checkpoint with the most steps. */
  public Optional<Path> newest() {
    List<Path> all = all();
    return all.isEmpty() ? Optional.empty() : Optional.of(all.getLast());
  }

  /** The checkpoint with the most steps before those of {@code file}. */
  public Optional<Path> before(Path file) {
    return all().reversed().stream().filter(each -> step(each) < step(file)).findFirst();
  }

  /** Deletes the oldest beyond {@code keep}, and what a killed process left half written. */
  public void prune(int keep) {
    List<Path> all = all();
    try {
      for (Path old : all.subList(0, Math.max(0, all.size() - keep))) {
        Files.deleteIfExists(old);
      }
      try (Stream<Path> files = Files.list(folder)) {
        for (Path left : files.filter(file -> file.toString().endsWith(".tmp")).toList()) {
          Files.deleteIfExists(left);
        }
      }
    } catch (IOException e) {
      throw new UserError(folder + ": old checkpoints cannot be deleted: " + e.getMessage(), e);
    }
  }
}
