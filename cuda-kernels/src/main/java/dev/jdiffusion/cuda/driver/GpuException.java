package dev.jdiffusion.cuda.driver;

/**
 * A call of a GPU driver that failed, or a kernel that did something forbidden. The message is one
 * line: the call, the kernel if there is one, the error's name, and what to do where that is known.
 */
public final class GpuException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public GpuException(String message) {
    super(message);
  }
}
