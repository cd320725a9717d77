package dev.jdiffusion.diffusion;

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

  /** Names, paths and messages of others may hold line breaks: the message stays one line. */
  private static String oneLine(String message) {
    return message.replaceAll("\\R+", " ").strip();
  }
}
