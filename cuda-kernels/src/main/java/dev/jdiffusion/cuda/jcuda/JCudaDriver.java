package dev.jdiffusion.cuda.jcuda;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.nio.charset.StandardCharsets.UTF_8;
import static jcuda.driver.CUdevice_attribute.CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN;
import static jcuda.driver.CUdevice_attribute.CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT;
import static jcuda.driver.CUfunction_attribute.CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES;
import static jcuda.driver.JCudaDriver.CU_MEMHOSTALLOC_PORTABLE;
import static jcuda.driver.JCudaDriver.cuCtxSetCurrent;
import static jcuda.driver.JCudaDriver.cuDeviceGet;
import static jcuda.driver.JCudaDriver.cuDeviceGetAttribute;
import static jcuda.driver.JCudaDriver.cuDevicePrimaryCtxRelease;
import static jcuda.driver.JCudaDriver.cuDevicePrimaryCtxRetain;
import static jcuda.driver.JCudaDriver.cuDriverGetVersion;
import static jcuda.driver.JCudaDriver.cuEventCreate;
import static jcuda.driver.JCudaDriver.cuEventDestroy;
import static jcuda.driver.JCudaDriver.cuEventElapsedTime;
import static jcuda.driver.JCudaDriver.cuEventQuery;
import static jcuda.driver.JCudaDriver.cuEventRecord;
import static jcuda.driver.JCudaDriver.cuFuncSetAttribute;
import static jcuda.driver.JCudaDriver.cuGraphDestroy;
import static jcuda.driver.JCudaDriver.cuGraphExecDestroy;
import static jcuda.driver.JCudaDriver.cuGraphInstantiate;
import static jcuda.driver.JCudaDriver.cuGraphLaunch;
import static jcuda.driver.JCudaDriver.cuInit;
import static jcuda.driver.JCudaDriver.cuMemAlloc;
import static jcuda.driver.JCudaDriver.cuMemFree;
import static jcuda.driver.JCudaDriver.cuMemFreeHost;
import static jcuda.driver.JCudaDriver.cuMemGetInfo;
import static jcuda.driver.JCudaDriver.cuMemHostAlloc;
import static jcuda.driver.JCudaDriver.cuMemcpyDtoDAsync;
import static jcuda.driver.JCudaDriver.cuMemcpyDtoHAsync;
import static jcuda.driver.JCudaDriver.cuMemcpyHtoDAsync;
import static jcuda.driver.JCudaDriver.cuMemsetD32Async;
import static jcuda.driver.JCudaDriver.cuModuleLoadDataEx;
import static jcuda.driver.JCudaDriver.cuStreamBeginCapture;
import static jcuda.driver.JCudaDriver.cuStreamCreate;
import static jcuda.driver.JCudaDriver.cuStreamDestroy;
import static jcuda.driver.JCudaDriver.cuStreamEndCapture;
import static jcuda.driver.JCudaDriver.cuStreamSynchronize;

import dev.jdiffusion.cuda.CudaDevice;
import dev.jdiffusion.cuda.CudaDriver;
import dev.jdiffusion.cuda.CudaDriverProbe;
import dev.jdiffusion.cuda.driver.GpuDevice;
import dev.jdiffusion.cuda.driver.GpuDriver;
import dev.jdiffusion.cuda.driver.GpuEvent;
import dev.jdiffusion.cuda.driver.GpuException;
import dev.jdiffusion.cuda.driver.GpuFunction;
import dev.jdiffusion.cuda.driver.GpuGraph;
import dev.jdiffusion.cuda.driver.GpuMemory;
import dev.jdiffusion.cuda.driver.GpuModule;
import dev.jdiffusion.cuda.driver.GpuStream;
import dev.jdiffusion.cuda.driver.KernelArguments;
import dev.jdiffusion.cuda.jcuda.JCudaNatives.Library;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import jcuda.driver.CUcontext;
import jcuda.driver.CUdevice;
import jcuda.driver.CUevent;
import jcuda.driver.CUevent_flags;
import jcuda.driver.CUgraph;
import jcuda.driver.CUgraphExec;
import jcuda.driver.CUjit_option;
import jcuda.driver.CUmodule;
import jcuda.driver.CUresult;
import jcuda.driver.CUstreamCaptureMode;
import jcuda.driver.CUstream_flags;
import org.jspecify.annotations.Nullable;

/**
 * An NVIDIA GPU, through the CUDA driver API (function names and their meaning as in NVIDIA's
 * {@code cuda.h}) and its primary context.
 */
@SuppressWarnings("restricted")
public final class JCudaDriver implements GpuDriver {
  /** The oldest that has every function called here: a missing one would end the process. */
  private static final int OLDEST_DRIVER = 11_040;

  /** The architecture of the lowest tier of PTX. */
  private static final int OLDEST_CAPABILITY = 75;

  private static final int LOG_BYTES = 16 << 10;
  private static final int STAGING_BYTES = 4 << 20;

  /** Whose context is current in a thread; the CUDA driver keeps it by thread as well. */
  private static final ThreadLocal<@Nullable JCudaDriver> CURRENT = new ThreadLocal<>();

  private final int ordinal;
  private final CUdevice handle = new CUdevice();
  private final CUcontext context = new CUcontext();
  private final GpuDevice device;
  private final LaunchCall launch;
  private final Map<Long, Long> allocated = new HashMap<>();
  private final Handles<JCudaStream> streams = new Handles<>("stream");
  private final Handles<CUevent> events = new Handles<>("event");
  private final Handles<CUgraphExec> graphs = new Handles<>("graph");
  private long allocatedBytes;
  private @Nullable MemorySegment staging;
  private String lastKernel = "";
  private boolean capturing;
  private boolean closed;

  /**
   * Opens a GPU.
   *
   * @param ordinal its number in the driver's order, from 0
   * @throws GpuException in one line, if there is no driver, no such GPU, or if it is too old
   */
  public static JCudaDriver open(int ordinal) {
    // The probe comes before any class of JCuda: without a driver these fail, for ever.
    CudaDriver driver = CudaDriverProbe.probe();
    if (driver instanceof CudaDriver.Unavailable(String reason)) {
      throw new GpuException("cuda is unavailable: " + reason);
    }
    List<CudaDevice> devices = ((CudaDriver.Available) driver).devices();
    if (ordinal < 0 || ordinal >= devices.size()) {
      throw new GpuException(
          "there is no cuda:"
              + ordinal
              + ", only "
              + devices.stream().map(CudaDevice::toString).collect(Collectors.joining("; ")));
    }
    CudaDevice found = devices.get(ordinal);
    int capability = found.computeCapabilityMajor() * 10 + found.computeCapabilityMinor();
    if (capability < OLDEST_CAPABILITY) {
      throw new GpuException(found + " is too old: the kernels need compute capability 7.5");
    }
    JCudaNatives.load(Library.DRIVER);
    return new JCudaDriver(ordinal, found);
  }

  private JCudaDriver(int ordinal, CudaDevice found) {
    this.ordinal = ordinal;
    check("cuInit", cuInit(0), "");
    int[] number = new int[1];
    check("cuDriverGetVersion", cuDriverGetVersion(number), "");
    int version = number[0];
    if (version < OLDEST_DRIVER) {
      throw new GpuException(
          "the NVIDIA driver supports CUDA %d.%d, and 11.4 is needed: install a newer driver"
              .formatted(version / 1000, version % 1000 / 10));
    }
    check("cuDeviceGet", cuDeviceGet(handle, ordinal), "");
    int multiprocessors = attribute(CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT);
    int shared = attribute(CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN);
    device =
        new GpuDevice(
            found.name(),
            version,
            found.computeCapabilityMajor(),
            found.computeCapabilityMinor(),
            multiprocessors,
            shared);
    launch = new LaunchCall(CudaDriverProbe.libraryName(System.getProperty("os.name")));
    check("cuDevicePrimaryCtxRetain", cuDevicePrimaryCtxRetain(context, handle), "");
  }

  private int attribute(int attribute) {
    int[] value = new int[1];
    check(
        "cuDeviceGetAttribute",
        cuDeviceGetAttribute(value, attribute, handle),
        "attribute " + attribute);
    return value[0];
  }

  /** Makes this device the thread's; calls come from different threads over time. */
  void enter() {
    if (closed) {
      throw new IllegalStateException("cuda:" + ordinal + " was closed");
    }
    if (CURRENT.get() != this) {
      check("cuCtxSetCurrent", cuCtxSetCurrent(context), "");
      CURRENT.set(this);
    }
  }

  /** Throws what a call's result means, if it is not success. */
  void check(String call, int result, String what) {
    if (result != CUresult.CUDA_SUCCESS) {
      throw failure(call, result, what);
    }
  }

  private GpuException failure(String call, int result, String what) {
    StringBuilder message = new StringBuilder("cuda:").append(ordinal).append(": ").append(call);
    if (!what.isEmpty()) {
      message.append(" (").append(what).append(')');
    }
    message.append(" failed with ").append(Messages.describe(result));
    // A kernel's own failure shows at whichever call comes next.
    if (!lastKernel.isEmpty()) {
      message.append("; the kernel started last is ").append(lastKernel);
    }
    return new GpuException(message.toString());
  }

  @Override
  public GpuDevice device() {
    return device;
  }

  @Override
  public long allocate(long bytes) {
    enter();
    Address address = new Address();
    int result = cuMemAlloc(address, bytes);
    if (result == CUresult.CUDA_ERROR_OUT_OF_MEMORY) {
      GpuMemory memory = memory();
      throw new GpuException(
          "cuda:%d: out of memory (%s): %s asked for, %s in use here, %s of %s free"
              .formatted(
                  ordinal,
                  Messages.describe(result),
                  Messages.mebibytes(bytes),
                  Messages.mebibytes(allocatedBytes),
                  Messages.mebibytes(memory.free()),
                  Messages.mebibytes(memory.total())));
    }
    check("cuMemAlloc", result, bytes + " bytes");
    allocated.put(address.value(), bytes);
    allocatedBytes += bytes;
    return address.value();
  }

  @Override
  public void free(long address) {
    enter();
    Long bytes = allocated.remove(address);
    if (bytes == null) {
      throw new IllegalArgumentException("nothing was allocated at 0x" + Long.toHexString(address));
    }
    check("cuMemFree", cuMemFree(new Address(address)), "0x" + Long.toHexString(address));
    allocatedBytes -= bytes;
  }

  @Override
  public void name(long address, long bytes, String name) {}

  @Override
  public GpuMemory memory() {
    enter();
    long[] free = new long[1];
    long[] total = new long[1];
    check("cuMemGetInfo", cuMemGetInfo(free, total), "");
    return new GpuMemory(free[0], total[0]);
  }

  @Override
  public MemorySegment allocatePinned(long bytes) {
    if (bytes > Integer.MAX_VALUE) {
      throw new IllegalArgumentException(
          bytes + " bytes of pinned memory in one piece; at most " + Integer.MAX_VALUE);
    }
    enter();
    HostPointer pointer = new HostPointer();
    check(
        "cuMemHostAlloc",
        cuMemHostAlloc(pointer, bytes, CU_MEMHOSTALLOC_PORTABLE),
        bytes + " bytes");
    return MemorySegment.ofAddress(pointer.value()).reinterpret(bytes);
  }

  @Override
  public void freePinned(MemorySegment memory) {
    enter();
    check("cuMemFreeHost", cuMemFreeHost(new HostPointer(memory)), "");
  }

  @Override
  public void copyToDevice(MemorySegment source, long target, GpuStream stream) {
    enter();
    if (source.isNative()) {
      toDevice(source, target, stream);
      return;
    }
    MemorySegment pinned = staging();
    for (long done = 0; done < source.byteSize(); done += STAGING_BYTES) {
      long bytes = Math.min(STAGING_BYTES, source.byteSize() - done);
      MemorySegment.copy(source, done, pinned, 0, bytes);
      toDevice(pinned.asSlice(0, bytes), target + done, stream);
      synchronize(stream);
    }
  }

  private void toDevice(MemorySegment source, long target, GpuStream stream) {
    if (source.byteSize() > 0) {
      check(
          "cuMemcpyHtoDAsync",
          cuMemcpyHtoDAsync(
              new Address(target),
              new HostPointer(source),
              source.byteSize(),
              streams.get(stream.handle())),
          source.byteSize() + " bytes");
    }
  }

  @Override
  public void copyToHost(long source, MemorySegment target, GpuStream stream) {
    enter();
    if (target.isNative()) {
      toHost(source, target, stream);
      return;
    }
    MemorySegment pinned = staging();
    for (long done = 0; done < target.byteSize(); done += STAGING_BYTES) {
      long bytes = Math.min(STAGING_BYTES, target.byteSize() - done);
      toHost(source + done, pinned.asSlice(0, bytes), stream);
      synchronize(stream);
      MemorySegment.copy(pinned, 0, target, done, bytes);
    }
  }

  private void toHost(long source, MemorySegment target, GpuStream stream) {
    if (target.byteSize() > 0) {
      check(
          "cuMemcpyDtoHAsync",
          cuMemcpyDtoHAsync(
              new HostPointer(target),
              new Address(source),
              target.byteSize(),
              streams.get(stream.handle())),
          target.byteSize() + " bytes");
    }
  }

  /** Pinned memory between the device and arrays of the JVM, which the collector moves. */
  private MemorySegment staging() {
    if (capturing) {
      throw new IllegalStateException(
          "a copy from or to an array of the JVM cannot be captured: use pinned memory");
    }
    MemorySegment pinned = staging;
    if (pinned == null) {
      pinned = allocatePinned(STAGING_BYTES);
      staging = pinned;
    }
    return pinned;
  }

  @Override
  public void copy(long source, long target, long bytes, GpuStream stream) {
    enter();
    if (bytes > 0) {
      check(
          "cuMemcpyDtoDAsync",
          cuMemcpyDtoDAsync(
              new Address(target), new Address(source), bytes, streams.get(stream.handle())),
          bytes + " bytes");
    }
  }

  @Override
  public void fill(long target, int value, long words, GpuStream stream) {
    enter();
    if (words > 0) {
      check(
          "cuMemsetD32Async",
          cuMemsetD32Async(new Address(target), value, words, streams.get(stream.handle())),
          words + " words");
    }
  }

  @Override
  public GpuModule load(String name, String ptx) {
    enter();
    CUmodule module = new CUmodule();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment text = arena.allocateFrom(ptx, UTF_8);
      MemorySegment errors = arena.allocate(LOG_BYTES);
      MemorySegment remarks = arena.allocate(LOG_BYTES);
      int[] options = {
        CUjit_option.CU_JIT_ERROR_LOG_BUFFER,
        CUjit_option.CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES,
        CUjit_option.CU_JIT_INFO_LOG_BUFFER,
        CUjit_option.CU_JIT_INFO_LOG_BUFFER_SIZE_BYTES,
      };
      // Sizes stand in the array itself, as cuda.h says: cast to a pointer.
      MemorySegment values = arena.allocate(ADDRESS, options.length);
      values.setAtIndex(ADDRESS, 0, errors);
      values.setAtIndex(JAVA_LONG, 1, LOG_BYTES);
      values.setAtIndex(ADDRESS, 2, remarks);
      values.setAtIndex(JAVA_LONG, 3, LOG_BYTES);
      int result =
          cuModuleLoadDataEx(
              module, new HostPointer(text), options.length, options, new HostPointer(values));
      if (result != CUresult.CUDA_SUCCESS) {
        String log =
            Messages.line(errors).isEmpty() ? Messages.line(remarks) : Messages.line(errors);
        throw new GpuException(
            "cuda:%d: %s.ptx was refused with %s by the driver for CUDA %d.%d%s"
                .formatted(
                    ordinal,
                    name,
                    Messages.describe(result),
                    device.driverVersion() / 1000,
                    device.driverVersion() % 1000 / 10,
                    log.isEmpty() ? "" : ": " + log));
      }
    }
    return new JCudaModule(this, name, module);
  }

  @Override
  public void launch(
      GpuFunction function,
      int gridX,
      int gridY,
      int gridZ,
      int blockX,
      int blockY,
      int blockZ,
      int sharedBytes,
      KernelArguments arguments,
      GpuStream stream) {
    if (!(function instanceof JCudaFunction kernel) || kernel.driver() != this) {
      throw new IllegalArgumentException(
          "kernel " + function.name() + " was loaded by another device than cuda:" + ordinal);
    }
    enter();
    if (sharedBytes > kernel.sharedLimit()) {
      check(
          "cuFuncSetAttribute",
          cuFuncSetAttribute(kernel, CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, sharedBytes),
          kernel.name() + ", " + sharedBytes + " bytes of shared memory");
      kernel.raiseSharedLimit(sharedBytes);
    }
    int result =
        launch.launch(
            kernel.value(),
            gridX,
            gridY,
            gridZ,
            blockX,
            blockY,
            blockZ,
            sharedBytes,
            streams.get(stream.handle()).value(),
            arguments.pointers());
    if (result != CUresult.CUDA_SUCCESS) {
      throw failure(
          "cuLaunchKernel",
          result,
          "%s, grid %d x %d x %d, block %d x %d x %d, %d bytes of shared memory, %d arguments"
              .formatted(
                  kernel.name(),
                  gridX,
                  gridY,
                  gridZ,
                  blockX,
                  blockY,
                  blockZ,
                  sharedBytes,
                  arguments.count()));
    }
    lastKernel = kernel.name();
  }

  @Override
  public GpuStream createStream() {
    enter();
    JCudaStream stream = new JCudaStream();
    check("cuStreamCreate", cuStreamCreate(stream, CUstream_flags.CU_STREAM_NON_BLOCKING), "");
    return new GpuStream(streams.add(stream));
  }

  @Override
  public void destroy(GpuStream stream) {
    enter();
    check("cuStreamDestroy", cuStreamDestroy(streams.remove(stream.handle())), "");
  }

  @Override
  public void synchronize(GpuStream stream) {
    enter();
    check("cuStreamSynchronize", cuStreamSynchronize(streams.get(stream.handle())), "");
  }

  @Override
  public long nativeStream(GpuStream stream) {
    enter();
    return streams.get(stream.handle()).value();
  }

  @Override
  public GpuEvent createEvent() {
    enter();
    CUevent event = new CUevent();
    check("cuEventCreate", cuEventCreate(event, CUevent_flags.CU_EVENT_DEFAULT), "");
    return new GpuEvent(events.add(event));
  }

  @Override
  public void destroy(GpuEvent event) {
    enter();
    check("cuEventDestroy", cuEventDestroy(events.remove(event.handle())), "");
  }

  @Override
  public void record(GpuEvent event, GpuStream stream) {
    enter();
    check(
        "cuEventRecord",
        cuEventRecord(events.get(event.handle()), streams.get(stream.handle())),
        "");
  }

  @Override
  public boolean isDone(GpuEvent event) {
    enter();
    int result = cuEventQuery(events.get(event.handle()));
    if (result == CUresult.CUDA_ERROR_NOT_READY) {
      return false;
    }
    check("cuEventQuery", result, "");
    return true;
  }

  @Override
  public double millisecondsBetween(GpuEvent start, GpuEvent end) {
    enter();
    float[] milliseconds = new float[1];
    check(
        "cuEventElapsedTime",
        cuEventElapsedTime(milliseconds, events.get(start.handle()), events.get(end.handle())),
        "");
    return milliseconds[0];
  }

  @Override
  public void beginCapture(GpuStream stream) {
    enter();
    // Relaxed: a pool that grows meanwhile asks for memory, which other modes take for an error.
    check(
        "cuStreamBeginCapture",
        cuStreamBeginCapture(
            streams.get(stream.handle()), CUstreamCaptureMode.CU_STREAM_CAPTURE_MODE_RELAXED),
        "");
    capturing = true;
  }

  @Override
  public GpuGraph endCapture(GpuStream stream) {
    enter();
    capturing = false;
    CUgraph graph = new CUgraph();
    check("cuStreamEndCapture", cuStreamEndCapture(streams.get(stream.handle()), graph), "");
    CUgraphExec executable = new CUgraphExec();
    int result = cuGraphInstantiate(executable, graph, 0);
    check("cuGraphDestroy", cuGraphDestroy(graph), "");
    check("cuGraphInstantiate", result, "");
    return new GpuGraph(graphs.add(executable));
  }

  @Override
  public void launch(GpuGraph graph, GpuStream stream) {
    enter();
    check(
        "cuGraphLaunch",
        cuGraphLaunch(graphs.get(graph.handle()), streams.get(stream.handle())),
        "");
    lastKernel = "in a graph";
  }

  @Override
  public void destroy(GpuGraph graph) {
    enter();
    check("cuGraphExecDestroy", cuGraphExecDestroy(graphs.remove(graph.handle())), "");
  }

  /** Gives back all that was made here and not yet destroyed, and lets go of the context. */
  @Override
  public void close() {
    if (closed) {
      return;
    }
    try {
      enter();
      graphs.all().forEach(graph -> check("cuGraphExecDestroy", cuGraphExecDestroy(graph), ""));
      events.all().forEach(event -> check("cuEventDestroy", cuEventDestroy(event), ""));
      streams.all().forEach(stream -> check("cuStreamDestroy", cuStreamDestroy(stream), ""));
      if (staging != null) {
        freePinned(staging);
      }
      List.copyOf(allocated.keySet()).forEach(this::free);
    } finally {
      closed = true;
      CURRENT.remove();
      check("cuDevicePrimaryCtxRelease", cuDevicePrimaryCtxRelease(handle), "");
    }
  }
}
