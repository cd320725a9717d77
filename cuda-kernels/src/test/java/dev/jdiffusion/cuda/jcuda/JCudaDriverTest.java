package dev.jdiffusion.cuda.jcuda;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import dev.jdiffusion.cuda.driver.GpuDevice;
import dev.jdiffusion.cuda.driver.GpuEvent;
import dev.jdiffusion.cuda.driver.GpuException;
import dev.jdiffusion.cuda.driver.GpuFunction;
import dev.jdiffusion.cuda.driver.GpuGraph;
import dev.jdiffusion.cuda.driver.GpuMemory;
import dev.jdiffusion.cuda.driver.GpuModule;
import dev.jdiffusion.cuda.driver.GpuStream;
import dev.jdiffusion.cuda.driver.KernelArguments;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** All of JCuda's own code runs, natives included; only NVIDIA's library is a {@link FakeCuda}. */
@DisplayName("The driver of NVIDIA GPUs")
@EnabledOnOs(value = OS.LINUX, architectures = "amd64")
@SuppressWarnings("restricted")
final class JCudaDriverTest {
  private static final String PTX = ".version 6.3\n.target sm_75\n";

  @TempDir private static Path directory;
  private static FakeCuda cuda;

  private JCudaDriver driver;
  private GpuStream stream;

  @BeforeAll
  static void replaceTheDriver() throws IOException {
    cuda = new FakeCuda(directory);
  }

  @BeforeEach
  void open() {
    cuda.reset();
    driver = JCudaDriver.open(1);
    stream = driver.createStream();
  }

  @AfterEach
  void close() {
    cuda.reset();
    driver.close();
    assertEquals(0, cuda.allocations(), "memory is given back");
  }

  @Test
  @DisplayName("says what the GPU is")
  void describesTheDevice() {
    assertEquals(new GpuDevice("Fake GPU 1", 12060, 8, 6, 82, 101376), driver.device());
    assertEquals(new GpuMemory(3L << 20, 1L << 33), driver.memory());
    assertTrue(cuda.calls.contains("cuDevicePrimaryCtxRetain 71"));
    assertTrue(cuda.calls.contains("cuStreamCreate 1"), "a stream that waits for no other");
  }

  @Test
  @DisplayName("names the GPUs there are when asked for one more")
  void noSuchDevice() {
    assertEquals(
        "there is no cuda:2, only cuda:0 Fake GPU 0, 8.0 GiB, compute capability 8.6;"
            + " cuda:1 Fake GPU 1, 8.0 GiB, compute capability 8.6",
        assertThrows(GpuException.class, () -> JCudaDriver.open(2)).getMessage());
    assertThrows(GpuException.class, () -> JCudaDriver.open(-1));
  }

  @Test
  @DisplayName("says why CUDA cannot be used, as the probe found it")
  void unavailable() {
    cuda.failures.put("cuInit", 700);
    assertEquals(
        "cuda is unavailable: libcuda.so.1: cuInit failed with error 700"
            + " (CUDA_ERROR_ILLEGAL_ADDRESS)",
        assertThrows(GpuException.class, () -> JCudaDriver.open(0)).getMessage());
  }

  @Test
  @DisplayName("refuses a driver that lacks functions, and a GPU that lacks instructions")
  void tooOld() {
    cuda.driverVersion = 10020;
    assertEquals(
        "the NVIDIA driver supports CUDA 10.2, and 11.4 is needed: install a newer driver",
        assertThrows(GpuException.class, () -> JCudaDriver.open(0)).getMessage());
    cuda.reset();
    cuda.computeCapability = 61;
    assertEquals(
        "cuda:0 Fake GPU 0, 8.0 GiB, compute capability 6.1 is too old:"
            + " the kernels need compute capability 7.5",
        assertThrows(GpuException.class, () -> JCudaDriver.open(0)).getMessage());
  }

  @Test
  @DisplayName("copies native memory, pinned memory and arrays, of any length")
  void copies() {
    for (int length : new int[] {0, 1, 4 << 20, (9 << 20) + 5}) {
      byte[] data = new byte[length];
      new Random(length).nextBytes(data);
      long first = driver.allocate(Math.max(1, length));
      long second = driver.allocate(Math.max(1, length));
      driver.copyToDevice(MemorySegment.ofArray(data), first, stream);
      driver.copy(first, second, length, stream);
      byte[] back = new byte[length];
      driver.copyToHost(second, MemorySegment.ofArray(back), stream);
      assertArrayEquals(data, back);

      if (length > 0) {
        MemorySegment pinned = driver.allocatePinned(length);
        driver.copyToHost(first, pinned, stream);
        assertArrayEquals(data, pinned.toArray(JAVA_BYTE));
        driver.fill(first, 0, length / 4, stream);
        driver.copyToDevice(pinned, first, stream);
        driver.freePinned(pinned);
        try (Arena arena = Arena.ofConfined()) {
          MemorySegment plain = arena.allocate(length);
          driver.copyToHost(first, plain, stream);
          assertArrayEquals(data, plain.toArray(JAVA_BYTE));
        }
      }
      driver.free(first);
      driver.free(second);
    }
  }

  @Test
  @DisplayName("does not wait for copies of native memory")
  void nativeCopiesAreAsynchronous() {
    long address = driver.allocate(16);
    MemorySegment pinned = driver.allocatePinned(16);
    cuda.calls.clear();
    driver.copyToDevice(pinned, address, stream);
    assertEquals(1, cuda.calls.size(), () -> cuda.calls.toString());
    assertTrue(cuda.calls.getFirst().startsWith("cuMemcpyHtoDAsync_v2 16 "));
    driver.freePinned(pinned);
  }

  @Test
  @DisplayName("fills memory with words")
  void fills() {
    long address = driver.allocate(12);
    driver.fill(address, 0xCAFEBABE, 3, stream);
    int[] words = new int[3];
    driver.copyToHost(address, MemorySegment.ofArray(words), stream);
    assertArrayEquals(new int[] {0xCAFEBABE, 0xCAFEBABE, 0xCAFEBABE}, words);
  }

  @Test
  @DisplayName("hands a kernel its grid, its blocks, its shared memory and each argument")
  void launches() {
    long x = driver.allocate(12);
    upload(x, 1, 2, 3);
    cuda.calls.clear();
    launch("scale", x, 3, 0.5f, 8);
    String streamHandle = cuda.calls.getLast().split(" ")[9];
    assertEquals(
        "cuLaunchKernel scale 1 2 3 4 5 6 8 " + streamHandle + " 3 0.5 0", cuda.calls.getLast());
    assertArrayEquals(new float[] {0.5f, 1, 1.5f}, download(x, 3));
  }

  @Test
  @DisplayName("takes other arguments at each launch of the same kernel")
  void argumentsChange() {
    long x = driver.allocate(12);
    upload(x, 1, 2, 3);
    GpuFunction scale = driver.load("scale", PTX).function("scale");
    KernelArguments first = new KernelArguments(3);
    KernelArguments second = new KernelArguments(4);
    for (float factor = 1; factor <= 3; factor++) {
      give(first, x, 3, factor);
      driver.launch(scale, 1, 1, 1, 32, 1, 1, 0, first, stream);
      give(second, x, 3, 2 * factor);
      driver.launch(scale, 1, 1, 1, 32, 1, 1, 0, second, stream);
    }
    assertArrayEquals(new float[] {288, 576, 864}, download(x, 3));
  }

  @Test
  @DisplayName("raises the limit of shared memory once, above 48 KiB")
  void raisesSharedMemory() {
    long x = driver.allocate(4);
    GpuFunction wide = driver.load("wide", PTX).function("wide");
    for (int shared : new int[] {49152, 65536, 65536, 50000, 98304}) {
      driver.launch(wide, 1, 1, 1, 32, 1, 1, shared, arguments(x, 1, 1), stream);
    }
    assertEquals(
        List.of("cuFuncSetAttribute wide 8 65536", "cuFuncSetAttribute wide 8 98304"),
        cuda.calls.stream().filter(call -> call.startsWith("cuFuncSet")).toList());
  }

  @Test
  @DisplayName("allocates nothing on the JVM's heap for a launch")
  void launchesWithoutGarbage() {
    long x = driver.allocate(4);
    GpuFunction wide = driver.load("wide", PTX).function("wide");
    KernelArguments arguments = arguments(x, 1, 1);
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    int launches = 20_000;
    long[] bytes = new long[1];
    cuda.shortCut(
        "cuLaunchKernel",
        () -> {
          for (int warm = 0; warm < 2; warm++) {
            long before = threads.getCurrentThreadAllocatedBytes();
            for (int i = 0; i < launches; i++) {
              driver.launch(wide, 1, 1, 1, 32, 1, 1, 0, arguments, stream);
            }
            bytes[0] = threads.getCurrentThreadAllocatedBytes() - before;
          }
        });
    assertTrue(bytes[0] < launches, bytes[0] + " bytes for " + launches + " launches");
  }

  @Test
  @DisplayName("tells what the assembler has against a PTX, in one line")
  void assemblerLog() {
    cuda.failures.put("cuModuleLoadDataEx", 218);
    assertEquals(
        "cuda:1: group_norm.ptx was refused with CUDA_ERROR_INVALID_PTX"
            + " (CUDA_ERROR_INVALID_PTX explained) by the driver for CUDA 12.6:"
            + " ptxas line 3; error : wrong; ptxas fatal : gone",
        assertThrows(GpuException.class, () -> driver.load("group_norm", PTX)).getMessage());
    assertTrue(cuda.calls.contains("cuModuleLoadDataEx " + PTX + " 4"), "the text arrives whole");
  }

  @Test
  @DisplayName("names a kernel that a module does not have")
  void noSuchKernel() {
    GpuModule module = driver.load("group_norm", PTX);
    assertEquals(
        "cuda:1: cuModuleGetFunction (kernel other of group_norm) failed with"
            + " CUDA_ERROR_NOT_FOUND (CUDA_ERROR_NOT_FOUND explained)",
        assertThrows(GpuException.class, () -> module.function("other")).getMessage());
    module.close();
    module.close();
    assertEquals(1, cuda.calls.stream().filter("cuModuleUnload"::equals).count());
  }

  @Test
  @DisplayName("says how much memory was asked for, in use and free when there is too little")
  void outOfMemory() {
    driver.allocate(5 << 20);
    cuda.failures.put("cuMemAlloc_v2", 2);
    assertEquals(
        "cuda:1: out of memory (CUDA_ERROR_OUT_OF_MEMORY (CUDA_ERROR_OUT_OF_MEMORY explained)):"
            + " 100 MiB asked for, 5 MiB in use here, 3 MiB of 8192 MiB free",
        assertThrows(GpuException.class, () -> driver.allocate(100 << 20)).getMessage());
  }

  @Test
  @DisplayName("names launch and kernel when a launch fails, and the last kernel afterwards")
  void kernelFailures() {
    long x = driver.allocate(4);
    upload(x, 1);
    cuda.failures.put("cuLaunchKernel", 1);
    assertEquals(
        "cuda:1: cuLaunchKernel (scale, grid 1 x 2 x 3, block 4 x 5 x 6, 7 bytes of shared memory,"
            + " 3 arguments) failed with CUDA_ERROR_INVALID_VALUE (CUDA_ERROR_INVALID_VALUE"
            + " explained)",
        assertThrows(GpuException.class, () -> launch("scale", x, 1, 1, 7)).getMessage());
    cuda.failures.clear();
    launch("scale", x, 1, 1, 7);
    cuda.failures.put("cuStreamSynchronize", 700);
    assertEquals(
        "cuda:1: cuStreamSynchronize failed with CUDA_ERROR_ILLEGAL_ADDRESS"
            + " (CUDA_ERROR_ILLEGAL_ADDRESS explained); the kernel started last is scale",
        assertThrows(GpuException.class, () -> driver.synchronize(stream)).getMessage());
  }

  @TestFactory
  @DisplayName("turns the failure of any call into an exception with the call and the error")
  List<DynamicTest> everyCallIsChecked() {
    Map<String, Consumer<JCudaDriver>> actions = new TreeMap<>();
    actions.put("cuMemAlloc_v2", it -> it.allocate(1));
    actions.put("cuMemGetInfo_v2", JCudaDriver::memory);
    actions.put("cuMemHostAlloc", it -> it.allocatePinned(1));
    actions.put("cuStreamCreate", JCudaDriver::createStream);
    actions.put("cuStreamSynchronize", it -> it.synchronize(stream));
    actions.put("cuEventCreate", JCudaDriver::createEvent);
    actions.put("cuEventRecord", it -> it.record(it.createEvent(), stream));
    actions.put("cuEventQuery", it -> it.isDone(it.createEvent()));
    actions.put("cuEventDestroy_v2", it -> it.destroy(it.createEvent()));
    actions.put(
        "cuEventElapsedTime", it -> it.millisecondsBetween(it.createEvent(), it.createEvent()));
    actions.put("cuStreamBeginCapture_v2", it -> it.beginCapture(stream));
    actions.put("cuStreamEndCapture", it -> it.endCapture(stream));
    actions.put("cuGraphInstantiateWithFlags", it -> it.endCapture(stream));
    actions.put("cuGraphDestroy", it -> it.endCapture(stream));
    actions.put("cuGraphLaunch", it -> it.launch(it.endCapture(stream), stream));
    actions.put("cuGraphExecDestroy", it -> it.destroy(it.endCapture(stream)));
    actions.put("cuModuleUnload", it -> it.load("a", PTX).close());
    actions.put("cuStreamDestroy_v2", it -> it.destroy(it.createStream()));
    actions.put(
        "cuMemsetD32Async",
        it -> {
          long address = it.allocate(4);
          try {
            it.fill(address, 1, 1, stream);
          } finally {
            it.free(address);
          }
        });
    actions.put("cuMemcpyHtoDAsync_v2", it -> upload(it.allocate(4), 1));
    actions.put("cuMemcpyDtoHAsync_v2", it -> download(it.allocate(4), 1));
    actions.put("cuMemcpyDtoDAsync_v2", it -> it.copy(it.allocate(4), it.allocate(4), 4, stream));
    return actions.entrySet().stream()
        .map(entry ->
            DynamicTest.dynamicTest(
                entry.getKey(),
                () -> {
                  cuda.failures.put(entry.getKey(), 700);
                  String message =
                      String.valueOf(
                          assertThrows(GpuException.class, () -> entry.getValue().accept(driver))
                              .getMessage());
                  cuda.failures.clear();
                  String call = entry.getKey().replaceAll("_v2$|WithFlags$", "");
                  assertTrue(message.startsWith("cuda:1: " + call), message);
                  assertTrue(message.contains("CUDA_ERROR_ILLEGAL_ADDRESS"), message);
                }))
        .toList();
  }

  @Test
  @DisplayName("gives an error without a name by its number")
  void unknownError() {
    cuda.failures.put("cuStreamSynchronize", 4711);
    assertEquals(
        "cuda:1: cuStreamSynchronize failed with error 4711",
        assertThrows(GpuException.class, () -> driver.synchronize(stream)).getMessage());
  }

  @Test
  @DisplayName("tells whether the work before an event is done, and the time between two")
  void events() {
    GpuEvent start = driver.createEvent();
    GpuEvent end = driver.createEvent();
    driver.record(start, stream);
    driver.record(end, stream);
    assertTrue(driver.isDone(end));
    cuda.failures.put("cuEventQuery", 600);
    assertFalse(driver.isDone(end));
    assertEquals(16.0, driver.millisecondsBetween(start, end), "the fake's events are 16 apart");
    driver.destroy(start);
    assertThrows(IllegalStateException.class, () -> driver.isDone(start));
  }

  @Test
  @DisplayName("captures launches, and does them again with the arguments of then")
  void graphs() {
    long x = driver.allocate(4);
    upload(x, 1);
    GpuFunction scale = driver.load("scale", PTX).function("scale");
    KernelArguments arguments = arguments(x, 1, 3);
    driver.beginCapture(stream);
    driver.launch(scale, 1, 1, 1, 32, 1, 1, 0, arguments, stream);
    GpuGraph graph = driver.endCapture(stream);
    assertArrayEquals(new float[] {1}, download(x, 1));
    arguments.clear();
    driver.launch(graph, stream);
    driver.launch(graph, stream);
    assertArrayEquals(new float[] {9}, download(x, 1));
    driver.destroy(graph);
    assertTrue(cuda.calls.stream().anyMatch(call -> call.matches("cuStreamBeginCapture_v2 .* 2")));
  }

  @Test
  @DisplayName("refuses to capture a copy of an array, which the collector may move")
  void noArraysInGraphs() {
    long x = driver.allocate(4);
    driver.beginCapture(stream);
    assertThrows(IllegalStateException.class, () -> upload(x, 1));
    driver.destroy(driver.endCapture(stream));
  }

  @Test
  @DisplayName("is current in whichever thread calls, and beside another GPU")
  void threads() throws InterruptedException {
    cuda.calls.clear();
    driver.memory();
    assertEquals(List.of("cuMemGetInfo_v2"), cuda.calls, "still current here");
    Thread other = new Thread(driver::memory);
    other.start();
    other.join();
    assertEquals(List.of("cuCtxSetCurrent 71", "cuMemGetInfo_v2"), cuda.calls.subList(1, 3));
    try (JCudaDriver second = JCudaDriver.open(0)) {
      cuda.calls.clear();
      second.memory();
      driver.memory();
      assertEquals(
          List.of("cuCtxSetCurrent 70", "cuMemGetInfo_v2", "cuCtxSetCurrent 71", "cuMemGetInfo_v2"),
          cuda.calls);
      GpuFunction foreign = driver.load("wide", PTX).function("wide");
      assertThrows(
          IllegalArgumentException.class,
          () -> second.launch(foreign, 1, 1, 1, 1, 1, 1, 0, new KernelArguments(1), stream));
    }
  }

  @Test
  @DisplayName("gives everything back when closed, and refuses work afterwards")
  void closes() {
    driver.allocate(8);
    driver.createEvent();
    upload(driver.allocate(4), 1);
    driver.close();
    driver.close();
    assertEquals(0, cuda.allocations());
    assertEquals("cuDevicePrimaryCtxRelease_v2 71", cuda.calls.getLast());
    assertTrue(cuda.calls.stream().anyMatch(call -> call.startsWith("cuStreamDestroy_v2")));
    assertThrows(IllegalStateException.class, driver::memory);
    assertThrows(IllegalStateException.class, () -> driver.allocate(4));
  }

  @Test
  @DisplayName("lets go of the GPU although it cannot be tidied up after a kernel's failure")
  void closesAfterFailure() {
    cuda.failures.put("cuStreamDestroy_v2", 700);
    JCudaDriver broken = JCudaDriver.open(0);
    broken.createStream();
    assertThrows(GpuException.class, broken::close);
    assertEquals("cuDevicePrimaryCtxRelease_v2 70", cuda.calls.getLast());
  }

  @Test
  @DisplayName("refuses to free what it did not allocate")
  void foreignMemory() {
    assertThrows(IllegalArgumentException.class, () -> driver.free(4096));
  }

  private static KernelArguments arguments(long x, int count, float factor) {
    KernelArguments arguments = new KernelArguments(3);
    give(arguments, x, count, factor);
    return arguments;
  }

  private static void give(KernelArguments arguments, long x, int count, float factor) {
    arguments.clear();
    arguments.add(x);
    arguments.add(count);
    arguments.add(factor);
  }

  private void launch(String kernel, long x, int count, float factor, int shared) {
    GpuFunction function = driver.load(kernel, PTX).function(kernel);
    driver.launch(function, 1, 2, 3, 4, 5, 6, shared, arguments(x, count, factor), stream);
  }

  private void upload(long address, float... values) {
    driver.copyToDevice(MemorySegment.ofArray(values), address, stream);
  }

  private float[] download(long address, int count) {
    float[] values = new float[count];
    driver.copyToHost(address, MemorySegment.ofArray(values), stream);
    return values;
  }
}
