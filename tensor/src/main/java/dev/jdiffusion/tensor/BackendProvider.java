package dev.jdiffusion.tensor;

/** Makes the backends of one kind of device; found through {@link java.util.ServiceLoader}. */
public interface BackendProvider {
  /** The {@link Device#kind} it serves. */
  String kind();

  /**
   * Opens a device.
   *
   * @param threads how many threads the backend's kernels may use
   * @throws BackendUnavailableException with the reason in one line, if this machine cannot run it
   */
  Backend open(Device device, int threads);
}
