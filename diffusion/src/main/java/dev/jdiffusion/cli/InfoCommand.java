package dev.jdiffusion.cli;

import dev.jdiffusion.cuda.CudaDriver;
import dev.jdiffusion.cuda.CudaDriverProbe;
import dev.jdiffusion.cuda.backend.VendorProducts;
import dev.jdiffusion.tensor.Backend;
import dev.jdiffusion.tensor.BackendProvider;
import dev.jdiffusion.tensor.BackendUnavailableException;
import dev.jdiffusion.tensor.Device;
import java.io.PrintStream;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.ServiceLoader;

/** {@code info}: what this machine has, what is used, and why what is not. */
final class InfoCommand {
  private static final String CUDA = "cuda";

  private InfoCommand() {}

  static int run(PrintStream out) {
    Runtime runtime = Runtime.getRuntime();
    row(out, "program", "JDiffusion " + CommandLines.version());
    row(
        out,
        "java",
        System.getProperty("java.vm.name")
            + " "
            + Runtime.version()
            + ", "
            + System.getProperty("java.home"));
    row(
        out,
        "machine",
        System.getProperty("os.name")
            + " "
            + System.getProperty("os.arch")
            + ", processors for this process: "
            + runtime.availableProcessors());
    row(
        out,
        "heap",
        String.format(
            Locale.ROOT,
            "at most %,d MB (JDIFFUSION_JAVA_OPTS=-Xmx8g changes it)",
            runtime.maxMemory() >> 20));
    out.println("devices:");
    for (BackendProvider provider : providers()) {
      if (provider.kind().equals(CUDA)) {
        describeCuda(out, provider, CudaDriverProbe.probe());
      } else {
        row(out, "  " + provider.kind(), describe(provider, ""));
      }
    }
    for (VendorProducts library : VendorProducts.values()) {
      row(out, "  " + library.label(), library.describe());
    }
    row(out, "used", "cpu, unless --device names another; own kernels, unless --matmul vendor");
    return ExitCode.DONE;
  }

  private static List<BackendProvider> providers() {
    return ServiceLoader.load(BackendProvider.class).stream()
        .map(ServiceLoader.Provider::get)
        .sorted(Comparator.comparing(BackendProvider::kind))
        .toList();
  }

  private static String describe(BackendProvider provider, String index) {
    try {
      Backend backend =
          provider.open(
              new Device(provider.kind(), index), Runtime.getRuntime().availableProcessors());
      return backend.description();
    } catch (BackendUnavailableException e) {
      return "not usable: " + e.getMessage();
    }
  }

  private static void row(PrintStream out, String name, String value) {
    out.printf(Locale.ROOT, "%-16s%s%n", name, value);
  }

  /** A GPU is opened only to say why it cannot be. */
  private static void describeCuda(PrintStream out, BackendProvider provider, CudaDriver driver) {
    switch (driver) {
      case CudaDriver.Unavailable none -> row(out, "  cuda", "not usable: " + none.reason());
      case CudaDriver.Available found -> {
        for (int i = 0; i < found.devices().size(); i++) {
          row(out, "  cuda:" + i, found.devices().get(i) + ", driver for CUDA " + found.version());
          row(out, "", describe(provider, String.valueOf(i)));
        }
      }
    }
    row(out, "  cuda:emulator", describe(provider, "emulator") + "; for tests, not for speed");
  }
}
