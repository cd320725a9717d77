package dev.jdiffusion.cuda.emulator;

/** Is told of every kernel that an {@link EmulatorDriver} has run. */
@FunctionalInterface
public interface LaunchListener {
  /**
   * A kernel has run.
   *
   * @param blocks of the whole grid
   * @param threads of a block
   * @param counts what this launch did
   */
  void launched(String kernel, long blocks, int threads, Emulation counts);
}
