package dev.jdiffusion.benchmarks.peers;

import dev.jdiffusion.benchmarks.work.Contender;
import dev.jdiffusion.benchmarks.work.ContenderProvider;
import dev.jdiffusion.benchmarks.work.Environment;
import dev.jdiffusion.tensor.BackendUnavailableException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.javacpp.Loader;

/**
 * Opens libtorch, in both of its memory formats, as installed and tuned, and OpenBLAS at its best.
 */
public final class PeerProvider implements ContenderProvider {
  private static final String LIBTORCH = "libtorch";
  private static final String OPENBLAS = "openblas";

  // What a libtorch's name goes on with, in this order.
  private static final String TUNED = "-tuned";
  private static final String AVX2 = "-avx2";
  private static final String CHANNELS_LAST = "-channels-last";

  private static final List<String> DEVICES =
      List.of(
          LIBTORCH,
          LIBTORCH + CHANNELS_LAST,
          LIBTORCH + AVX2 + CHANNELS_LAST,
          LIBTORCH + TUNED,
          LIBTORCH + TUNED + CHANNELS_LAST,
          LIBTORCH + TUNED + AVX2 + CHANNELS_LAST,
          OPENBLAS);

  /** Whatever changes memory, threads or kernels of these libraries behind their API. */
  private static final List<String> CLEARED =
      List.of(
          "ATEN_",
          "DNNL_",
          "GLIBC_TUNABLES",
          "GOMP_",
          "LD_PRELOAD",
          "MALLOC_",
          "OMP_",
          "ONEDNN_",
          "OPENBLAS_",
          "TORCH_");

  /** glibc keeps large blocks instead of returning them, and asks for large pages. */
  private static final Map<String, String> TUNED_MEMORY =
      Map.of(
          "MALLOC_MMAP_THRESHOLD_",
          "4294967296",
          "MALLOC_TRIM_THRESHOLD_",
          "17179869184",
          "GLIBC_TUNABLES",
          "glibc.malloc.hugetlb=1");

  /**
   * oneDNN, which convolves for libtorch, without its kernels for AVX-512: on one virtual machine,
   * which hides the sizes of its caches, those computed something else in a convolution of one
   * channel, as a plain loop showed.
   */
  private static final Map<String, String> LIMITED = Map.of("ONEDNN_MAX_CPU_ISA", "AVX2");

  @Override
  public List<String> devices() {
    return DEVICES;
  }

  @Override
  public Environment environment(String device) {
    Map<String, String> variables = new HashMap<>();
    if (device.equals(OPENBLAS) || device.contains(TUNED)) {
      variables.putAll(tuned());
    }
    if (device.contains(AVX2)) {
      variables.putAll(LIMITED);
    }
    return new Environment(CLEARED, variables);
  }

  private static Map<String, String> tuned() {
    Map<String, String> variables = new HashMap<>(TUNED_MEMORY);
    if (hasAvx512()) {
      // The widest kernels, which OpenBLAS does not choose by itself on every processor.
      variables.put(OpenBlasContender.KERNEL, "SkylakeX");
    }
    return variables;
  }

  private static boolean hasAvx512() {
    Path processors = Path.of("/proc/cpuinfo");
    try {
      return Files.exists(processors) && Files.readString(processors).contains(" avx512f ");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public Contender open(String device, int threads) {
    Environment environment = environment(device);
    if (!environment.isThatOf(System.getenv())) {
      throw new BackendUnavailableException(
          "%s is measured in an environment of its own: %s java ..., or JMH's option -prof %s"
              .formatted(
                  device,
                  String.join(" ", environment.command(System.getenv())),
                  "dev.jdiffusion.benchmarks.ContenderEnvironment"));
    }
    if (device.contains(AVX2) && !hasAvx512()) {
      throw new BackendUnavailableException(
          device + " is for processors with AVX-512; here libtorch runs its other kernels anyway");
    }
    return load(device, threads);
  }

  /** Opens a peer in whatever environment: its results are right in any. */
  static Contender load(String device, int threads) {
    if (!DEVICES.contains(device)) {
      throw new IllegalArgumentException("no peer is called " + device);
    }
    try {
      return device.equals(OPENBLAS)
          ? OpenBlasContender.open(threads)
          : LibtorchContender.open(
              device.endsWith(CHANNELS_LAST) ? TorchFormat.CHANNELS_LAST : TorchFormat.CONTIGUOUS,
              device.contains(TUNED),
              device.contains(AVX2),
              threads);
    } catch (LinkageError e) {
      // The loader nests the reason, and the outer messages only say which class failed.
      Throwable cause = e;
      while (cause.getCause() != null) {
        cause = cause.getCause();
      }
      String reason = String.valueOf(cause.getMessage()).lines().findFirst().orElse("");
      throw new BackendUnavailableException(
          device + " cannot be loaded on this machine: " + reason);
    }
  }

  /** The version of a library. */
  static String version(String artifact) {
    try {
      return Loader.getVersion("org.bytedeco", artifact);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
