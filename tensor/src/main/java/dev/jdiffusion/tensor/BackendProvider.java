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

  /**
   * Opens a device for products of some precision.
   *
   * @param threads how many threads the backend's kernels may use
   * @throws BackendUnavailableException with the reason in one line, if this machine cannot run it,
   *     or the device does not have the precision
   */
  default Backend open(Device device, int threads, Precision precision) {
    if (precision != Precision.FP32) {
      throw new BackendUnavailableException(
          "device '" + device + "' does not compute in " + precision + ", only GPUs do");
    }
    return open(device, threads);
  }

  /**
   * Opens a device for products of some precision by somebody's code.
   *
   * @param threads how many threads the backend's kernels may use
   * @throws BackendUnavailableException with the reason in one line, if this machine cannot run it,
   *     the device does not have the precision, or there is no such code for it
   */
  default Backend open(Device device, int threads, Precision precision, Products products) {
    if (products != Products.OWN) {
      throw new BackendUnavailableException(
          "device '" + device + "' has no vendor's library for products, only NVIDIA's GPUs do");
    }
    return open(device, threads, precision);
  }
}
