package dev.jdiffusion.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;

/** An internal error whose stack trace lies in a file that the message names. */
final class ReportedException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private ReportedException(String message, Throwable cause) {
    super(message, cause);
  }

  /**
   * Writes the trace to {@code error.log} in a folder; leaves the failure as it is where it cannot.
   */
  static RuntimeException of(RuntimeException failure, Path folder) {
    Path log = folder.resolve("error.log");
    StringWriter trace = new StringWriter();
    failure.printStackTrace(new PrintWriter(trace));
    try {
      Files.writeString(log, trace.toString());
    } catch (IOException e) {
      failure.addSuppressed(e);
      return failure;
    }
    return new ReportedException(failure + "; the stack trace is in " + log, failure);
  }
}
