package dev.jdiffusion.diffusion;

import java.io.IOException;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;

/** Writes files so that a reader, or a crash, sees the old file or the new one, never a half. */
public final class AtomicFiles {
  /** As many as Linux follows. */
  private static final int MOST_LINKS = 40;

  private AtomicFiles() {}

  /**
   * Replaces {@code target} with {@code content}, by way of a temporary file beside it. Where
   * {@code target} is a symbolic link, it stays one, and the file that it leads to is replaced.
   *
   * @throws UserError when the folder is missing or not writable, the disk is full, or something
   *     that is no file has that name; {@code target} is then as it was
   */
  public static void write(Path target, byte[] content) {
    Path real = destination(target);
    Path folder = parent(real);
    try {
      // Not createTempFile: its private permissions would stay on the finished file.
      Path temporary =
          folder.resolve("." + real.getFileName() + "." + ProcessHandle.current().pid() + ".tmp");
      try {
        Files.write(temporary, content);
        move(temporary, real);
      } finally {
        Files.deleteIfExists(temporary);
      }
    } catch (IOException e) {
      throw UserError.io(
          "cannot write " + target, e, "check the folder's permissions and the free disk space");
    }
  }

  /**
   * The file that {@link #write} replaces, or makes where there is none: behind all symbolic links.
   *
   * @throws UserError where something else than a file is there: a folder, a device, a pipe
   */
  public static Path destination(Path target) {
    if (Files.exists(target) && !Files.isRegularFile(target)) {
      throw new UserError(
          "cannot write "
              + target
              + (Files.isDirectory(target)
                  ? ": it is a folder; name a file in it"
                  : ": it is a device or pipe; name a file"));
    }
    Path real = target;
    try {
      for (int links = 0; Files.isSymbolicLink(real); links++) {
        if (links == MOST_LINKS) {
          throw new UserError(
              "cannot write " + target + ": it is a link that leads back to itself");
        }
        real = real.resolveSibling(Files.readSymbolicLink(real));
      }
    } catch (IOException e) {
      throw UserError.io("cannot read the link " + target, e, "check its permissions");
    }
    return real;
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
