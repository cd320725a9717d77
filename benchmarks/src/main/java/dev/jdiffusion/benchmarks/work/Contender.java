package dev.jdiffusion.benchmarks.work;

/**
 * A library on a device that can do the work. Made anew in each fork; what it holds lives as long
 * as the fork.
 */
public interface Contender {
  /** One line for people: library, version, memory format, threads. */
  String description();

  /**
   * Gets ready to do {@code work}: inputs copied into this contender's own layout, outputs
   * allocated.
   *
   * @throws UnsupportedOperationException if this contender does not do such work; the message says
   *     so in one line
   */
  Operation prepare(Workload work);

  /**
   * Waits until all that operations have started is done. A device of its own takes work and
   * returns at once; what returns when it is done has nothing to wait for.
   */
  default void finish() {}
}
