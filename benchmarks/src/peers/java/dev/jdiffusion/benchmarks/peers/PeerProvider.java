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
import java.util.Set;
import org.bytedeco.javacpp.Loader;

/**
 * Opens libtorch, in both of its memory formats, as installed and tuned, and OpenBLAS at its best.
 */
public final class PeerProvider implements ContenderProvider {
  private static final String CONTIGUOUS = "libtorch";
  private static final String CHANNELS_LAST = "libtorch-channels-last";
  private static final String TUNED_CONTIGUOUS = "libtorch-tuned";
  private static final String TUNED_CHANNELS_LAST = "libtorch-tuned-channels-last";
  private static final String AVX2_CHANNELS_LAST = "libtorch-avx2-channels-last";
  private static final String TUNED_AVX2_CHANNELS_LAST = "libtorch-tuned-avx2-channels-last";
  private static final String OPENBLAS = "openblas";

  /**
   * oneDNN, which convolves for libtorch, without its kernels for AVX-512: on one virtual machine,
   * which hides the sizes of its caches, those computed something else in a convolution of one
   * channel, as a plain loop showed.
   */
  private static final Map<String, String> AVX2 = Map.of("ONEDNN_MAX_CPU_ISA", "AVX2");

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

  private static final String AVX2_ONLY = ", oneDNN without AVX-512";

  @Override
  public List<String> devices() {
    return List.of(
        CONTIGUOUS,
        CHANNELS_LAST,
        AVX2_CHANNELS_LAST,
        TUNED_CONTIGUOUS,
        TUNED_CHANNELS_LAST,
        TUNED_AVX2_CHANNELS_LAST,
        OPENBLAS);
  }

  @Override
  public Environment environment(String device) {
    Map<String, String> variables = new HashMap<>();
    if (!isInstalled(device)) {
      variables.putAll(tuned());
    }
    if (isLimited(device)) {
      variables.putAll(AVX2);
    }
    return new Environment(CLEARED, variables);
  }

  private static boolean isInstalled(String device) {
    return Set.of(CONTIGUOUS, CHANNELS_LAST, AVX2_CHANNELS_LAST).contains(device);
  }

  private static boolean isLimited(String device) {
    return Set.of(AVX2_CHANNELS_LAST, TUNED_AVX2_CHANNELS_LAST).contains(device);
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
    if (isLimited(device) && !hasAvx512()) {
      throw new BackendUnavailableException(
          device + " is for processors with AVX-512; here libtorch runs its other kernels anyway");
    }
    return load(device, threads);
  }

  /** Opens a peer in whatever environment: its results are right in any. */
  static Contender load(String device, int threads) {
    try {
      return switch (device) {
        case CONTIGUOUS -> LibtorchContender.open(TorchFormat.CONTIGUOUS, false, "", threads);
        case CHANNELS_LAST -> LibtorchContender.open(TorchFormat.CHANNELS_LAST, false, "", threads);
        case AVX2_CHANNELS_LAST ->
            LibtorchContender.open(TorchFormat.CHANNELS_LAST, false, AVX2_ONLY, threads);
        case TUNED_CONTIGUOUS -> LibtorchContender.open(TorchFormat.CONTIGUOUS, true, "", threads);
        case TUNED_CHANNELS_LAST ->
            LibtorchContender.open(TorchFormat.CHANNELS_LAST, true, "", threads);
        case TUNED_AVX2_CHANNELS_LAST ->
            LibtorchContender.open(TorchFormat.CHANNELS_LAST, true, AVX2_ONLY, threads);
        case OPENBLAS -> OpenBlasContender.open(threads);
        default -> throw new IllegalArgumentException("no peer is called " + device);
      };
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
