package dev.jdiffusion.tensor;

/** A device does not exist on this machine; the message says in one line why, and what to do. */
public final class BackendUnavailableException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public BackendUnavailableException(String message) {
    super(message);
  }
}
