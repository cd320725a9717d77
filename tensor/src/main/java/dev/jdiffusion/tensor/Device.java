package dev.jdiffusion.tensor;

import java.util.Locale;

/**
 * Names where tensors live and kernels run: {@code cpu}, {@code reference}, {@code cuda:0}, {@code
 * cuda:emulator}.
 *
 * @param kind the backend's family, such as {@code cpu}
 * @param index which of several, such as {@code 0} or {@code emulator}; empty where there is only
 *     one
 */
public record Device(String kind, String index) {
  public static final Device CPU = new Device("cpu", "");
  public static final Device REFERENCE = new Device("reference", "");

  /** Parses {@code kind} or {@code kind:index}. */
  public static Device parse(String text) {
    String lower = text.strip().toLowerCase(Locale.ROOT);
    int colon = lower.indexOf(':');
    Device device =
        colon < 0
            ? new Device(lower, "")
            : new Device(lower.substring(0, colon), lower.substring(colon + 1));
    if (device.kind.isEmpty() || (colon >= 0 && device.index.isEmpty())) {
      throw new IllegalArgumentException(
          "device '" + text + "' is not of the form kind or kind:index");
    }
    return device;
  }

  @Override
  public String toString() {
    return index.isEmpty() ? kind : kind + ":" + index;
  }
}
