package dev.jdiffusion.tensor;

import java.util.ServiceLoader;
import java.util.TreeSet;

/** Opens backends by the name of their device. */
public final class Backends {
  private Backends() {}

  /** Opens a device with as many threads as this process may use processors. */
  public static Backend open(Device device) {
    return open(device, Runtime.getRuntime().availableProcessors());
  }

  /** Opens a device with a number of threads. */
  public static Backend open(Device device, int threads) {
    return open(device, threads, Precision.FP32);
  }

  /** Opens a device with a number of threads and a precision of products. */
  public static Backend open(Device device, int threads, Precision precision) {
    return open(device, threads, precision, Products.OWN);
  }

  /** Opens a device with a number of threads, a precision of products, and who computes them. */
  public static Backend open(Device device, int threads, Precision precision, Products products) {
    if (threads < 1) {
      throw new IllegalArgumentException("threads must be at least 1, got " + threads);
    }
    TreeSet<String> kinds = new TreeSet<>();
    for (BackendProvider provider : ServiceLoader.load(BackendProvider.class)) {
      if (provider.kind().equals(device.kind())) {
        return provider.open(device, threads, precision, products);
      }
      kinds.add(provider.kind());
    }
    throw new BackendUnavailableException(
        "no device '" + device + "'; available kinds: " + String.join(", ", kinds));
  }
}
