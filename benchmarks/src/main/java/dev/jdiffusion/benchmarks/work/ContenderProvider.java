package dev.jdiffusion.benchmarks.work;

import java.util.List;

/** Makes contenders. Found through {@link java.util.ServiceLoader}. */
public interface ContenderProvider {
  /** The values of the benchmarks' {@code device} parameter that mean contenders of this kind. */
  List<String> devices();

  /** Whether a device is of this kind; {@link #devices()} need not name every number of a GPU. */
  default boolean has(String device) {
    return devices().contains(device);
  }

  /**
   * The environment that a process has to have before {@link #open}.
   *
   * @param device one that it {@link #has}
   */
  default Environment environment(String device) {
    return Environment.ANY;
  }

  /**
   * Opens a contender.
   *
   * @param device one that it {@link #has}
   * @throws dev.jdiffusion.tensor.BackendUnavailableException if this machine cannot run it; the
   *     message gives the reason in one line
   */
  Contender open(String device, int threads);
}
