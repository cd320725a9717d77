package dev.jdiffusion.cli;

/** What the process tells the shell. */
final class ExitCode {
  static final int DONE = 0;

  /** Not the user's fault, or a training whose numbers went wrong. */
  static final int FAILED = 1;

  /** Wrong usage or bad input. */
  static final int USER_ERROR = 2;

  /** Ctrl-C: 128 + 2, the number of SIGINT. */
  static final int INTERRUPTED = 130;

  private ExitCode() {}
}
