package dev.jdiffusion.cuda.driver;

import java.lang.foreign.MemorySegment;

/**
 * One opened GPU, real or emulated: memory, streams, modules of PTX, launches, events and graphs.
 *
 * <p>It is a thin layer: what pools, names and checks stands above it. Calls return when the driver
 * has taken the work; work of one stream is done in the order of the calls. Every failure is a
 * {@link GpuException}. One thread at a time uses a driver.
 */
public interface GpuDriver extends AutoCloseable {
  /** What it is and what it can do. */
  GpuDevice device();

  // Memory

  /**
   * Device memory with undefined contents, aligned to at least 256 bytes.
   *
   * @return its address on the device
   * @throws GpuException with how much was asked for, in use and free, if there is too little
   */
  long allocate(long bytes);

  /** Gives back memory of {@link #allocate}; work that uses it must have ended. */
  void free(long address);

  /**
   * Says that the first {@code bytes} of a block of {@link #allocate} are in use from now on, under
   * a name, and that their contents are undefined: a pool hands out parts of blocks, and a driver
   * that checks accesses must know which. Others ignore it. While a stream is captured, it is
   * written down with the rest: a block may change hands between two launches of a graph.
   *
   * @param address the block's start
   */
  void name(long address, long bytes, String name);

  /** Free and total memory of the device. */
  GpuMemory memory();

  /** Page-locked host memory, which copies can use while the host goes on. */
  MemorySegment allocatePinned(long bytes);

  /** Gives back memory of {@link #allocatePinned}; copies from and to it must have ended. */
  void freePinned(MemorySegment memory);

  /** Copies {@code source.byteSize()} bytes. Asynchronous if the source is pinned. */
  void copyToDevice(MemorySegment source, long target, GpuStream stream);

  /** Copies {@code target.byteSize()} bytes. Asynchronous if the target is pinned. */
  void copyToHost(long source, MemorySegment target, GpuStream stream);

  /** Copies within the device; the ranges do not overlap. */
  void copy(long source, long target, long bytes, GpuStream stream);

  /** Sets 32-bit words of device memory. */
  void fill(long target, int value, long words, GpuStream stream);

  // Code

  /**
   * Assembles PTX for this device.
   *
   * @param name for messages, such as {@code group_norm}
   * @throws GpuException with the assembler's log if it is refused
   */
  GpuModule load(String name, String ptx);

  /**
   * Starts a kernel.
   *
   * @param sharedBytes dynamic shared memory for each block; above 48 KiB the driver raises the
   *     function's limit first
   * @throws GpuException that names the kernel, if the launch is refused or, in a driver that runs
   *     it at once, fails
   */
  void launch(
      GpuFunction function,
      int gridX,
      int gridY,
      int gridZ,
      int blockX,
      int blockY,
      int blockZ,
      int sharedBytes,
      KernelArguments arguments,
      GpuStream stream);

  // Order

  /** A new stream, which waits for no other. */
  GpuStream createStream();

  /** Gives back a stream, which must not be used again. */
  void destroy(GpuStream stream);

  /** Waits until all work of a stream is done, and reports what failed in it. */
  void synchronize(GpuStream stream);

  /**
   * A stream as NVIDIA's other libraries take it, a {@code CUstream}. Afterwards this device is the
   * one that they use in the calling thread.
   */
  long nativeStream(GpuStream stream);

  /** A new event, which marks no place yet. */
  GpuEvent createEvent();

  /** Gives back an event, which must not be used again. */
  void destroy(GpuEvent event);

  /** Marks the place that a stream has come to. */
  void record(GpuEvent event, GpuStream stream);

  /** Whether the work before the event's mark is done; true if it was never recorded. */
  boolean isDone(GpuEvent event);

  /** Device time between two recorded events, once both are done, in milliseconds. */
  double millisecondsBetween(GpuEvent start, GpuEvent end);

  // Graphs

  /** From now on a stream's launches and copies are written down instead of done. */
  void beginCapture(GpuStream stream);

  /** Ends {@link #beginCapture}. */
  GpuGraph endCapture(GpuStream stream);

  /** Does again all that was captured, with the arguments of then. */
  void launch(GpuGraph graph, GpuStream stream);

  /** Gives back a graph, which must not be launched again. */
  void destroy(GpuGraph graph);

  /** Gives back all that was made here; it must not be used again. */
  @Override
  void close();
}
