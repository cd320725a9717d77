package dev.jdiffusion.diffusion;

import java.io.IOException;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;

/** Writes files so that a reader, or a crash, sees the old file or the new one, never a half. */
public final class AtomicFiles {
  private AtomicFiles() {}

  /**
   * Replaces {@code target} with {@code content}, by way of a temporary file beside it.
   *
   * @throws UserError when the folder is missing or not writable or the disk is full; {@code
   *     target} is then as it was
   */
  public static void write(Path target, byte[] content) {
    Path folder = parent(target);
    try {
      // Not createTempFile: its private permissions would stay on the finished file.
      Path temporary =
          folder.resolve("." + target.getFileName() + "." + ProcessHandle.current().pid() + ".tmp");
      try {
        Files.write(temporary, content);
        move(temporary, target);
      } finally {
        Files.deleteIfExists(temporary);
      }
    } catch (IOException e) {
      throw UserError.io(
          "cannot write " + target, e, "check the folder's permissions and the free disk space");
    }
  }

  /** Renames {@code source} to {@code target} in one step, replacing it. */
  public static void move(Path source, Path target) throws IOException {
    try {
      Files.move(
          source, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } catch (AtomicMoveNotSupportedException e) {
      Files.move(source, target, StandardCopyOption.REPLACE_EXISTING);
    }
  }

  private static Path parent(Path target) {
    Path parent = target.toAbsolutePath().getParent();
    if (parent == null) {
      throw new UserError("cannot write " + target + ": it is not the name of a file");
    }
    return parent;
  }
}
