package dev.jdiffusion.cuda.backend;

import dev.jdiffusion.cuda.CudaDriver;
import dev.jdiffusion.cuda.CudaDriverProbe;
import dev.jdiffusion.cuda.driver.GpuException;
import dev.jdiffusion.cuda.jcuda.JCublas;
import dev.jdiffusion.cuda.jcuda.JCudnn;
import dev.jdiffusion.cuda.vendor.ForeignCublas;
import dev.jdiffusion.cuda.vendor.ForeignCudnn;
import dev.jdiffusion.cuda.vendor.VendorLibrary;
import dev.jdiffusion.cuda.vendor.VendorSearch;
import dev.jdiffusion.tensor.Backend;
import dev.jdiffusion.tensor.BackendUnavailableException;
import dev.jdiffusion.tensor.Device;
import dev.jdiffusion.tensor.Precision;
import java.lang.foreign.SymbolLookup;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Products by NVIDIA's libraries: which of them are on this machine, and by which way they are
 * called: through JCuda the versions that it was built for, all others through {@code
 * java.lang.foreign}.
 */
public enum VendorProducts {
  /** Matrix products. */
  CUBLAS("cuBLAS", 12),
  /** Convolutions. */
  CUDNN("cuDNN", 8);

  private final String label;
  private final int versionOfJcuda;

  VendorProducts(String label, int versionOfJcuda) {
    this.label = label;
    this.versionOfJcuda = versionOfJcuda;
  }

  /** As NVIDIA writes its name. */
  public String label() {
    return label;
  }

  /** A library, and why it is not called through JCuda; null if it is. */
  private record Route(VendorLibrary.Found library, @Nullable String notThroughJcuda) {
    boolean isJcuda() {
      return notThroughJcuda == null;
    }

    @Override
    public String toString() {
      return library
          + (isJcuda() ? " through JCuda" : " through java.lang.foreign (" + notThroughJcuda + ")");
    }
  }

  private VendorLibrary search() {
    VendorSearch search = new VendorSearch();
    return this == CUBLAS ? search.cublas() : search.cudnn();
  }

  private Route route(VendorLibrary.Found library) {
    if (library.major() != versionOfJcuda) {
      return new Route(library, "JCuda calls " + label + " " + versionOfJcuda + " alone");
    }
    try {
      if (this == CUBLAS) {
        JCublas.load();
      } else {
        JCudnn.load();
      }
      return new Route(library, null);
    } catch (GpuException e) {
      return new Route(library, String.valueOf(e.getMessage()));
    }
  }

  /** Which one is there and how it is called, or why none is; one line. */
  public String describe() {
    return switch (search()) {
      case VendorLibrary.Found found -> route(found).toString();
      case VendorLibrary.Missing missing -> "not usable: " + missing.reason();
    };
  }

  private VendorLibrary.Found require() {
    return switch (search()) {
      case VendorLibrary.Found found -> found;
      case VendorLibrary.Missing missing ->
          throw new BackendUnavailableException("no " + label + ": " + missing.reason());
    };
  }

  /**
   * Opens a GPU whose products these libraries compute, and its own kernels the rest.
   *
   * @throws BackendUnavailableException with the reason in one line, if there is no such GPU or one
   *     of the libraries is missing
   */
  public static Backend open(
      Device device, int threads, Precision precision, List<VendorProducts> libraries) {
    if (device.index().equals(CudaBackendProvider.EMULATOR)) {
      throw new BackendUnavailableException(
          "NVIDIA's libraries run on GPUs alone, not on " + device);
    }
    if (CudaDriverProbe.probe() instanceof CudaDriver.Unavailable(String reason)) {
      throw new BackendUnavailableException("cuda is unavailable: " + reason);
    }
    Map<VendorProducts, VendorLibrary.Found> found = new EnumMap<>(VendorProducts.class);
    libraries.forEach(library -> found.put(library, library.require()));
    return CudaBackendProvider.open(device, threads, precision, vendor(precision, found));
  }

  /** The ways to open libraries. */
  static Vendor vendor(Precision precision, Map<VendorProducts, VendorLibrary.Found> libraries) {
    List<String> descriptions = new ArrayList<>();
    Vendor.CublasOpener cublas = null;
    Vendor.CudnnOpener cudnn = null;
    for (var library : libraries.entrySet()) {
      Route route = library.getKey().route(library.getValue());
      SymbolLookup symbols = library.getValue().symbols();
      descriptions.add(route.toString());
      switch (library.getKey()) {
        case CUBLAS ->
            cublas =
                route.isJcuda()
                    ? (stream, memory, bytes) -> JCublas.open(symbols, stream, memory, bytes)
                    : (stream, memory, bytes) -> ForeignCublas.open(symbols, stream, memory, bytes);
        case CUDNN -> {
          cudnn =
              route.isJcuda()
                  ? stream -> JCudnn.open(symbols, stream)
                  : stream -> ForeignCudnn.open(symbols, stream);
          if (precision == Precision.BF16) {
            descriptions.add("which convolves floats in tf32, not in bf16");
          }
        }
      }
    }
    return new Vendor(cublas, cudnn, String.join(", ", descriptions));
  }
}
