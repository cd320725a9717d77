package dev.jdiffusion.cuda.jcuda;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandles;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The functions of NVIDIA's driver that are called here, as cuda.h declares them, for two GPUs that
 * exist in this process's memory alone. Calls are written down; any of them can be made to fail.
 *
 * <p>Its one kernel is {@code scale(float* x, int n, float factor)}, and {@code wide} takes
 * whatever it is given.
 */
@SuppressWarnings({"restricted", "unused"}) // Called through addresses.
final class FakeCuda {
  private static final int SUCCESS = 0;
  private static final int CAPABILITY_MAJOR = 75;
  private static final int CAPABILITY_MINOR = 76;

  /** A launch with its arguments as they were. */
  private record Launch(String kernel, long pointer, int count, float factor) {
    void run() {
      if (kernel.equals("scale")) {
        MemorySegment x = MemorySegment.ofAddress(pointer).reinterpret(4L * count);
        for (int i = 0; i < count; i++) {
          x.setAtIndex(JAVA_FLOAT, i, x.getAtIndex(JAVA_FLOAT, i) * factor);
        }
      }
    }
  }

  private static final Map<Integer, String> ERRORS =
      Map.of(
          1, "CUDA_ERROR_INVALID_VALUE",
          2, "CUDA_ERROR_OUT_OF_MEMORY",
          218, "CUDA_ERROR_INVALID_PTX",
          500, "CUDA_ERROR_NOT_FOUND",
          600, "CUDA_ERROR_NOT_READY",
          700, "CUDA_ERROR_ILLEGAL_ADDRESS");

  private final FakeLibrary library;
  private final Arena arena = Arena.global();
  private final Map<Long, Long> memory = new HashMap<>();
  private final Map<Long, String> functions = new HashMap<>();
  private final List<Launch> captured = new ArrayList<>();
  private boolean capturing;
  private long nextHandle = 0x1000;

  /** Calls, each with its arguments, in their order. */
  final List<String> calls = new ArrayList<>();

  /** What a function returns instead of doing anything. */
  final Map<String, Integer> failures = new HashMap<>();

  int driverVersion = 12060;
  int computeCapability = 86;

  /** Takes the place of the driver for this process. */
  FakeCuda(Path directory) throws IOException {
    library = new FakeLibrary(directory, "libcuda.so.1", this, MethodHandles.lookup(), "cu");
  }

  /** Forgets what happened and what was asked of it, but not its memory. */
  void reset() {
    calls.clear();
    failures.clear();
    driverVersion = 12060;
    computeCapability = 86;
  }

  /** How many blocks of device or pinned memory are out. */
  int allocations() {
    return memory.size();
  }

  /** Lets a function return at once while an action runs, without a call into Java. */
  void shortCut(String function, Runnable action) {
    library.shortCut(function, action);
  }

  /** Writes a call down; its failure if one was asked for. */
  private int call(String name, Object... arguments) {
    StringBuilder line = new StringBuilder(name);
    for (Object argument : arguments) {
      line.append(' ').append(argument);
    }
    calls.add(line.toString());
    return failures.getOrDefault(name, SUCCESS);
  }

  private static void set(MemorySegment target, int value) {
    target.reinterpret(4).set(JAVA_INT, 0, value);
  }

  private static void set(MemorySegment target, long value) {
    target.reinterpret(8).set(JAVA_LONG, 0, value);
  }

  private static MemorySegment bytes(long address, long size) {
    return MemorySegment.ofAddress(address).reinterpret(size);
  }

  private int handle(String name, MemorySegment target, Object... arguments) {
    int result = call(name, arguments);
    set(target, nextHandle);
    nextHandle += 16;
    return result;
  }

  private int text(MemorySegment target, int error, String suffix) {
    String name = ERRORS.get(error);
    if (name == null) {
      return 1;
    }
    target.reinterpret(8).set(ADDRESS, 0, arena.allocateFrom(name + suffix));
    return SUCCESS;
  }

  int cuGetErrorName(int error, MemorySegment text) {
    return text(text, error, "");
  }

  int cuGetErrorString(int error, MemorySegment text) {
    return text(text, error, " explained");
  }

  int cuInit(int flags) {
    return call("cuInit", flags);
  }

  int cuDriverGetVersion(MemorySegment version) {
    set(version, driverVersion);
    return call("cuDriverGetVersion");
  }

  int cuDeviceGetCount(MemorySegment count) {
    set(count, 2);
    return call("cuDeviceGetCount");
  }

  int cuDeviceGet(MemorySegment device, int ordinal) {
    set(device, 70 + ordinal);
    return call("cuDeviceGet", ordinal);
  }

  int cuDeviceGetName(MemorySegment name, int length, int device) {
    byte[] text = ("Fake GPU " + (device - 70) + "\0").getBytes(UTF_8);
    MemorySegment.copy(text, 0, name.reinterpret(length), JAVA_BYTE, 0, text.length);
    return call("cuDeviceGetName", device);
  }

  int cuDeviceTotalMem_v2(MemorySegment bytes, int device) {
    set(bytes, 1L << 33);
    return call("cuDeviceTotalMem_v2", device);
  }

  int cuDeviceGetAttribute(MemorySegment value, int attribute, int device) {
    set(
        value,
        switch (attribute) {
          case CAPABILITY_MAJOR -> computeCapability / 10;
          case CAPABILITY_MINOR -> computeCapability % 10;
          case 16 -> 82;
          case 97 -> 101376;
          default -> -1;
        });
    return call("cuDeviceGetAttribute", attribute, device);
  }

  int cuDevicePrimaryCtxRetain(MemorySegment context, int device) {
    set(context, 0xC0L + device);
    return call("cuDevicePrimaryCtxRetain", device);
  }

  int cuDevicePrimaryCtxRelease_v2(int device) {
    return call("cuDevicePrimaryCtxRelease_v2", device);
  }

  int cuCtxSetCurrent(long context) {
    return call("cuCtxSetCurrent", context - 0xC0);
  }

  int cuMemAlloc_v2(MemorySegment target, long size) {
    int result = call("cuMemAlloc_v2", size);
    if (result == SUCCESS) {
      allocate(target, size);
    }
    return result;
  }

  private void allocate(MemorySegment target, long size) {
    MemorySegment block = arena.allocate(size, 256);
    long address = block.address();
    memory.put(address, size);
    set(target, address);
  }

  int cuMemFree_v2(long address) {
    int result = call("cuMemFree_v2");
    return result != SUCCESS ? result : memory.remove(address) == null ? 1 : SUCCESS;
  }

  int cuMemGetInfo_v2(MemorySegment free, MemorySegment total) {
    set(free, 3L << 20);
    set(total, 1L << 33);
    return call("cuMemGetInfo_v2");
  }

  int cuMemHostAlloc(MemorySegment target, long size, int flags) {
    int result = call("cuMemHostAlloc", size, flags);
    if (result == SUCCESS) {
      allocate(target, size);
    }
    return result;
  }

  int cuMemFreeHost(long address) {
    int result = call("cuMemFreeHost");
    return result != SUCCESS ? result : memory.remove(address) == null ? 1 : SUCCESS;
  }

  int cuMemcpyHtoDAsync_v2(long target, long source, long size, long stream) {
    bytes(target, size).copyFrom(bytes(source, size));
    return call("cuMemcpyHtoDAsync_v2", size, stream);
  }

  int cuMemcpyDtoHAsync_v2(long target, long source, long size, long stream) {
    bytes(target, size).copyFrom(bytes(source, size));
    return call("cuMemcpyDtoHAsync_v2", size, stream);
  }

  int cuMemcpyDtoDAsync_v2(long target, long source, long size, long stream) {
    bytes(target, size).copyFrom(bytes(source, size));
    return call("cuMemcpyDtoDAsync_v2", size, stream);
  }

  int cuMemsetD32Async(long target, int value, long words, long stream) {
    MemorySegment memory = bytes(target, 4 * words);
    for (long i = 0; i < words; i++) {
      memory.setAtIndex(JAVA_INT, i, value);
    }
    return call("cuMemsetD32Async", value, words, stream);
  }

  int cuModuleLoadDataEx(
      MemorySegment module,
      MemorySegment text,
      int count,
      MemorySegment keys,
      MemorySegment values) {
    int result =
        handle("cuModuleLoadDataEx", module, text.reinterpret(1 << 20).getString(0), count);
    for (int i = 0; i < count; i++) {
      int key = keys.reinterpret(4L * count).getAtIndex(JAVA_INT, i);
      long value = values.reinterpret(8L * count).getAtIndex(JAVA_LONG, i);
      // 5 is the buffer for errors, and the next option its size.
      if (key == 5 && result != SUCCESS) {
        long size = values.reinterpret(8L * count).getAtIndex(JAVA_LONG, i + 1);
        bytes(value, size).setString(0, "ptxas line 3; error : wrong\nptxas fatal : gone\n");
      }
    }
    return result;
  }

  int cuModuleUnload(long module) {
    return call("cuModuleUnload");
  }

  int cuModuleGetFunction(MemorySegment function, long module, MemorySegment name) {
    String text = name.reinterpret(256).getString(0);
    functions.put(nextHandle, text);
    int result = handle("cuModuleGetFunction", function, text);
    return result != SUCCESS ? result : text.equals("scale") || text.equals("wide") ? SUCCESS : 500;
  }

  int cuFuncSetAttribute(long function, int attribute, int value) {
    return call("cuFuncSetAttribute", functions.get(function), attribute, value);
  }

  int cuLaunchKernel(
      long function,
      int gridX,
      int gridY,
      int gridZ,
      int blockX,
      int blockY,
      int blockZ,
      int sharedBytes,
      long stream,
      MemorySegment parameters,
      long extra) {
    String name = functions.getOrDefault(function, "?");
    MemorySegment pointers = parameters.reinterpret(64);
    Launch launch =
        new Launch(
            name,
            bytes(pointers.getAtIndex(JAVA_LONG, 0), 8).get(JAVA_LONG, 0),
            bytes(pointers.getAtIndex(JAVA_LONG, 1), 4).get(JAVA_INT, 0),
            bytes(pointers.getAtIndex(JAVA_LONG, 2), 4).get(JAVA_FLOAT, 0));
    int result =
        call(
            "cuLaunchKernel",
            name,
            gridX,
            gridY,
            gridZ,
            blockX,
            blockY,
            blockZ,
            sharedBytes,
            stream,
            launch.count(),
            launch.factor(),
            extra);
    if (result == SUCCESS) {
      if (capturing) {
        captured.add(launch);
      } else {
        launch.run();
      }
    }
    return result;
  }

  int cuStreamCreate(MemorySegment stream, int flags) {
    return handle("cuStreamCreate", stream, flags);
  }

  int cuStreamDestroy_v2(long stream) {
    return call("cuStreamDestroy_v2", stream);
  }

  int cuStreamSynchronize(long stream) {
    return call("cuStreamSynchronize", stream);
  }

  int cuStreamBeginCapture_v2(long stream, int mode) {
    capturing = true;
    captured.clear();
    return call("cuStreamBeginCapture_v2", stream, mode);
  }

  int cuStreamEndCapture(long stream, MemorySegment graph) {
    capturing = false;
    return handle("cuStreamEndCapture", graph, stream);
  }

  int cuGraphInstantiateWithFlags(MemorySegment executable, long graph, long flags) {
    return handle("cuGraphInstantiateWithFlags", executable, flags);
  }

  int cuGraphDestroy(long graph) {
    return call("cuGraphDestroy");
  }

  int cuGraphExecDestroy(long graph) {
    return call("cuGraphExecDestroy");
  }

  int cuGraphLaunch(long graph, long stream) {
    captured.forEach(Launch::run);
    return call("cuGraphLaunch", stream);
  }

  int cuEventCreate(MemorySegment event, int flags) {
    return handle("cuEventCreate", event, flags);
  }

  int cuEventDestroy_v2(long event) {
    return call("cuEventDestroy_v2");
  }

  int cuEventRecord(long event, long stream) {
    return call("cuEventRecord", stream);
  }

  int cuEventQuery(long event) {
    return call("cuEventQuery");
  }

  int cuEventElapsedTime(MemorySegment milliseconds, long start, long end) {
    milliseconds.reinterpret(4).set(JAVA_FLOAT, 0, end - start);
    return call("cuEventElapsedTime");
  }
}
