package dev.jdiffusion.cuda.ptx;

/** PTX that cannot be read; the message names the line. */
public final class PtxException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public PtxException(int line, String message) {
    super("line " + line + ": " + message);
  }
}
