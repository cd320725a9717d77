package dev.jdiffusion.benchmarks.peers;

import dev.jdiffusion.benchmarks.work.Contender;
import dev.jdiffusion.benchmarks.work.ContenderProvider;
import dev.jdiffusion.tensor.BackendUnavailableException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import org.bytedeco.javacpp.Loader;

/** Opens libtorch, in both of its memory formats, and OpenBLAS. */
public final class PeerProvider implements ContenderProvider {
  private static final String CONTIGUOUS = "libtorch";
  private static final String CHANNELS_LAST = "libtorch-channels-last";
  private static final String OPENBLAS = "openblas";

  @Override
  public List<String> devices() {
    return List.of(CONTIGUOUS, CHANNELS_LAST, OPENBLAS);
  }

  @Override
  public Contender open(String device, int threads) {
    try {
      return switch (device) {
        case CONTIGUOUS -> LibtorchContender.open(false, threads);
        case CHANNELS_LAST -> LibtorchContender.open(true, threads);
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
