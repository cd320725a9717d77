package dev.jdiffusion.benchmarks.work;

import java.util.List;

/** Makes contenders. Found through {@link java.util.ServiceLoader}. */
public interface ContenderProvider {
  /** The values of the benchmarks' {@code device} parameter that mean contenders of this kind. */
  List<String> devices();

  /**
   * The environment that a process has to have before {@link #open}.
   *
   * @param device one of {@link #devices()}
   */
  default Environment environment(String device) {
    return Environment.ANY;
  }

  /**
   * Opens a contender.
   *
   * @param device one of {@link #devices()}
   * @throws dev.jdiffusion.tensor.BackendUnavailableException if this machine cannot run it; the
   *     message gives the reason in one line
   */
  Contender open(String device, int threads);
}
