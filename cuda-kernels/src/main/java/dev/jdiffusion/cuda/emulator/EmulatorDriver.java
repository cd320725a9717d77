package dev.jdiffusion.cuda.emulator;

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
import dev.jdiffusion.cuda.ptx.PtxException;
import dev.jdiffusion.cuda.ptx.PtxFunction;
import dev.jdiffusion.cuda.ptx.PtxModule;
import dev.jdiffusion.cuda.ptx.PtxParser;
import dev.jdiffusion.cuda.ptx.PtxVariable;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Runs PTX without a GPU and with every check on: what a kernel does wrong becomes a {@link
 * GpuException} that names the kernel, the line of its PTX, the block and the thread.
 *
 * <p>All work is done when a call returns, so streams and events have nothing to wait for.
 */
public final class EmulatorDriver implements GpuDriver {
  private static final int MOST_BLOCKS_YZ = 65_535;

  /** As on compute capability 8.6 and 8.9; 8.0 and 9.0 have more. */
  private static final int SHARED_BYTES = 101_376;

  private static final GpuDevice DEVICE =
      new GpuDevice("PTX emulator", 12_060, 8, 0, 8, SHARED_BYTES);

  private final Workers workers;
  private final boolean countMemory;
  private final LaunchListener listener;
  private final GlobalMemory memory;
  private final Map<Long, Long> eventTimes = new HashMap<>();
  private final Map<Long, List<Runnable>> graphs = new HashMap<>();
  private final Map<Long, List<Runnable>> captures = new HashMap<>();
  private long lastHandle;
  private int nextTag = 1;
  private Emulation total = Emulation.NONE;

  /**
   * An emulated GPU.
   *
   * @param threads of the host that run blocks
   */
  public EmulatorDriver(int threads) {
    this(threads, false);
  }

  /**
   * An emulated GPU that can count accesses of memory, which takes longer.
   *
   * @param threads of the host that run blocks
   * @param countMemory whether {@link #emulation} tells of memory
   */
  public EmulatorDriver(int threads, boolean countMemory) {
    this(threads, countMemory, (kernel, blocks, blockThreads, counts) -> {});
  }

  /**
   * An emulated GPU that counts everything and tells about each launch.
   *
   * @param threads of the host that run blocks
   */
  public EmulatorDriver(int threads, LaunchListener listener) {
    this(threads, true, listener);
  }

  private EmulatorDriver(int threads, boolean countMemory, LaunchListener listener) {
    workers = new Workers(threads);
    this.countMemory = countMemory;
    this.listener = listener;
    // A word of device memory has a shadow of two words on the heap.
    memory = new GlobalMemory(Runtime.getRuntime().maxMemory() / 4);
  }

  @Override
  public GpuDevice device() {
    return DEVICE;
  }

  /** What all launches so far did. */
  public Emulation emulation() {
    return total;
  }

  // Memory

  @Override
  public long allocate(long bytes) {
    return memory.allocate(bytes);
  }

  @Override
  public void free(long address) {
    memory.free(address);
  }

  @Override
  public void name(long address, long bytes, String name) {
    Runnable work = () -> memory.name(address, bytes, name);
    if (captures.isEmpty()) {
      work.run();
    } else {
      captures.values().forEach(capture -> capture.add(work));
    }
  }

  @Override
  public GpuMemory memory() {
    return memory.statistics();
  }

  @Override
  public MemorySegment allocatePinned(long bytes) {
    return Arena.ofAuto().allocate(bytes, Long.BYTES);
  }

  @Override
  public void freePinned(MemorySegment pinned) {
    // The arena frees it when nothing refers to it any more.
  }

  @Override
  public void copyToDevice(MemorySegment source, long target, GpuStream stream) {
    run(stream, () -> memory.write(source, target));
  }

  @Override
  public void copyToHost(long source, MemorySegment target, GpuStream stream) {
    run(stream, () -> memory.read(source, target));
  }

  @Override
  public void copy(long source, long target, long bytes, GpuStream stream) {
    run(stream, () -> memory.copy(source, target, bytes));
  }

  @Override
  public void fill(long target, int value, long words, GpuStream stream) {
    run(stream, () -> memory.fill(target, value, words));
  }

  // Code

  /** A module: its variables are in memory. */
  private final class Module implements GpuModule {
    private final String name;
    private final PtxModule ptx;
    private final Map<String, Long> variables = new HashMap<>();

    Module(String name, PtxModule ptx) {
      this.name = name;
      this.ptx = ptx;
      for (PtxVariable variable : ptx.variables()) {
        if (!variable.space().equals("shared")) {
          variables.put(
              variable.name(), memory.variable(variable.name(), variable.bytes(), variable.data()));
        }
      }
    }

    @Override
    public GpuFunction function(String functionName) {
      PtxFunction function = ptx.functions().get(functionName);
      if (function == null || !function.entry()) {
        throw new GpuException("%s: there is no kernel '%s'".formatted(name, functionName));
      }
      try {
        return new Function(Decoder.decode(ptx, function, variables));
      } catch (PtxException e) {
        throw new GpuException("%s, %s: %s".formatted(name, functionName, e.getMessage()));
      }
    }

    @Override
    public void close() {
      variables.values().forEach(memory::free);
      variables.clear();
    }
  }

  private record Function(Program program) implements GpuFunction {
    @Override
    public String name() {
      return program.name();
    }
  }

  @Override
  public GpuModule load(String name, String ptx) {
    try {
      return new Module(name, PtxParser.parse(ptx));
    } catch (PtxException e) {
      throw new GpuException("%s: the PTX cannot be read: %s".formatted(name, e.getMessage()));
    }
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
    if (!(function instanceof Function(Program program))) {
      throw new GpuException(function.name() + " was loaded by another driver");
    }
    int[] parameters = parameters(program, arguments);
    List<Described> tensors = tensors(arguments);
    checkShape(program, gridX, gridY, gridZ, blockX, blockY, blockZ, sharedBytes);
    run(
        stream,
        () -> {
          long blocks = (long) gridX * gridY * gridZ;
          if (blocks >= (1L << Buffer.TAG_BITS) - 1) {
            throw new GpuException(program.name() + ": more than 2^30 blocks");
          }
          Launch launch =
              new Launch(
                  program,
                  gridX,
                  gridY,
                  gridZ,
                  blockX,
                  blockY,
                  blockZ,
                  sharedBytes,
                  parameters,
                  memory,
                  tags((int) blocks),
                  countMemory);
          // Backwards, so that what is given twice is called after where it comes first.
          tensors.reversed().forEach(each -> each.name(memory, each.argument));
          Emulation counts;
          try {
            counts = workers.run(launch);
          } finally {
            tensors.forEach(each -> each.name(memory, 0));
          }
          total = total.plus(counts);
          listener.launched(program.name(), blocks, launch.threads(), counts);
        });
  }

  /** A tensor that a kernel gets. */
  private record Described(long address, Object shape, int argument) {
    void name(GlobalMemory memory, int now) {
      memory.describe(address, shape, now);
    }
  }

  private static List<Described> tensors(KernelArguments arguments) {
    List<Described> tensors = new ArrayList<>();
    for (int i = 0; i < arguments.count(); i++) {
      Object shape = arguments.shape(i);
      if (shape != null) {
        tensors.add(new Described(arguments.bits(i), shape, i + 1));
      }
    }
    return List.copyOf(tensors);
  }

  /** The first of the numbers for a launch's accesses; the number itself stands for several. */
  private int tags(int blocks) {
    if (nextTag + blocks + 1 >= 1 << Buffer.TAG_BITS) {
      memory.forgetTags();
      nextTag = 1;
    }
    int first = nextTag;
    nextTag += blocks + 1;
    return first;
  }

  private static int[] parameters(Program program, KernelArguments arguments) {
    int[] bytes = program.parameterBytes();
    if (arguments.count() != bytes.length) {
      throw new GpuException(
          "%s: %d arguments for %d parameters"
              .formatted(program.name(), arguments.count(), bytes.length));
    }
    int size = 0;
    for (int i = 0; i < bytes.length; i++) {
      size = program.parameterOffsets()[i] + bytes[i];
    }
    int[] words = new int[(size + 7) / 4];
    for (int i = 0; i < bytes.length; i++) {
      if (arguments.width(i) != bytes[i]) {
        throw new GpuException(
            "%s: argument %d has %d bytes, the parameter %d"
                .formatted(program.name(), i, arguments.width(i), bytes[i]));
      }
      int at = program.parameterOffsets()[i] >>> 2;
      words[at] = (int) arguments.bits(i);
      if (bytes[i] == Long.BYTES) {
        words[at + 1] = (int) (arguments.bits(i) >>> Integer.SIZE);
      }
    }
    return words;
  }

  private static void checkShape(
      Program program,
      int gridX,
      int gridY,
      int gridZ,
      int blockX,
      int blockY,
      int blockZ,
      int sharedBytes) {
    String name = program.name();
    if (gridX < 1 || gridY < 1 || gridZ < 1 || gridY > MOST_BLOCKS_YZ || gridZ > MOST_BLOCKS_YZ) {
      throw new GpuException(
          "%s: a grid of %d x %d x %d blocks; at least 1 each, y and z at most %d"
              .formatted(name, gridX, gridY, gridZ, MOST_BLOCKS_YZ));
    }
    int most = program.maximumThreads() == 0 ? Lanes.MOST : program.maximumThreads();
    long threads = (long) blockX * blockY * blockZ;
    if (blockX < 1 || blockY < 1 || blockZ < 1 || blockZ > 64 || threads > most) {
      throw new GpuException(
          "%s: a block of %d x %d x %d threads; at least 1 each, z at most 64, all at most %d"
              .formatted(name, blockX, blockY, blockZ, most));
    }
    if (sharedBytes < 0 || sharedBytes + program.sharedBytes() > SHARED_BYTES) {
      throw new GpuException(
          "%s: %d bytes of shared memory and %d more at launch; %d are there"
              .formatted(name, program.sharedBytes(), sharedBytes, SHARED_BYTES));
    }
  }

  // Order

  @Override
  public GpuStream createStream() {
    return new GpuStream(++lastHandle);
  }

  @Override
  public void destroy(GpuStream stream) {
    captures.remove(stream.handle());
  }

  @Override
  public void synchronize(GpuStream stream) {
    if (captures.containsKey(stream.handle())) {
      throw new GpuException("synchronize: the stream is being captured");
    }
  }

  /** A number that no library but a test's takes. */
  @Override
  public long nativeStream(GpuStream stream) {
    return stream.handle();
  }

  @Override
  public GpuEvent createEvent() {
    return new GpuEvent(++lastHandle);
  }

  @Override
  public void destroy(GpuEvent event) {
    eventTimes.remove(event.handle());
  }

  @Override
  public void record(GpuEvent event, GpuStream stream) {
    run(stream, () -> eventTimes.put(event.handle(), System.nanoTime()));
  }

  @Override
  public boolean isDone(GpuEvent event) {
    return true;
  }

  @Override
  public double millisecondsBetween(GpuEvent start, GpuEvent end) {
    Long from = eventTimes.get(start.handle());
    Long to = eventTimes.get(end.handle());
    if (from == null || to == null) {
      throw new GpuException("millisecondsBetween: an event was not recorded");
    }
    return (to - from) / 1e6;
  }

  // Graphs

  /** Does something, or writes it down if the stream is being captured. */
  private void run(GpuStream stream, Runnable work) {
    List<Runnable> capture = captures.get(stream.handle());
    if (capture != null) {
      capture.add(work);
    } else {
      work.run();
    }
  }

  @Override
  public void beginCapture(GpuStream stream) {
    if (captures.putIfAbsent(stream.handle(), new ArrayList<>()) != null) {
      throw new GpuException("beginCapture: the stream is being captured already");
    }
  }

  @Override
  public GpuGraph endCapture(GpuStream stream) {
    List<Runnable> work = captures.remove(stream.handle());
    if (work == null) {
      throw new GpuException("endCapture: the stream is not being captured");
    }
    GpuGraph graph = new GpuGraph(++lastHandle);
    graphs.put(graph.handle(), List.copyOf(work));
    return graph;
  }

  @Override
  public void launch(GpuGraph graph, GpuStream stream) {
    List<Runnable> work = graphs.get(graph.handle());
    if (work == null) {
      throw new GpuException("launch: there is no such graph");
    }
    for (Runnable each : work) {
      run(stream, each);
    }
  }

  @Override
  public void destroy(GpuGraph graph) {
    graphs.remove(graph.handle());
  }

  @Override
  public void close() {
    workers.close();
  }
}
