package dev.jdiffusion.cuda;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.util.ArrayList;
import java.util.List;

/**
 * Asks the NVIDIA driver, if there is one, for its version and its GPUs, through the CUDA driver
 * API (function names and attribute numbers as in NVIDIA's {@code cuda.h}). It creates no context
 * and allocates no device memory.
 */
@SuppressWarnings("restricted")
public final class CudaDriverProbe {
  private static final int CUDA_SUCCESS = 0;
  private static final int COMPUTE_CAPABILITY_MAJOR = 75;
  private static final int COMPUTE_CAPABILITY_MINOR = 76;
  private static final int NAME_BYTES = 256;

  /** A driver call that failed; its message is the reason to report. */
  private static final class CallFailedException extends Exception {
    private static final long serialVersionUID = 1L;

    CallFailedException(String message) {
      super(message);
    }
  }

  private final SymbolLookup library;
  private final Arena arena;

  private CudaDriverProbe(SymbolLookup library, Arena arena) {
    this.library = library;
    this.arena = arena;
  }

  /** Looks for a driver and its devices. Never throws: whatever goes wrong is the reason. */
  public static CudaDriver probe() {
    return probe(libraryName(System.getProperty("os.name")));
  }

  static CudaDriver probe(String libraryName) {
    try (Arena arena = Arena.ofConfined()) {
      SymbolLookup library;
      try {
        // For good: a driver that was asked something must not be unloaded and loaded again.
        library = SymbolLookup.libraryLookup(libraryName, Arena.global());
      } catch (IllegalArgumentException e) {
        return new CudaDriver.Unavailable(
            "no NVIDIA driver: the library " + libraryName + " cannot be loaded");
      } catch (IllegalCallerException e) {
        return new CudaDriver.Unavailable(
            "native access is not allowed, so "
                + libraryName
                + " was not looked for (--enable-native-access=ALL-UNNAMED)");
      }
      return probe(libraryName, library, arena);
    }
  }

  static CudaDriver probe(String libraryName, SymbolLookup library, Arena arena) {
    try {
      return new CudaDriverProbe(library, arena).ask();
    } catch (CallFailedException e) {
      return new CudaDriver.Unavailable(libraryName + ": " + e.getMessage());
    }
  }

  /** The driver's library: it comes with the driver, not with the CUDA toolkit. */
  public static String libraryName(String osName) {
    return osName.startsWith("Windows") ? "nvcuda.dll" : "libcuda.so.1";
  }

  /** 12060 is CUDA 12.6. */
  static String decodeVersion(int version) {
    return version / 1000 + "." + version % 1000 / 10;
  }

  /** The text up to the terminating zero, or all of it where there is none. */
  static String decodeName(byte[] bytes) {
    int length = 0;
    while (length < bytes.length && bytes[length] != 0) {
      length++;
    }
    return new String(bytes, 0, length, UTF_8).trim();
  }

  private CudaDriver ask() throws CallFailedException {
    call("cuInit", 0);
    MemorySegment number = arena.allocate(JAVA_INT);
    call("cuDriverGetVersion", number);
    String version = decodeVersion(number.get(JAVA_INT, 0));
    call("cuDeviceGetCount", number);
    int count = number.get(JAVA_INT, 0);
    if (count < 1) {
      throw new CallFailedException("the driver for CUDA " + version + " sees no GPU");
    }
    List<CudaDevice> devices = new ArrayList<>();
    for (int ordinal = 0; ordinal < count; ordinal++) {
      devices.add(device(ordinal));
    }
    return new CudaDriver.Available(version, devices);
  }

  private CudaDevice device(int ordinal) throws CallFailedException {
    MemorySegment number = arena.allocate(JAVA_INT);
    call("cuDeviceGet", number, ordinal);
    int device = number.get(JAVA_INT, 0);
    MemorySegment name = arena.allocate(NAME_BYTES);
    call("cuDeviceGetName", name, NAME_BYTES, device);
    MemorySegment bytes = arena.allocate(JAVA_LONG);
    call("cuDeviceTotalMem_v2", bytes, device);
    call("cuDeviceGetAttribute", number, COMPUTE_CAPABILITY_MAJOR, device);
    int major = number.get(JAVA_INT, 0);
    call("cuDeviceGetAttribute", number, COMPUTE_CAPABILITY_MINOR, device);
    return new CudaDevice(
        ordinal,
        decodeName(name.toArray(JAVA_BYTE)),
        bytes.get(JAVA_LONG, 0),
        major,
        number.get(JAVA_INT, 0));
  }

  /** Calls a function whose arguments are ints and pointers and whose result is a CUresult. */
  private void call(String function, Object... arguments) throws CallFailedException {
    MemoryLayout[] layouts = new MemoryLayout[arguments.length];
    for (int i = 0; i < arguments.length; i++) {
      layouts[i] = arguments[i] instanceof MemorySegment ? ADDRESS : JAVA_INT;
    }
    int result;
    try {
      result = (int) handle(function, layouts).invokeWithArguments(arguments);
    } catch (CallFailedException e) {
      throw e;
    } catch (Throwable e) {
      throw new CallFailedException(function + " cannot be called: " + e);
    }
    if (result != CUDA_SUCCESS) {
      throw new CallFailedException(function + " failed with " + describe(result));
    }
  }

  private MethodHandle handle(String function, MemoryLayout... layouts) throws CallFailedException {
    MemorySegment address =
        library
            .find(function)
            .orElseThrow(() -> new CallFailedException("it has no function " + function));
    return Linker.nativeLinker().downcallHandle(address, FunctionDescriptor.of(JAVA_INT, layouts));
  }

  /** For example {@code error 100 (CUDA_ERROR_NO_DEVICE)}. */
  private String describe(int error) {
    MemorySegment text = arena.allocate(ADDRESS);
    try {
      int result =
          (int) handle("cuGetErrorName", JAVA_INT, ADDRESS).invokeWithArguments(error, text);
      if (result == CUDA_SUCCESS) {
        MemorySegment name = text.get(ADDRESS, 0).reinterpret(NAME_BYTES);
        return "error " + error + " (" + name.getString(0) + ")";
      }
      return "error " + error;
    } catch (Throwable e) {
      return "error " + error + " (its name cannot be asked for: " + e + ")";
    }
  }
}
