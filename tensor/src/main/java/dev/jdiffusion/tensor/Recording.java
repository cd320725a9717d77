package dev.jdiffusion.tensor;

/** Work that a {@link Recorder} has written down, and the memory that it needs. */
public interface Recording extends AutoCloseable {
  /**
   * Lets the device do all of it, after whatever was asked for before.
   *
   * @return false if the device was short of memory since, and gave the recording's to others: then
   *     nothing was done, and the work has to be recorded anew
   */
  boolean replay();

  /** Gives its memory back. */
  @Override
  void close();
}
