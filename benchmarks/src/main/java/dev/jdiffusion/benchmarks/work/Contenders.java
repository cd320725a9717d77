package dev.jdiffusion.benchmarks.work;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.ServiceLoader;

/** All contenders that this build knows. */
public final class Contenders {
  private Contenders() {}

  /** The names of their devices, ours first. */
  public static List<String> devices() {
    List<String> devices = new ArrayList<>(new JDiffusionProvider().devices());
    for (ContenderProvider provider : ServiceLoader.load(ContenderProvider.class)) {
      provider.devices().stream().filter(name -> !devices.contains(name)).forEach(devices::add);
    }
    return devices;
  }

  /** Whether a device is this project's own. */
  public static boolean isOurs(String device) {
    return new JDiffusionProvider().has(device);
  }

  /** Whether this build has a contender for a device; whether it opens is another question. */
  public static boolean has(String device) {
    return provider(device).isPresent();
  }

  /**
   * Opens a contender.
   *
   * @throws IllegalArgumentException if no contender has a device of this name
   * @throws dev.jdiffusion.tensor.BackendUnavailableException if this machine cannot run it
   */
  public static Contender open(String device, int threads) {
    return require(device).open(device, threads);
  }

  /**
   * The environment of a process that opens a contender.
   *
   * @throws IllegalArgumentException if no contender has a device of this name
   */
  public static Environment environment(String device) {
    return require(device).environment(device);
  }

  private static Optional<ContenderProvider> provider(String device) {
    return ServiceLoader.load(ContenderProvider.class).stream()
        .map(ServiceLoader.Provider::get)
        .filter(provider -> provider.has(device))
        .findFirst();
  }

  private static ContenderProvider require(String device) {
    return provider(device)
        .orElseThrow(() ->
            new IllegalArgumentException(
                "no device '%s'; this build has %s (other libraries need the profile: ./mvnw -Ppeers)"
                    .formatted(device, String.join(", ", devices()))));
  }
}
