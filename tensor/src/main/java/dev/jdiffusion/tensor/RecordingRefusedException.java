package dev.jdiffusion.tensor;

/** Work cannot be recorded; the message says in one line what in it stands against it. */
public final class RecordingRefusedException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public RecordingRefusedException(String message) {
    super(message);
  }

  public RecordingRefusedException(String message, Throwable cause) {
    super(message, cause);
  }
}
