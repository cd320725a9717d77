package dev.jdiffusion.tensor;

/** Work that a {@link Recorder} has written down, and the memory that it needs. */
public interface Recording extends AutoCloseable {
  /** Lets the device do all of it, after whatever was asked for before. */
  void replay();

  /** Gives its memory back. */
  @Override
  void close();
}
