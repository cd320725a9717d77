package dev.jdiffusion.diffusion;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;

/**
 * Something that the person at the keyboard can put right: a wrong flag, a missing or damaged file,
 * a folder that cannot be written.
 *
 * <p>The message is one line that says what is wrong, where, and what to do. The command line
 * prints it without a stack trace and exits with code 2; every other exception is an internal
 * error.
 */
public final class UserError extends RuntimeException {
  /** An error whose whole story is in {@code message}. */
  public UserError(String message) {
    super(oneLine(message));
  }

  /** An error that another exception revealed; {@code message} still says everything. */
  public UserError(String message, Throwable cause) {
    super(oneLine(message), cause);
  }

  /**
   * An error about a file or folder that the operating system refused.
   *
   * @param what what could not be done, with its path: {@code "cannot write /a/b.png"}
   * @param advice what to do about it
   */
  public static UserError io(String what, IOException cause, String advice) {
    return new UserError(what + ": " + reason(cause) + "; " + advice, cause);
  }

  /** Why the operating system refused, in a few words without the path. */
  public static String reason(IOException cause) {
    return switch (cause) {
      case NoSuchFileException e -> "no such file or folder";
      case AccessDeniedException e -> "permission denied";
      case FileAlreadyExistsException e -> "a file of that name is in the way";
      case NotDirectoryException e -> "not a folder";
      case FileSystemException e when e.getReason() != null -> e.getReason();
      default -> {
        String message = cause.getMessage();
        yield message == null ? cause.getClass().getSimpleName() : message;
      }
    };
  }

  /** Names, paths and messages of others may hold line breaks: the message stays one line. */
  private static String oneLine(String message) {
    return message.replaceAll("\\R+", " ").strip();
  }
}
