package dev.jdiffusion.cuda.backend;

import dev.jdiffusion.cuda.driver.GpuDevice;
import dev.jdiffusion.cuda.driver.GpuDriver;
import dev.jdiffusion.cuda.driver.GpuException;
import dev.jdiffusion.cuda.driver.GpuModule;
import dev.jdiffusion.cuda.driver.GpuStream;
import dev.jdiffusion.tensor.BackendUnavailableException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The PTX that comes with this program. A kernel file exists for one tier or several; a device gets
 * the newest that its compute capability and its driver have, and the next older one if that is
 * refused.
 */
final class PtxLibrary implements Kernels {
  /**
   * A set of PTX files, in the folder of its name.
   *
   * @param capability the least compute capability, 75 of 7.5
   * @param driverVersion the least CUDA version of the driver: of the PTX version in the files
   */
  private record Tier(String name, int capability, int driverVersion) {}

  /** Newest first. */
  private static final List<Tier> TIERS =
      List.of(new Tier("sm_80", 80, 11000), new Tier("sm_75", 75, 10000));

  private static final String FOLDER = "/dev/jdiffusion/cuda/ptx/";

  private static final System.Logger LOG = System.getLogger(PtxLibrary.class.getName());

  /** A loaded file and the kernels that were asked of it. */
  private record File(Tier tier, GpuModule module, Map<String, Kernel> kernels) {}

  private final GpuDriver driver;
  private final GpuStream stream;
  private final GpuDevice device;
  private final List<Tier> tiers;
  private final Map<String, File> files = new HashMap<>();

  /**
   * @throws GpuException if the device or its driver is too old for all tiers
   */
  PtxLibrary(GpuDriver driver, GpuStream stream) {
    this.driver = driver;
    this.stream = stream;
    this.device = driver.device();
    int capability = device.major() * 10 + device.minor();
    this.tiers =
        TIERS.stream()
            .filter(tier ->
                capability >= tier.capability && device.driverVersion() >= tier.driverVersion)
            .toList();
    if (tiers.isEmpty()) {
      Tier oldest = TIERS.getLast();
      throw new GpuException(
          "%s has compute capability %d.%d and a driver for CUDA %d.%d; the kernels need %d.%d and %d.%d"
              .formatted(
                  device.name(),
                  device.major(),
                  device.minor(),
                  device.driverVersion() / 1000,
                  device.driverVersion() % 1000 / 10,
                  oldest.capability / 10,
                  oldest.capability % 10,
                  oldest.driverVersion / 1000,
                  oldest.driverVersion % 1000 / 10));
    }
  }

  @Override
  public GpuDevice device() {
    return device;
  }

  @Override
  public Kernel get(String file, String function) {
    File loaded = files.get(file);
    if (loaded == null) {
      loaded = load(file);
      files.put(file, loaded);
    }
    Kernel kernel = loaded.kernels.get(function);
    if (kernel == null) {
      try {
        kernel = new Kernel(driver, stream, loaded.module.function(function));
      } catch (GpuException e) {
        // The emulator decodes a kernel, and a driver may compile it, when it is first looked up.
        throw new BackendUnavailableException(refusal(e, loaded.tier));
      }
      loaded.kernels.put(function, kernel);
    }
    return kernel.fresh();
  }

  private File load(String file) {
    @Nullable String refusal = null;
    for (Tier tier : tiers) {
      String ptx = text(FOLDER + tier.name + "/" + file + ".ptx");
      if (ptx == null) {
        continue;
      }
      if (refusal != null) {
        LOG.log(System.Logger.Level.WARNING, "{0}; instead that for {1}", refusal, tier.name);
      }
      try {
        return new File(tier, driver.load(file, ptx), new HashMap<>());
      } catch (GpuException e) {
        refusal = refusal(e, tier);
      }
    }
    // Kernels are loaded when they are first used; until then nobody knows that they do not run.
    throw refusal != null
        ? new BackendUnavailableException(refusal)
        : new GpuException("there is no PTX of " + file + " for " + device.name());
  }

  private static String refusal(GpuException e, Tier tier) {
    return e.getMessage() + " (the PTX for " + tier.name + ")";
  }

  private static @Nullable String text(String resource) {
    try (InputStream in = PtxLibrary.class.getResourceAsStream(resource)) {
      return in == null ? null : new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
