package dev.jdiffusion.cuda.emulator;

/** What a thread did wrong; {@link Block} adds the kernel, the line, the block and the thread. */
final class Fault extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final int lane;

  /**
   * A forbidden act.
   *
   * @param lane who did it
   * @param message what, such as {@code reads 4 bytes ...}
   */
  Fault(int lane, String message) {
    super(message, null, false, false);
    this.lane = lane;
  }

  int lane() {
    return lane;
  }
}
