package dev.jdiffusion.tensor;

/**
 * A device has too little memory; the message says in one line how much was asked for, is in use
 * and is free.
 */
public final class OutOfDeviceMemoryException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /**
   * What is missing.
   *
   * @param cause what the device's driver said
   */
  public OutOfDeviceMemoryException(String message, Throwable cause) {
    super(message, cause);
  }
}
